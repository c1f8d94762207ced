"""试算: figures moved in the address, judged again, written nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.assessments.telling import Told
from app.errors import Invalid
from app.policy.facts import Facts
from app.policy.figures import RD_LINES, Unit
from app.policy.levers import changed, path_of, unit_of
from app.policy.terms import Assessment, Outcome
from app.policy.wording import path_label, shown_in
from app.text import AmountError, parse_amount
from app.units import Unit as Money
from app.web.gap_views import TONES, says, score_of

# What one may move, in the order in which people think of it. Rights have no year.
LEVERS = (
    *("rd", "sales_revenue", "high_tech_income", "total_income", "cost_and_expense", "net_assets"),
    *("headcount", "rd_staff", "conversions", "equity_raised"),
)
RIGHTS = ("ip.class_one", "ip.class_two")
_MOST_COUNT = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class TryField:
    name: str
    label: str
    unit: str
    now: str
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class Change:
    figure: str
    year: int | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Answered:
    title: str
    before: str
    before_tone: str
    after: str
    after_tone: str
    score: str
    changed: bool


def read_changes(query: Mapping[str, str], facts: Facts, year: int) -> list[Change]:
    """Raises Invalid by field. Amounts in 万元 unless a unit is written; what is left empty stays as it is."""
    changes, wrong = [], {}
    for figure in (*LEVERS, *RIGHTS):
        typed = query.get(f"d.{figure}", "").strip()
        if not typed:
            continue
        try:
            amount = _amount(figure, typed)
            _refuse_below_zero(figure, year, amount, facts)
        except AmountError as error:
            wrong[f"d.{figure}"] = str(error)
            continue
        if amount:
            changes.append(Change(figure, None if figure in RIGHTS else year, amount))
    if wrong:
        raise Invalid(wrong)
    return changes


def _amount(figure: str, typed: str) -> Decimal:
    typed = typed.lstrip("+＋")
    if unit_of(figure) is Unit.YUAN:
        return parse_amount(typed, Money.WAN_YUAN)
    try:
        count = parse_amount(typed, Money.YUAN)
    except AmountError as error:  # which speaks of money
        raise AmountError("请填整数。") from error
    if count != count.to_integral_value() or abs(count) > _MOST_COUNT or (figure in RIGHTS and count < 0):
        raise AmountError("请填整数。")
    return count


def _refuse_below_zero(figure: str, year: int, amount: Decimal, facts: Facts) -> None:
    if figure in RIGHTS or figure == "net_assets":
        return
    now = facts.values.get(path_of(figure, year), Decimal(0))
    if now + amount < 0:
        shown = shown_in(unit_of(figure), now)
        if figure == "rd":
            raise AmountError(f"减得太多：这里增减的是研发费用里的人员人工费用，它现在是 {shown}。")
        raise AmountError(f"减得太多：现在是 {shown}。")


def tried(facts: Facts, changes: Sequence[Change]) -> Facts:
    for change in changes:
        facts = changed(facts, change.figure, change.year, change.amount)
    return facts


def fields(query: Mapping[str, str], facts: Facts, year: int, wrong: Mapping[str, str]) -> list[TryField]:
    found = []
    for figure in (*LEVERS, *RIGHTS):
        name, unit = f"d.{figure}", unit_of(figure)
        label = path_label(figure if figure in RIGHTS else f"years.{year}.{figure}")
        shown = "万元" if unit is Unit.YUAN else unit.label
        found.append(TryField(name, label, shown, _now(figure, year, facts), query.get(name, ""), wrong.get(name, "")))
    return found


def _now(figure: str, year: int, facts: Facts) -> str:
    values = facts.values
    if figure in RIGHTS:
        rights = values.get("ip_rights")
        return "未知" if rights is None else f"{sum(r.class_two == (figure == RIGHTS[1]) for r in rights)} 件"
    if figure == "rd":
        lines = [values.get(f"years.{year}.rd.{line}") for line in RD_LINES]
        known = [line for line in lines if line is not None]
        return shown_in(Unit.YUAN, sum(known, Decimal(0))) if len(known) == len(lines) else "未知"
    value = values.get(path_of(figure, year))
    return "未知" if value is None else shown_in(unit_of(figure), value)


def answered(before: Told, after: Told) -> list[Answered]:
    return [_answered(one, other) for one, other in zip(before.assessments, after.assessments, strict=True)]


def _answered(one: Assessment, other: Assessment) -> Answered:
    def words(a: Assessment) -> str:
        return says(a) if a.outcome is not Outcome.MET else a.outcome.label

    moved = (words(one), score_of(one)) != (words(other), score_of(other))
    return Answered(
        one.title,
        words(one),
        TONES.get(one.outcome, ""),
        words(other),
        TONES.get(other.outcome, ""),
        score_of(other),
        moved,
    )

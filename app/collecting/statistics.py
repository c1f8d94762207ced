"""The forms of a round as they stand, with what does not agree; of a closed round as they were frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.access.personal import hidden_from
from app.access.terms import Viewer
from app.collecting.checks import (
    Problem,
    Row,
    check_answers,
    check_exempt,
    check_form,
    check_tenant,
    check_units,
    check_unlisted,
    counted,
)
from app.collecting.forms import CarrierForm, Cell, Line, cells_of, form_for, missing_from, values_of
from app.collecting.gathering import Material, Tenant, gather
from app.collecting.items import BY_CODE, as_said, asked
from app.collecting.queries import frozen_of
from app.collecting.terms import AnswerState, Round
from app.db import Conn
from app.firms.terms import Reference
from app.personal.masking import mask
from app.personal.terms import KEYS, Kind
from app.units import Unit, from_yuan, plain

_THOUSAND = "千元"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """As the form has it: amounts in 千元. `found` is what was counted, empty where only the operator knows."""

    code: str
    label: str
    section: str
    unit: str
    found: str
    value: str
    reason: str
    author: str

    @property
    def grouped(self) -> str:
        """To be read, not to be typed again."""
        if self.unit != _THOUSAND or not self.value:
            return self.value
        return f"{Decimal(self.value):,f}"

    @property
    def official(self) -> bool:
        """Whether the code is the form's own; ours, of lines that were found without one, have a dot."""
        return "." not in self.code


@dataclass(frozen=True, slots=True)
class Statistics:
    title: str
    note: str
    lines: Sequence[ShownLine]
    head: Sequence[str]  # of the tenants' form; empty where there is none
    rows: Sequence[Sequence[str]]
    problems: Sequence[Problem]
    values: Mapping[str, str]  # by code, amounts in 元

    @property
    def counted(self) -> str:
        return counted(self.problems)

    @property
    def hard(self) -> list[str]:
        return [p.sentence for p in self.problems if p.hard]

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("title", "note", "head", "rows", "values")},
            "lines": [asdict(line) for line in self.lines],
            "problems": [asdict(problem) for problem in self.problems],
        }


async def statistics_of(conn: Conn, held: Round, *, viewer: Viewer, reference: Reference, today: date) -> Statistics:
    """The caller has the round in its viewer's sight. How the tenants' people are reached, as far as one reads it."""
    if held.open:
        found = made_of(await gather(conn, held, viewer=viewer, today=today), reference)
    else:
        found = _from_json(await frozen_of(conn, held.id) or {})
    hidden = hidden_from(viewer)
    masked = {n: kind for n, kind in enumerate(map(_PERSONS.get, found.head)) if kind in hidden}
    return replace(found, rows=[_masked(row, masked) for row in found.rows]) if masked else found


async def problems_of(conn: Conn, held: Round, *, viewer: Viewer, today: date) -> Sequence[Problem]:
    """What of the forms does not agree, without making them. The caller has the round in its viewer's sight."""
    if not held.open:
        return _from_json(await frozen_of(conn, held.id) or {}).problems
    material = await gather(conn, held, viewer=viewer, today=today)
    form = form_for(material.carrier.kind, held.period)
    return _problems(form, cells_of(form, material), material)


def _masked(row: Sequence[str], kinds: Mapping[int, Kind | None]) -> list[str]:
    return [mask(kind, cell) if (kind := kinds.get(n)) else cell for n, cell in enumerate(row)]


def _from_json(kept: Mapping[str, Any]) -> Statistics:
    lines = [ShownLine(**line) for line in kept["lines"]]
    problems = [Problem(p["sentence"], tuple(p["codes"]), p["hard"]) for p in kept["problems"]]
    return Statistics(kept["title"], kept["note"], lines, kept["head"], kept["rows"], problems, kept["values"])


def _counted_on(material: Material) -> str:
    day, last = material.day, material.round.period.last
    before = f"（本期到 {last} 止）" if day < last else ""
    # Of how large a carrier was on an earlier day nobody is asked.
    areas = "；载体的总面积和各类用房面积按登记的最新数" if any(astuple(material.carrier.areas)) else ""
    return f" 在孵的户数、面积、导师等是 {day} 的{before}{areas}。"


def made_of(material: Material, reference: Reference) -> Statistics:
    form = form_for(material.carrier.kind, material.round.period)
    cells = cells_of(form, material)
    told = [t for t in material.tenants if t.answer.team_id is None and t.answer.state is AnswerState.ANSWERED]
    return Statistics(
        title=form.title,
        note=f"{form.note}{_counted_on(material)}",
        lines=[_shown(cell) for cell in cells],
        head=_HEAD if form.tenants else (),
        rows=[_row(t, reference) for t in told] if form.tenants else (),
        problems=_problems(form, cells, material),
        values=values_of(cells),
    )


def _problems(form: CarrierForm, cells: Sequence[Cell], material: Material) -> list[Problem]:
    values, labels = values_of(list(cells)), {line.code: line.label for line in form.lines}
    money = [line.code for line in form.lines if line.money]
    # Who was asked before a lease has begun is not inside yet, and has nothing to give.
    there = [t for t in material.tenants if t.since is None or t.since <= material.day]
    waiting = [t for t in there if t.answer.state is AnswerState.WAITING]
    found = check_answers([t.answer.name for t in waiting]) + check_unlisted(material.unlisted)
    excused = [t for t in material.tenants if t.answer.state is AnswerState.EXEMPT and t.inside]
    found += check_exempt([t.answer.name for t in excused])
    # A sum that nobody has given a part of yet is missed with them, not beside them.
    owing = {line.code for line in form.lines if line.found} if missing_from(material) else set[str]()
    found += check_form(values, {code: label for code, label in labels.items() if code in values or code not in owing})
    found += check_units(values, material.last, labels, money)
    for t in material.tenants:
        if t.answer.state is AnswerState.ANSWERED:
            items = asked(yearly=material.round.period.yearly, team=t.answer.team_id is not None)
            holder = f"{t.answer.team_id or t.answer.firm_id}"
            before = material.before.get(t.answer.firm_id or t.answer.team_id, {})
            last = material.round.period.before.label
            row = Row(t.answer.name, t.answer.figures, t.since, t.graduated_on, t.invested, holder, before, last)
            found += check_tenant(row, items)
    return found


def _shown(cell: Cell) -> ShownLine:
    line, entered = cell.line, cell.entered
    value = said(line, cell.value)
    found = said(line, cell.found) if line.found else ""
    reason, author = (entered.reason, entered.author_name) if entered else ("", "")
    return ShownLine(line.code, line.label, line.section, line.unit, found, value, reason, author)


def said(line: Line, value: str | None) -> str:
    """As the form has it; empty where nothing is known."""
    if value is None or not line.money:
        return value or ""
    return f"{from_yuan(Decimal(value), Unit.THOUSAND_YUAN):f}"


# The form's own order; what has a number twice has several columns.
_HEAD = (
    *("1 企业名称", "2 统一社会信用代码", "3 成立时间", "4 入驻时间", "5 行业类别", "6 登记注册类型", "7 技术领域"),
    *("8 纳税人类型", "9 是否与创业导师建立辅导关系", "10 是否毕业企业", "11 毕业时间", "12 是否高新技术企业"),
    *("13 主要负责人创业特征", "14 是否连续创业者", "15 主要负责人性别", "16 获天使或风险投资额（千元）"),
    *("17 占用场地面积（平方米）", "18 成立时注册资本（千元）"),
    *(f"{i.no} {i.label}{f'（{i.unit}）' if i.money else ''}" for i in BY_CODE.values() if i.no >= 19),
)
_PERSONS = {f"{BY_CODE[code].no} {BY_CODE[code].label}": kind for code, kind in KEYS.items() if code in BY_CODE}


def _row(t: Tenant, reference: Reference) -> list[str]:
    def given(name: str) -> str:
        return as_said(BY_CODE[name], t.answer.figures.get(name))

    graduated = t.graduated_on is not None
    area = f"{plain(t.area.quantize(Decimal('0.01'), ROUND_HALF_UP)):f}" if t.area else ""
    capital = f"{from_yuan(t.capital, Unit.THOUSAND_YUAN):f}" if t.capital is not None else ""
    return [
        t.answer.name,
        t.answer.uscc,
        _day(t.registered_on),
        _day(t.since),
        reference.industries.get(t.industry_code or "", ""),
        given("tenant.registration"),
        reference.high_tech_fields.get(t.high_tech_field or "", ""),
        given("tenant.taxpayer"),
        "是" if t.mentored else "否",
        "是" if graduated else "否",
        _day(t.graduated_on),
        "是" if t.hnte else "否",
        given("tenant.leader"),
        given("tenant.serial"),
        given("tenant.gender"),
        given("tenant.venture"),
        area,
        capital,
        *(given(item.code) for item in BY_CODE.values() if item.no >= 19),
    ]


def _day(day: date | None) -> str:
    return str(day) if day else ""

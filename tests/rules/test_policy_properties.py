"""What holds for every firm there could be, not only for those somebody thought of."""

import random
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy.context import Context
from app.policy.evaluate import assess, assess_all, judge, told
from app.policy.exact import EXACT
from app.policy.facts import Facts
from app.policy.figures import RD_LINES, Unit
from app.policy.levers import changed as moved
from app.policy.levers import unit_of
from app.policy.parsing import parse_facts
from app.policy.policies import Policies
from app.policy.terms import Case, Gap, Outcome
from tests.rules.firms import DAY, HNTE, NO_RECORDS, PACKS, Json, changed, every, title

FIRM_POLICIES = Policies(PACKS).for_firms()
CODES = st.sampled_from([pack.policy for pack in FIRM_POLICIES])
THOROUGH = settings(max_examples=400, deadline=None, derandomize=True, database=None)
RANK = {Outcome.NOT_MET: 0, Outcome.UNKNOWN: 1, Outcome.MANUAL: 1, Outcome.MET: 2, Outcome.NOT_APPLICABLE: 0}
YEARS = (2022, 2023, 2024, 2025)


def invented(seed: int) -> Json:
    """A firm of which everything is known and nothing contradicts itself."""
    rng = random.Random(seed)
    registered = _day(rng, date(2004, 1, 1), DAY)
    most = {"technology_advancement": 8, "core_support": 8, "acquisition": 6, "standard_bonus": 2, "rd_rules": 6}
    most |= {"rd_institution": 6, "conversion_incentive": 4, "talent_incentive": 4}
    titles = [
        *(HNTE, HNTE, title("tech_sme", "2026-01-05", "2026-12-31"), title("srdi", "2024-01-05", "2027-01-05")),
        *(title("innovative_sme", "2024-01-05", "2027-01-05"), title("srdi", "2022-01-05", "2025-01-05")),
        title("manufacturing_champion", "2024-01-05", "2027-01-05"),
    ]
    flags = ("above_designated_size", "in_hnte_pool", "software_certificates", "in_tech_micro_list")
    flags += ("listed_or_acquired", "registered_in_carrier")
    return {
        "registered_on": str(registered),
        "region_code": rng.choice(["440783117", "440783117", "440784001", "310000"]),
        "status": "active",
        "industry_code": rng.choice(["C3360", "C3360", "I6513", "F5172", "J6610"]),
        "high_tech_field": rng.choice(["801", "801", "90"]),
        **{flag: rng.random() < 0.4 for flag in flags},
        "carrier_tenant_since": rng.choice([None, str(_day(rng, registered, DAY))]),
        "records": NO_RECORDS | {"accident_on": rng.choice([None, None, str(_day(rng, date(2021, 1, 1), DAY))])},
        "years": {str(year): _figures(rng) for year in YEARS if year >= registered.year},
        "ip_rights": [_right(rng) for _ in range(rng.randrange(7))],
        "certificates": rng.sample(titles, rng.randrange(4)),
        "science_awards": _entries(rng, "on", "rank"),
        "standards_led": _entries(rng, "on"),
        "competition_awards": _entries(rng, "rank"),
        "rd_institutions": _entries(rng),
        "platforms": _entries(rng),
        "judgements": {key: rng.randint(points // 2, points) for key, points in most.items()},
    }


def _day(rng: random.Random, first: date, last: date) -> date:
    return date.fromordinal(rng.randint(first.toordinal(), last.toordinal()))


def _figures(rng: random.Random) -> Json:
    sales, staff = int(10 ** rng.uniform(5, 9)), rng.randint(1, 700)
    assets, spent = int(10 ** rng.uniform(5, 8.6)), int(sales * rng.uniform(0, 0.15))
    return {
        "sales_revenue": f"{sales}.00",
        "main_business_revenue": f"{int(sales * rng.uniform(0.4, 1))}.00",
        "total_income": f"{sales}.00",
        "high_tech_income": f"{int(sales * rng.random())}.00",
        "cost_and_expense": f"{int(sales * rng.random()) + 1}.00",
        "total_assets": f"{assets}.00",
        "net_assets": f"{int(assets * rng.random()) + 1}.00",
        "headcount": staff,
        "rd_staff": int(staff * rng.uniform(0, 0.4)),
        "rd_staff_full_time": rng.randrange(80),
        "conversions": rng.randrange(8),
        "equity_raised": rng.choice(["0", "0", "3000000.00", "70000000.00"]),
        "rd": {
            **dict.fromkeys(RD_LINES, "0"),
            "personnel": f"{spent}.00",
            "outsourced_overseas": f"{rng.choice([0, int(spent * rng.random())])}.00",
            "other": f"{rng.choice([0, int(spent * rng.random())])}.00",
        },
    }


def _right(rng: random.Random) -> Json:
    return {
        "kind": rng.choice(["invention_patent", "ic_layout", "utility_model", "utility_model", "software_copyright"]),
        "in_force": rng.random() < 0.85,
        "obtained_by": rng.choice(["self_developed", "self_developed", "assigned"]),
        "granted_on": str(_day(rng, date(2019, 1, 1), DAY)),
    }


def _entries(rng: random.Random, *fields: str) -> list[Json]:
    def one() -> Json:
        entry: Json = {"level": rng.choice(["national", "provincial", "municipal", "industry", "group"])}
        entry |= {"on": str(_day(rng, date(2019, 1, 1), DAY))} if "on" in fields else {}
        return entry | ({"rank": rng.randint(1, 6)} if "rank" in fields else {})

    return [one() for _ in range(rng.choice([0, 0, 1, 2]))]


# Drawn by its number: to draw each figure by itself would take longer than to judge it.
FIRMS = st.integers(0, 2**32 - 1).map(invented)


def known(firm: Json) -> Facts:
    return parse_facts(firm, horizon=DAY)


def outcomes(policy: str, facts: Facts, case: Case = Case.NEW) -> dict[str, Outcome]:
    """Of every condition, however deep, and of the whole."""
    with localcontext(EXACT):
        judged = judge(PACKS[policy], Context(facts, DAY, case))
    found = {"": judged.outcome}
    waiting = list(judged.findings)
    while waiting:
        finding = waiting.pop()
        found[finding.criterion.code] = finding.outcome
        waiting += finding.parts
    return found


@st.composite
def improvements(draw: st.DrawFn, firm: Json) -> Json:
    """One thing better than it was, and still possible."""
    ways: list[Json] = [{"ip_rights": [*firm["ip_rights"], {"kind": "invention_patent", "in_force": True}]}]
    ways[0]["ip_rights"][-1] |= {"obtained_by": "self_developed", "granted_on": "2020-01-01"}
    ways.append({"standards_led": [*firm["standards_led"], {"level": "national", "on": "2025-01-01"}]})
    ways.append({"science_awards": [*firm["science_awards"], {"level": "national", "rank": 1, "on": "2025-01-01"}]})
    ways.append({"rd_institutions": [*firm["rd_institutions"], {"level": "national"}]})
    ways.append({"platforms": [*firm["platforms"], {"level": "national"}]})
    ways.append({"certificates": [*firm["certificates"], HNTE]})
    ways.append({"records": NO_RECORDS})
    ways += [{f"judgements.{key}": most} for key, most in (("core_support", 8), ("rd_rules", 6), ("acquisition", 6))]
    if "2025" in firm["years"]:
        now = firm["years"]["2025"]
        more = draw(st.integers(1, 50_000_000))
        ways += [
            {"years.2025.conversions": now["conversions"] + 1},
            {"years.2025.rd_staff_full_time": now["rd_staff_full_time"] + 1},
            {"years.2025.rd_staff": draw(st.integers(now["rd_staff"], now["headcount"]))},
            {"years.2025.high_tech_income": now["total_income"]},
            {"years.2025.net_assets": str(Decimal(now["net_assets"]) + more)},
            {"years.2025.equity_raised": str(Decimal(now["equity_raised"]) + more)},
            {"years.2025.rd.personnel": str(Decimal(now["rd"]["personnel"]) + more)},
            {"years.2025.rd.design": str(more)},
        ]
    return draw(st.sampled_from(ways))


@THOROUGH
@given(st.data(), FIRMS, CODES)
def test_what_is_better_never_makes_an_answer_worse(data: st.DataObject, firm: Json, policy: str) -> None:
    better = changed(firm, data.draw(improvements(firm)))
    before, after = outcomes(policy, known(firm)), outcomes(policy, known(better))
    assert {code for code in before if RANK[after[code]] < RANK[before[code]]} == set()


def leaves(value: Any, path: str = "") -> list[str]:
    """Every fact that can be taken away alone. A date of revocation or of use that is not there says "never"."""
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in (*leaves(part, f"{path}{key}."), f"{path}{key}")]
    if isinstance(value, list):
        return [leaf for place, one in enumerate(value) for leaf in leaves(one, f"{path}{place}.")]
    return []


def without(value: Any, gone: set[str], path: str = "") -> Any:
    if isinstance(value, dict):
        return {k: without(v, gone, f"{path}{k}.") for k, v in value.items() if f"{path}{k}" not in gone}
    if isinstance(value, list):
        return [without(one, gone, f"{path}{place}.") for place, one in enumerate(value)]
    return value


REQUIRED = ("kind", "level", "number", "issued_on", "expires_on")


@THOROUGH
@given(st.data(), FIRMS, CODES, st.sampled_from(Case))
def test_knowing_less_never_makes_a_condition_met(data: st.DataObject, firm: Json, policy: str, case: Case) -> None:
    possible = [leaf for leaf in leaves(firm) if leaf.rpartition(".")[2] not in REQUIRED]
    gone = set(data.draw(st.lists(st.sampled_from(possible), min_size=1, max_size=25)))
    before, after = outcomes(policy, known(firm), case), outcomes(policy, known(without(firm, gone)), case)
    assert {code for code in after if after[code] is Outcome.MET and before[code] is not Outcome.MET} == set()


@settings(THOROUGH, max_examples=120)
@given(FIRMS, CODES)
def test_a_gap_closes_its_condition_and_a_step_less_does_not(firm: Json, policy: str) -> None:
    facts = known(firm)
    answer = assess(PACKS[policy], facts, as_of=DAY)
    for criterion in every(answer.criteria):
        for gap in criterion.gaps:
            assert outcomes(policy, _moved(facts, gap, gap.amount))[criterion.code] is Outcome.MET
            step = Decimal("0.01") if unit_of(gap.figure) is Unit.YUAN else Decimal(1)
            less = gap.amount - step if gap.amount > 0 else gap.amount + step
            assert outcomes(policy, _moved(facts, gap, less))[criterion.code] is not Outcome.MET


def _moved(facts: Facts, gap: Gap, amount: Decimal) -> Facts:
    return moved(facts, gap.figure, gap.year, amount)


@settings(THOROUGH, max_examples=120)
@given(FIRMS)
def test_a_night_in_brief_says_what_is_said_in_full(firm: Json) -> None:
    facts = known(firm)
    with localcontext(EXACT):
        for pack in FIRM_POLICIES:
            ctx = Context(facts, DAY)
            full, brief, ahead = judge(pack, ctx), judge(pack, Context(facts, DAY, brief=True)), ctx.a_year_later()
            assert [f.outcome for f in brief.findings] == [f.outcome for f in full.findings]
            assert (brief.missed, brief.lacking) == (full.missed, full.lacking)
            assert brief.shortfall(ahead) == full.shortfall(ahead)


@settings(THOROUGH, max_examples=30)
@given(FIRMS, CODES)
def test_a_title_is_told_alone_as_among_the_others(firm: Json, policy: str) -> None:
    facts = known(firm)
    alone = assess(PACKS[policy], facts, as_of=DAY)
    for one in assess_all(FIRM_POLICIES, facts, as_of=DAY, chosen=policy):
        with localcontext(EXACT):
            ctx = Context(facts, DAY)  # which notes what is read only when it is asked
            judged = judge(PACKS[one.policy], ctx)
            assert (one.outcome, one.missed, one.lacking) == (judged.outcome, judged.missed, judged.lacking)
            assert one.policy != policy or one == alone == told(PACKS[policy], judged, ctx)
        assert one.policy == policy or one.criteria == ()


def at_five_percent(rng: random.Random) -> tuple[Facts, int]:
    """A firm whose R&D is exactly a twentieth of its sales over three years, to the fen, in odd amounts."""
    sales = [rng.randrange(1, 150_000_000_00) for _ in range(3)]
    sales[2] = min(sales[2], 50_000_000_00)
    sales[0] += -sum(sales) % 20
    spent = sum(sales) // 20
    values: dict[str, Any] = {"registered_on": date(2010, 1, 1)}
    for year, amount in zip((2023, 2024, 2025), sales, strict=True):
        values |= {f"years.{year}.rd.{line}": Decimal(0) for line in RD_LINES}
        values[f"years.{year}.sales_revenue"] = Decimal(amount).scaleb(-2)
    first, second = sorted(rng.randrange(spent + 1) for _ in range(2))
    parts = (first, second - first, spent - second)
    lines = ("personnel", "direct_input", "design")
    for year, line, part in zip((2023, 2024, 2025), rng.sample(lines, 3), parts, strict=True):
        values[f"years.{year}.rd.{line}"] = Decimal(part).scaleb(-2)
    return Facts(values), spent


@pytest.mark.parametrize("seed", range(4))
def test_a_firm_at_exactly_five_percent_has_five_percent(seed: int) -> None:
    """The threshold is met to the fen, and missed by one."""
    rng = random.Random(seed)
    version = PACKS["hnte"].version_on(DAY, Case.NEW)
    assert version is not None
    (intensity,) = [c for c in version.criteria if c.code == "rd_intensity"]
    with localcontext(EXACT):
        for _ in range(1000):
            facts, spent = at_five_percent(rng)
            assert intensity.judge(Context(facts, DAY)).outcome is Outcome.MET
            if spent:
                year = next(y for y in (2023, 2024, 2025) if any(facts.values[f"years.{y}.rd.{n}"] for n in RD_LINES))
                line = next(n for n in RD_LINES if facts.values[f"years.{year}.rd.{n}"])
                less = facts.add(f"years.{year}.rd.{line}", Decimal("-0.01"))
                assert intensity.judge(Context(less, DAY)).outcome is Outcome.NOT_MET

"""Healthy firms as JSON, one for each policy: each meets its policy, and a test changes one thing."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from app.config import SEEDS
from app.policy.evaluate import assess
from app.policy.figures import CARRIER, RD_LINES
from app.policy.packs import read_packs
from app.policy.parsing import parse_facts
from app.policy.terms import Assessment, Case, Criterion, Outcome

PACKS = read_packs(SEEDS / "policies")
DAY = date(2026, 6, 1)
GONE = object()  # a change that takes the fact away
Json = dict[str, Any]
Changes = Mapping[str, Any]

NO_RECORDS = {
    "abnormal_operation": False,
    "serious_dishonesty": False,
    "research_misconduct": False,
    "accident_on": None,
    "environmental_violation_on": None,
}
HNTE = {"kind": "hnte", "number": "GR202444009000", "issued_on": "2024-11-28", "expires_on": "2027-11-28"}


def rd(personnel: int | str = 0, **lines: int | str) -> Json:
    return {line: str({"personnel": personnel, **lines}.get(line, 0)) for line in RD_LINES}


def rights(*kinds: str, **more: Any) -> list[Json]:
    return [{"kind": kind, "in_force": True, "obtained_by": "self_developed", **more} for kind in kinds]


def title(kind: str, issued: str, expires: str) -> Json:
    return {"kind": kind, "number": f"{kind}-1", "issued_on": issued, "expires_on": expires}


def changed(base: Json, changes: Changes) -> Json:
    facts = deepcopy(base)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = facts
        for step in way:
            place = place.setdefault(step, {})
        if value is GONE:
            place.pop(last, None)
        else:
            place[last] = value
    return facts


def answer(
    policy: str, base: Json, changes: Changes | None = None, *, as_of: date = DAY, case: Case = Case.NEW
) -> Assessment:
    facts = parse_facts(changed(base, changes or {}), horizon=max(as_of, DAY))
    return assess(PACKS[policy], facts, as_of=as_of, case=case)


def every(criteria: Iterable[Criterion]) -> Iterator[Criterion]:
    for criterion in criteria:
        yield criterion
        yield from every(criterion.parts)


def found(assessment: Assessment, code: str) -> Criterion:
    return next(criterion for criterion in every(assessment.criteria) if criterion.code == code)


def outcome(policy: str, base: Json, code: str, changes: Changes, **when: Any) -> Outcome:
    return found(answer(policy, base, changes, **when), code).outcome


def points(policy: str, base: Json, item: str, changes: Changes, **when: Any) -> tuple[int, int]:
    score = answer(policy, base, changes, **when).score
    assert score is not None
    return next((line.low, line.high) for line in score.items if line.code == item)


def _common(**more: Any) -> Json:
    return {
        "region_code": "440783117",
        "status": "active",
        "industry_code": "C3360",
        "registered_on": "2015-03-01",
        "above_designated_size": True,
        "carrier_tenant_since": None,
        "in_hnte_pool": False,
        "records": NO_RECORDS,
        "certificates": [],
        "standards_led": [],
        "science_awards": [],
        "rd_institutions": [],
        "platforms": [],
        "competition_awards": [],
        "software_certificates": False,
        "in_tech_micro_list": False,
        **more,
    }


# Sales of a hundred million in three years, R&D of exactly 5 % of them, every ratio at its limit.
HNTE_FIRM = _common(
    high_tech_field="801",
    ip_rights=rights("invention_patent", "utility_model"),
    judgements={
        "technology_advancement": 7,
        "core_support": 7,
        "acquisition": 5,
        "standard_bonus": 0,
        "rd_rules": 5,
        "rd_institution": 5,
        "conversion_incentive": 3,
        "talent_incentive": 3,
    },
    years={
        "2023": {"sales_revenue": "20000000", "net_assets": "10000000", "conversions": 5, "rd": rd(1000000)},
        "2024": {"sales_revenue": "30000000", "net_assets": "10000000", "conversions": 5, "rd": rd(1500000)},
        "2025": {
            "sales_revenue": "50000000",
            "net_assets": "17000000",
            "conversions": 5,
            "rd": rd(2500000),
            "headcount": 120,
            "rd_staff": 12,
            "total_income": "50000000",
            "high_tech_income": "30000000",
        },
    },
)

# 4 + 40 + 18 = 62 of the 60 that are asked.
TECH_SME_FIRM = _common(
    ip_rights=rights("utility_model", "utility_model", "software_copyright"),
    years={
        "2025": {
            "headcount": 100,
            "rd_staff": 10,
            "sales_revenue": "30000000",
            "total_assets": "28000000",
            "cost_and_expense": "27000000",
            "rd": rd(1350000, other=150000),
        }
    },
)

TECH_MICRO_FIRM = _common(
    ip_rights=[],
    years={"2025": {"headcount": 25, "rd_staff": 1, "sales_revenue": "8000000", "rd": rd(100000)}},
)
EAGLET_FIRM = _common(
    registered_on="2021-05-10",
    ip_rights=rights("utility_model", "utility_model"),
    years={
        "2022": {"sales_revenue": "5000000", "equity_raised": "0"},
        "2023": {"sales_revenue": "6000000", "equity_raised": "0"},
        "2024": {"sales_revenue": "10000000", "equity_raised": "0"},
        "2025": {
            "sales_revenue": "13000000",
            "equity_raised": "0",
            "headcount": 30,
            "rd_staff": 3,
            "rd": rd(650000),
        },
    },
)
GAZELLE_FIRM = _common(
    registered_on="2013-05-10",
    certificates=[HNTE],
    years={
        "2022": {"sales_revenue": "20000000", "headcount": 60, "rd": rd(600000)},
        "2023": {"sales_revenue": "24000000", "headcount": 66, "rd": rd(600000)},
        "2024": {"sales_revenue": "30000000", "headcount": 70, "rd": rd(600000)},
        "2025": {"sales_revenue": "34560000", "headcount": 75, "rd": rd(864000)},
    },
)
LEADER_FIRM = _common(
    registered_on="2005-05-10",
    certificates=[HNTE],
    platforms=[{"level": "provincial"}],
    rd_institutions=[{"level": "municipal"}],
    ip_rights=rights(*["invention_patent"] * 5),
    years={
        "2022": {"sales_revenue": "200000000"},
        "2023": {"sales_revenue": "240000000"},
        "2024": {"sales_revenue": "280000000"},
        "2025": {"sales_revenue": "300000000", "rd_staff_full_time": 50, "rd": rd(9000000)},
    },
)
INNOVATIVE_FIRM = _common(
    ip_rights=rights("utility_model", granted_on="2022-01-01"),
    years={
        "2023": {"equity_raised": "0"},
        "2024": {"equity_raised": "0", "main_business_revenue": "20000000"},
        "2025": {
            "equity_raised": "0",
            "headcount": 80,
            "sales_revenue": "30000000",
            "main_business_revenue": "21000000",
            "total_assets": "20000000",
            "net_assets": "9000000",
            "rd": rd(900000),
        },
    },
)
SRDI_FIRM = _common(
    certificates=[title("innovative_sme", "2024-09-01", "2027-09-01")],
    ip_rights=rights("invention_patent"),
    years={
        "2023": {"equity_raised": "0", "sales_revenue": "30000000", "rd": rd(1000000)},
        "2024": {"equity_raised": "0", "sales_revenue": "33333333.33", "headcount": 80, "rd": rd(1000000)},
        "2025": {
            "equity_raised": "0",
            "headcount": 80,
            "sales_revenue": "15000000",
            "main_business_revenue": "12000000",
            "total_assets": "10000000",
            "net_assets": "2000000",
            "rd": rd(1000000),
        },
    },
)
LITTLE_GIANT_FIRM = _common(
    certificates=[title("srdi", "2024-09-01", "2027-09-01")],
    rd_institutions=[{"level": "provincial"}],
    ip_rights=rights(*["invention_patent"] * 4),
    years={
        "2022": {"sales_revenue": "38000000", "main_business_revenue": "80000000"},
        "2023": {"sales_revenue": "40000000", "main_business_revenue": "84000000", "equity_raised": "0"},
        "2024": {
            "sales_revenue": "48000000",
            "main_business_revenue": "88200000",
            "equity_raised": "0",
            "headcount": 200,
            "rd_staff": 40,
            "rd": rd(6000000),
        },
        "2025": {
            "headcount": 200,
            "rd_staff": 40,
            "sales_revenue": "50000000",
            "main_business_revenue": "45000000",
            "equity_raised": "0",
            "total_assets": "40000000",
            "net_assets": "10000000",
            "rd": rd(6000000),
        },
    },
)
INCUBATEE = _common(
    registered_on="2023-03-01",
    carrier_tenant_since="2025-03-01",
    registered_in_carrier=True,
    listed_or_acquired=False,
    certificates=[title("tech_sme", "2026-05-20", "2026-12-31")],
    years={
        "2023": {"equity_raised": "0"},
        "2024": {"sales_revenue": "4000000", "equity_raised": "0"},
        "2025": {"sales_revenue": "6000001", "equity_raised": "0"},
    },
)


def carrier(**figures: int | str) -> Json:
    assert set(figures) <= set(CARRIER)
    return {"carrier": figures}


MAKERSPACE = carrier(
    operating_months=18,
    incubation_area=500,
    workstations=0,
    tenant_area=375,
    teams_and_firms=20,
    new_firms=10,
    financed=0,
    typical_cases=3,
    professional_staff=3,
    mentors=3,
    events=10,
    statistics_years=1,
)
INCUBATOR = carrier(
    operating_months=36,
    statistics_years=2,
    incubation_area=20000,
    tenant_area=15000,
    tenants=60,
    fund="5000000",
    financed=6,
    funded_cases=3,
    staff=10,
    professional_staff=8,
    mentors=6,
    patent_applicants=30,
    ip_holders=0,
    graduates=20,
    same_field=0,
)
STANDARD_INCUBATOR = carrier(
    tenants=40, invested=4, financed=0, growing=12, service_income="300000", total_income="1000000"
)

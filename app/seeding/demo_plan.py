"""The demo's platforms and what its plan has reached: invented, and saying so as their source."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from app.access.terms import Actor
from app.db import Conn
from app.plans.service import confirm_actual, enter_actual
from app.plans.terms import ActualEntry, ActualState, Figure, Origin, Scope
from app.platforms.service import add_platform
from app.platforms.terms import Duty, PlatformEntry, PlatformKind, PlatformLevel

_SOURCE = "演示数据（虚构）"
_PLAN, _COUNTY = "plan-14", Scope("440783")
_KINDS = (
    (PlatformKind.ENGINEERING_CENTRE, PlatformLevel.PROVINCIAL, date(2022, 3, 1)),
    (PlatformKind.ENGINEERING_CENTRE, PlatformLevel.MUNICIPAL, date(2023, 6, 1)),
    (PlatformKind.OWN_INSTITUTION, PlatformLevel.ENTERPRISE, date(2024, 1, 15)),
    (PlatformKind.ENTERPRISE_CENTRE, PlatformLevel.PROVINCIAL, date(2024, 11, 20)),
    (PlatformKind.DOCTORAL_STATION, PlatformLevel.PROVINCIAL, date(2025, 5, 8)),
)
_REACHED: dict[str, tuple[str, ...]] = {  # from 2021 on
    "rd_growth": ("790000000", "802000000", "825000000", "848000000"),
    "hnte": ("170", "183", "193", "209", "221"),
    "tech_sme": ("120", "139", "163", "168", "172"),
    "platforms": ("55", "57", "58", "61", "62"),
    "carriers": ("6", "6", "6", "6", "7"),
}
_RATES = (("101", "164"), ("104", "165"), ("109", "168"), ("110", "168"), ("111", "170"))


async def bring_plan(
    conn: Conn, firms: Sequence[tuple[uuid.UUID, str]], *, officer: Actor, manager: Actor, at: datetime
) -> None:
    """Platforms of those firms, and five years of the plan: final but for the last one."""
    for n, (firm_id, name) in enumerate(firms):
        kind, level, since = _KINDS[n % len(_KINDS)]
        duties = [Duty("提交年度报告", date(at.year + 1, 6, 30))] if kind is PlatformKind.ENGINEERING_CENTRE else []
        entry = PlatformEntry(kind, level, f"{name}{kind.label}", since, firm_id, duties=duties, source=_SOURCE)
        await add_platform(conn, entry, by=officer, at=at)
    figures = {code: [Figure(Decimal(v)) for v in values] for code, values in _REACHED.items()}
    figures["rd_coverage"] = [Figure(None, Decimal(part), Decimal(whole)) for part, whole in _RATES]
    for code, several in figures.items():
        for year, figure in enumerate(several, 2021):
            state = ActualState.FINAL if year < 2025 else ActualState.PROVISIONAL
            entered = ActualEntry(code, year, _COUNTY, figure, state, date(year, 12, 31), Origin.AUTHORITY, _SOURCE)
            made = await enter_actual(conn, _PLAN, entered, expected=0, by=officer, at=at)
            if state is ActualState.FINAL:
                await confirm_actual(conn, _PLAN, made.id, by=manager, at=at)

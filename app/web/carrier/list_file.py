"""The list of carriers taken along: what its filter shows, each with how full it is on the day that is looked at."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Actor, Permission
from app.audit.service import event_row, record
from app.carriers.listing import CarrierFilter, list_carriers
from app.carriers.queries import kept_by
from app.carriers.terms import Title
from app.errors import Refused
from app.web.carrier.places import clean, day_asked
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting
from app.web.routing import Router
from app.web.tables import Ending, file_of

router = Router()
_MOST = 10_000
_TITLES = (
    *("载体", "类型", "级别", "镇街", "运营机构", "状态", "房间", "已租房间", "面积（㎡）", "已用面积（㎡）"),
    *("使用率（%）", "工位", "已用工位", "企业", "团队", "租期已过未登记", "认定", "未办的义务"),
)
_NUMERIC = range(6, 16)


@router.post("/carriers/export.{form}")
async def export(
    form: Ending,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Annotated[Actor, Depends(acting(Permission.FIRM_EXPORT))],
    q: Annotated[str, Query(max_length=60)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    state: Annotated[str, Query(max_length=12)] = "operating",
    park: Annotated[str, Query(max_length=60)] = "",
    on: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    filters, day = CarrierFilter(clean(q), kind, region, state, clean(park)), day_asked(on, today)
    found, more = await list_carriers(conn, filters, viewer=actor.viewer, on=day, today=today, limit=_MOST)
    if more:
        raise Refused(f"一次最多导出 {_MOST:,} 个载体，请先筛选。")
    kept = await kept_by(conn, [c.id for c in found])
    rows = []
    for c in found:
        said = (c.name, c.kind.label, c.level.label, lookup.reference.region(c.region_code), c.operator, c.state.label)
        f = c.fill
        percent = "" if f.percent is None else f"{f.percent}"
        full = (f.rooms, f.rooms_let, f"{f.area:.2f}", f"{f.area_let:.2f}", percent, f.seats, f.seats_let)
        titles, duties = kept[c.id]
        owes = "；".join(f"{duty.due_on} {duty.what}" for duty in duties)
        rows.append([*said, *map(str, (*full, f.firms, f.teams, c.lapsed)), "；".join(map(_title, titles)), owes])
    event = event_row(
        "carrier:list:exported",
        by=actor,
        at=clock.now(),
        object_type="carrier",
        object_id="list",
        object_label="孵化载体",
        after={"count": len(rows), "form": form, "on": str(day)},
    )
    await record(conn, event)
    return file_of(form, f"孵化载体-{day}", "孵化载体", _TITLES, rows, _NUMERIC)


def _title(title: Title) -> str:
    until = f"至 {title.valid_until}" if title.valid_until else "起"
    return " ".join(part for part in (title.name, title.document, f"{title.issued_on}", until) if part)

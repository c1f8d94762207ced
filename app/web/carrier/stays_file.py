"""入驻核对 and 毕业企业 taken along: what their pages show to whoever takes them, and no more."""

import uuid
from datetime import datetime
from decimal import Decimal

from fastapi import Response

from app.clock import BUSINESS_ZONE
from app.incubation import disagreeing, following
from app.incubation.after_terms import Disagreement, Graduate, Said, Speaker, YearAfter
from app.units import Unit, from_yuan
from app.web.carrier.frame import LetSpaces, carrier_in_sight
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.routing import Router
from app.web.tables import Ending, file_of

router = Router()
_MOST = 100_000
_DIFFERENCES = (
    *("状态", "企业", "统一社会信用代码", "哪里不一致", "依据", "企业一方", "载体一方", "主管部门"),
    *("提出人", "提出时间", "了结人", "了结时间", "结果"),
)
_GRADUATES = (
    *("企业", "统一社会信用代码", "毕业日期", "毕业依据", "第几年", "满一年的日期", "年度", "去向"),
    *("营业收入（万元）", "职工人数", "梯队", "数据来源", "企业说", "主管部门说", "载体说"),
)
_ORDER = (Speaker.FIRM, Speaker.BUREAU, Speaker.CARRIER)


@router.post("/carriers/{carrier_id}/disagreements/export.{form}")
async def disagreements(
    carrier_id: uuid.UUID, form: Ending, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    rows = [_difference(one) for one in await disagreeing.of_carrier(conn, carrier.id, limit=_MOST)]
    name = f"{carrier.name}-入驻核对-{today}"
    await note_taken(conn, f"{name}.{form}", "carrier", carrier.id, by=actor, at=clock.now())
    return file_of(form, name, "入驻核对", _DIFFERENCES, rows)


@router.post("/carriers/{carrier_id}/graduates/export.{form}")
async def graduates(
    carrier_id: uuid.UUID,
    form: Ending,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    found = await following.graduates_of(conn, carrier.id, viewer=actor.viewer, today=today)
    rows = [_year(one, year, lookup) for one in found for year in one.years]
    name = f"{carrier.name}-毕业企业-{today}"
    await note_taken(conn, f"{name}.{form}", "carrier", carrier.id, by=actor, at=clock.now())
    return file_of(form, name, "毕业企业", _GRADUATES, rows, (4, 6, 8, 9))


def _difference(d: Disagreement) -> list[str]:
    said = [d.firm_word, d.carrier_word, d.bureau_word]
    settled = [d.settler_name, _moment(d.settled_at), d.result]
    opened = [d.opener_name, _moment(d.opened_at)]
    return [d.state.label, d.firm_name, d.uscc, d.kind.label, d.evidence, *said, *opened, *settled]


def _year(g: Graduate, y: YearAfter, lookup: Lookup) -> list[str]:
    tier, where = lookup.main.tier(y.tier), y.where.label if y.where else ""
    known = [where, _wan(y.revenue), _count(y.staff), tier.label if tier else "", y.source] if y.due else [""] * 5
    said = [_said(y.word_of(speaker)) for speaker in _ORDER]
    whose = [g.name, g.uscc, f"{g.graduated_on}", g.document]
    return [*whose, f"{y.nth}", f"{y.due_on}", f"{y.year}", *known, *said]


def _said(one: Said | None) -> str:
    if one is None:
        return ""
    word = one.word
    parts = [word.where.label]
    parts += [f"营业收入 {_wan(word.revenue)} 万元"] if word.revenue is not None else []
    parts += [f"职工 {word.staff} 人"] if word.staff is not None else []
    parts += [word.note] if word.note else []
    return f"{'，'.join(parts)}（{one.author_name} {_moment(one.recorded_at)}）"


def _wan(amount: Decimal | None) -> str:
    return "" if amount is None else f"{from_yuan(amount, Unit.WAN_YUAN):f}"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number}"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}" if at else ""

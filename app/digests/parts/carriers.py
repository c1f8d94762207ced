"""Carriers: who came in and who left in the week, who is beyond a limit, and how full each is; all as known then."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Date, Integer, Text, and_, case, cast, column, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from app.carriers.models import CarrierRecord, CarrierTeam, TenancyEventRow, TenancyRow
from app.carriers.occupancy import fills, fills_known
from app.carriers.sight import visible_to
from app.carriers.stay_terms import EndReason, Happening
from app.carriers.tenancies import limit_day
from app.carriers.terms import CarrierKind, Fill
from app.db import Conn
from app.digests.frames import Frame, facts
from app.digests.terms import Facts, Listing, Words
from app.firms.models import Firm

_C, _T, _E, _M = CarrierRecord, TenancyRow, TenancyEventRow, CarrierTeam
_REASON = _E.detail["reason"].astext
# Not leaving: the tenancy goes on elsewhere, or it never was.
_STAYED = [r.label for r in (EndReason.TRANSFERRED, EndReason.REARRANGED, EndReason.STRUCK)]


async def carriers(conn: Conn, frame: Frame) -> Sequence[Listing]:
    return [*_movements(frame), *_beyond(frame), await _occupancy(conn, frame)]


def _tenants(frame: Frame, source: Any, **of: Any) -> Any:
    """Rows of tenants: a firm by its code, a team that was not known to be one by its name."""
    link = _E.__table__.alias("link").c
    linked = select(link.id).where(
        link.tenancy_id == _T.id, link.kind == Happening.LINKED.value, link.at <= frame.known_at
    )
    firm = func.coalesce(_T.firm_id, case((linked.exists(), _M.firm_id)))
    said = {"carrier": _C.name, "tenancy": _T.id, **of}
    return (
        select(
            Firm.uscc, func.coalesce(Firm.name, _M.name).label("name"), _C.region_code.label("region"), facts(**said)
        )
        .select_from(source)
        .join(_C, _C.id == _T.carrier_id)
        .outerjoin(_M, _M.id == _T.team_id)
        .outerjoin(Firm, Firm.id == firm)
        .where(visible_to(frame.viewer))
    )


def _movements(frame: Frame) -> list[Listing]:
    """By the day on which they were recorded: an admission is often agreed before its first day."""
    first, last = func.lower(_E.during, type_=Date()), func.upper(_E.during, type_=Date()) - 1
    query = _tenants(
        frame,
        _E.__table__.join(_T.__table__, _T.id == _E.tenancy_id),
        **{"from": first, "to": last, "reason": _REASON, "on": _E.detail["on"].astext},
    ).where(_E.at >= frame.begins, _E.at < frame.ends, _E.at <= frame.known_at)
    order = (_E.at, _E.id)
    left = and_(_E.kind == Happening.ENDED.value, _REASON.not_in(_STAYED))
    graduated = EndReason.GRADUATED.label == _REASON
    kinds = (
        ("tenants-in", "入驻", _E.kind == Happening.ADMITTED.value, _say_came, None),
        ("tenants-moved", "转移、换房", _E.kind == Happening.TRANSFERRED.value, _say_came, None),
        ("tenants-graduated", "毕业", and_(left, graduated), _say_left, True),
        ("tenants-out", "未毕业退出", and_(left, ~graduated), _say_left, None),
    )
    return [Listing(key, label, query.where(which), order, say, good=good) for key, label, which, say, good in kinds]


def _say_came(of: Facts, words: Words) -> str:
    return f"{of['carrier']}，{of['from']} 起{'至 ' + of['to'] if of['to'] else '，没有约定期满日'}"


def _say_left(of: Facts, words: Words) -> str:
    return f"{of['carrier']}，{of['on']} {of['reason']}"


def _open(frame: Frame) -> tuple[Any, Any]:
    """Tenancies whose end nobody had recorded by then, with the interval that each had."""
    if frame.moment.fresh:
        return _T.__table__, _T.during
    latest = (
        select(_E.tenancy_id, _E.during, _E.open)
        .where(_E.at <= frame.known_at)
        .ext(distinct_on(_E.tenancy_id))
        .order_by(_E.tenancy_id, _E.at.desc(), _E.id.desc())
        .subquery("latest")
    )
    return _T.__table__.join(latest, and_(latest.c.tenancy_id == _T.id, latest.c.open)), latest.c.during


def _beyond(frame: Frame) -> list[Listing]:
    source, during = _open(frame)
    more = _E.__table__.alias("more").c
    later = (
        select(cast(more.detail["before"].astext, Integer))
        .where(more.tenancy_id == _T.id, more.kind == Happening.EXTENDED.value, more.at > frame.known_at)
        .order_by(more.at, more.id)
        .limit(1)
        .correlate(_T)
        .scalar_subquery()
    )
    months = _T.limit_months if frame.moment.fresh else func.coalesce(later, _T.limit_months)
    limit = limit_day(months)
    until = func.upper(during, type_=Date())
    query = _tenants(frame, source, until=until - 1, limit=limit, months=months)
    if frame.moment.fresh:
        query = query.where(_T.ended_on.is_(None))
    lapsed = query.where(until <= frame.on)
    over = query.where(_T.clock_since.is_not(None), months.is_not(None), limit <= frame.on)
    return [
        Listing("tenants-lapsed", "租期已过、没有登记续租或退出", lapsed, (until, _T.id), _say_lapsed, good=False),
        Listing("tenants-over", "孵化期限已满", over, (limit, _T.id), _say_over, good=False),
    ]


def _say_lapsed(of: Facts, words: Words) -> str:
    return f"{of['carrier']}，租期 {of['until']} 到"


def _say_over(of: Facts, words: Words) -> str:
    return f"{of['carrier']}，{of['months']} 个月的期限 {of['limit']} 到"


async def _occupancy(conn: Conn, frame: Frame) -> Listing:
    """The emptiest first: where there is room."""
    query = select(_C.id, _C.name, _C.kind, _C.region_code).where(
        visible_to(frame.viewer),
        _C.created_at <= frame.known_at,
        or_(_C.closed_on.is_(None), _C.closed_on > frame.on),
    )
    found = (await conn.execute(query)).all()
    ids = [row.id for row in found]
    if frame.moment.fresh:
        full = await fills(conn, ids, on=frame.on, today=frame.on)
    else:
        full = await fills_known(conn, ids, on=frame.on, known_at=frame.known_at)
    sized = [(row, full.get(row.id, Fill())) for row in found]
    sized.sort(key=lambda one: (one[1].rate is None, one[1].rate, one[0].name))
    rows = [
        {"n": n, "name": row.name, "region": row.region_code, "facts": _facts(row, fill)}
        for n, (row, fill) in enumerate(sized)
    ]
    columns = (column("n", Integer()), column("name", Text()), column("region", Text()), column("facts", JSONB()))
    given = func.jsonb_to_recordset(cast(literal(rows, JSONB()), JSONB()))
    table = given.table_valued(*columns, name="carriers_then").render_derived(with_types=True)
    listed = select(null().cast(Text()).label("uscc"), table.c.name, table.c.region, table.c.facts)
    return Listing("carriers", "运营中的载体", listed, (table.c.n,), _say_full, "/carriers")


def _facts(row: Any, fill: Fill) -> dict[str, str]:
    return {
        "carrier": str(row.id),
        "kind": row.kind,
        "percent": "" if fill.percent is None else f"{fill.percent}",
        "area": f"{fill.area:.2f}",
        "let": f"{fill.area_let:.2f}",
        "firms": str(fill.firms),
        "teams": str(fill.teams),
    }


def _say_full(of: Facts, words: Words) -> str:
    kind = CarrierKind(of["kind"]).label
    if not of["percent"]:
        return f"{kind}，还没有登记房间"
    inside = f"{of['firms']} 家企业" + (f"、{of['teams']} 个团队" if of["teams"] != "0" else "")
    return f"{kind}，使用率 {of['percent']}%（{of['let']} / {of['area']} 平方米），{inside}"

"""Two rows of one room, from before two spellings of it were known as one, made one again: leases and history go to the
row that came first, the other is closed. No day is as full as it was not before."""

import uuid
from datetime import date, datetime

from sqlalchemy import bindparam, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import aliased
from sqlalchemy.types import Date, DateTime, Text, Uuid

from app.access.terms import Actor
from app.carriers.models import CarrierSpace, TenancyProposal, TenancyRow
from app.carriers.queries import SPACE, hold_carriers
from app.carriers.recording import note, trace
from app.carriers.stay_terms import Happening
from app.carriers.taking import same_room
from app.carriers.tenancies import tenancy_by_id
from app.carriers.terms import Carrier, Space
from app.clock import BUSINESS_ZONE, business_day
from app.db import Conn
from app.errors import Conflict, NotFound, Refused, Stale

_S, _T, _P = CarrierSpace, TenancyRow, TenancyProposal
_SIZE = {"area": "面积", "exclusive": "用法", "capacity": "工位数"}
_INSTEAD = "请给还在里面的办换房，再停用多余的一条"

# Whatever was written of them at any time: what is asked today of an old day and what was known of it then count rooms,
# and two tenants of one day would be one room that were two. A lease that is over and not ended lasts until then.
_BOTH = text(
    """
WITH told AS (
  SELECT t.id, t.space_id, e.during, e.open,
    tstzrange(e.at, lead(e.at) OVER (PARTITION BY e.tenancy_id ORDER BY e.at, e.id)) AS known
  FROM tenancies t JOIN tenancy_events e ON e.tenancy_id = t.id
  WHERE t.space_id = :kept OR (t.space_id = :gone AND NOT isempty(t.during))
  UNION ALL
  SELECT id, space_id, during, ended_on IS NULL, tstzrange(:at, NULL) FROM tenancies WHERE space_id IN (:kept, :gone)
), lasting AS (
  SELECT id, space_id, known, CASE WHEN open AND upper(during) <= until THEN daterange(lower(during), until + 1)
    ELSE during END AS days
  FROM (SELECT *, coalesce(cast(timezone(:zone, upper(known)) AS date), :today) AS until FROM told) AS t
  WHERE NOT isempty(during)
)
SELECT a.id, b.id, a.days * b.days FROM lasting a JOIN lasting b
  ON a.space_id = :kept AND b.space_id = :gone AND a.known && b.known AND a.days && b.days
ORDER BY lower(a.days * b.days), a.id, b.id LIMIT 1
"""
).bindparams(
    *(bindparam(name, type_=Uuid()) for name in ("kept", "gone")),
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("today", type_=Date()),
    bindparam("zone", type_=Text()),
)


async def join(
    conn: Conn,
    carrier: Carrier,
    one: uuid.UUID,
    other: uuid.UUID,
    *,
    version: int,
    other_version: int | None = None,
    same: bool = False,
    by: Actor,
    at: datetime,
) -> Space:
    """The row that stays. `version`: of the first one named, as it was read, and the other's where that was read, too;
    `same`: somebody says that they are one room where their names do not. Raises NotFound, Stale, Conflict, Refused
    with the days on which both had somebody.
    """
    await hold_carriers(conn, [carrier.id])
    inside = select(_T.id).where(_T.space_id.in_([one, other]), _T.carrier_id == carrier.id).order_by(_T.id)
    held = (await conn.execute(inside.with_for_update())).scalars().all()
    query = select(*SPACE).where(_S.id.in_([one, other]), _S.carrier_id == carrier.id).order_by(_S.id)
    await conn.execute(query.with_for_update())
    rows = [Space(*row) for row in await conn.execute(query.order_by(None).order_by(_S.created_at, _S.id))]
    if one == other or len(rows) != 2:
        raise NotFound
    read = {one: version, other: other_version}
    if any(read[s.id] not in (None, s.version) for s in rows):
        raise Stale("这个房间的资料刚被别人改过，请对照现在的内容再办。")
    if (await conn.execute(inside)).scalars().all() != held:
        raise Conflict("刚有人在这里办理入驻，请再试一次。")
    kept, gone = rows
    today = business_day(at)
    _check(kept, gone, same=same)
    await _apart(conn, kept, gone, today=today, by=by, at=at)
    moved = await _move(conn, carrier, kept, gone, by=by, at=at)
    on = max(today, date.fromordinal(gone.opened_on.toordinal() + 1)) if gone.opened_on else today
    done = {"closed_on": on, "closed_at": at, "joined_into": kept.id, "version": _S.version + 1}
    await conn.execute(update(_S).where(_S.id == gone.id).values(done))
    # Whoever was about to take the list back that brought it in takes nothing away from under what has come to it.
    await conn.execute(update(_S).where(_S.id == kept.id).values(version=_S.version + 1))
    said = {"place": gone.place, "into": kept.place, "on": on, "count": moved}
    await trace(conn, (carrier.id, carrier.name), "space:joined", said, by=by, at=at)
    return kept


def _check(kept: Space, gone: Space, *, same: bool) -> None:
    closed = next((s for s in (kept, gone) if s.closed_on is not None), None)
    if closed is not None:
        raise Conflict(f"{closed.place} 已在 {closed.closed_on} 停用。")
    if not same and not same_room(kept, gone):
        raise Refused(f"{kept.place} 和 {gone.place} 不是同一间房的两种写法，不能合并。")
    if other := sized_otherwise(kept, gone):
        raise Refused(
            f"{kept.place} 和 {gone.place} 的{'、'.join(other)}不一样，合并会改变以前各天的使用率；"
            f"没有租出过的那一条可以先改成一样，都租出过的，{_INSTEAD}。"
        )


def sized_otherwise(one: Space, other: Space) -> list[str]:
    return [label for name, label in _SIZE.items() if getattr(one, name) != getattr(other, name)]


async def _apart(conn: Conn, kept: Space, gone: Space, *, today: date, by: Actor, at: datetime) -> None:
    """Raises Refused."""
    first = select(func.min(func.lower(_T.during))).where(_T.space_id == gone.id)
    began = (await conn.execute(first)).scalar_one()
    if kept.opened_on is not None and began is not None and began < kept.opened_on:
        raise Refused(f"{kept.place} {kept.opened_on} 才启用，{gone.place} 从 {began} 起就租出过；{_INSTEAD}。")
    given = {"kept": kept.id, "gone": gone.id, "at": at, "today": today, "zone": BUSINESS_ZONE.key}
    both = (await conn.execute(_BOTH, given)).one_or_none()
    if both is None:
        return
    days: Range[date] = both[2]
    found = [await tenancy_by_id(conn, which, viewer=by.viewer) for which in both[:2]]
    who = [tenancy.holder if tenancy else "" for tenancy in found]
    until = f"至 {date.fromordinal(days.upper.toordinal() - 1)}" if days.upper else "，没有约定期满日"
    raise Refused(
        f"{who[0]}（{kept.place}）和 {who[1]}（{gone.place}）登记过的租期有重叠：{days.lower} 起{until}；"
        f"合并会改变这些天的使用率。登记错了的先改正，两家都在的，{_INSTEAD}。"
    )


async def _move(conn: Conn, carrier: Carrier, kept: Space, gone: Space, *, by: Actor, at: datetime) -> int:
    """What is struck never was there, and stays where it was written."""
    done = {"space_id": kept.id, "version": _T.version + 1, "updated_at": at}
    mine = (_T.space_id == gone.id, ~func.isempty(_T.during))
    moved = update(_T).where(*mine).values(done).returning(_T.id, _T.during, _T.ended_on)
    rows = (await conn.execute(moved)).all()
    why, detail = f"{gone.place} 与 {kept.place} 是同一间房", {"joined": kept.place}
    for which, during, ended_on in rows:
        kind, is_open = Happening.CHANGED, ended_on is None
        await note(conn, which, carrier.id, kind, during, is_open=is_open, reason=why, detail=detail, by=by, at=at)
    there = aliased(_P)
    open_yet = ("waiting", "refused")
    twice = exists().where(there.space_id == kept.id, there.uscc == _P.uscc, there.state.in_(open_yet))
    asked = (_P.space_id == gone.id, _P.state.in_(open_yet))
    if (await conn.execute(select(_P.id).where(*asked, twice).limit(1))).first():
        raise Conflict(f"{kept.place} 和 {gone.place} 都有给同一家的入驻提议，请先撤回一份。")
    await conn.execute(update(_P).where(*asked).values(space_id=kept.id))
    return len(rows)

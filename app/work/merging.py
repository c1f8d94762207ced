"""Two records of one firm made one: what belongs to the work goes over, what is history stays where it happened.

Undone, every row is as it was, unless somebody has edited one of the two since; then it is refused and says whom.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Actor
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Refused, Stale
from app.firms.apart import note_both
from app.firms.locking import lock_by_id
from app.firms.models import WHOLE_MARK, FirmTag
from app.firms.restoring import images_of, restore
from app.firms.search import refresh_search
from app.firms.service import FirmEntry, edit
from app.firms.terms import FirmDetail, FirmStatus
from app.pipeline.asking import waiting
from app.recognitions.service import name_in_search
from app.work.models import FirmMerge
from app.work.terms import MergeState


@dataclass(frozen=True, slots=True)
class Moving:
    """A table whose rows go over with the firm. `clash`: what of the kept firm (o) leaves such a row (t) behind."""

    table: str
    label: str
    clash: str = "false"
    key: str = "id"
    fleeting: bool = False  # one that is gone by the time of an undoing was taken away by whoever it belongs to


MOVING = (
    Moving(
        "contacts", "联系人", f"o.name = t.name AND {WHOLE_MARK.format('o.phone')} = {WHOLE_MARK.format('t.phone')}"
    ),
    Moving("firm_notes", "往来记录"),
    Moving("firm_visits", "走访"),
    Moving("firm_tasks", "待办"),
    Moving("firm_needs", "诉求"),
    Moving("firm_plans", "一企一策", "o.policy = t.policy AND o.state = 'open' AND t.state = 'open'"),
    Moving("certificates", "证书"),
    Moving("platforms", "创新平台"),
    Moving("ip_rights", "知识产权", "o.kind = t.kind AND o.number = t.number"),
    Moving("title_claims", "登记待核实", "t.state <> 'waiting'"),
    Moving("applications", "申报", "o.window_id = t.window_id"),
    Moving("yearly_reports", "年度数据", "o.year = t.year"),
    Moving("firm_statements", "情况说明", "o.kind = t.kind", key="kind"),
    Moving("tenancies", "载体租约"),
    Moving("carrier_teams", "注册前的团队"),
    Moving(
        "stay_disagreements",
        "入驻情况核对",
        "o.carrier_id = t.carrier_id AND o.kind = t.kind AND o.state = 'open' AND t.state = 'open'",
    ),
    Moving(
        "entry_applications",
        "入驻申请",
        "o.carrier_id = t.carrier_id AND o.state = 'waiting' AND t.state = 'waiting'",
    ),
    Moving(
        "carrier_logs",
        "载体服务和投资记录",
        "(o.carrier_id, o.kind, o.happened_on, o.title) = (t.carrier_id, t.kind, t.happened_on, t.title) "
        "AND o.struck_at IS NULL AND t.struck_at IS NULL",
    ),
    Moving("collection_answers", "载体收集的数据", "o.round_id = t.round_id"),
    Moving("channel_choices", "通知方式", "true"),
    Moving("firm_follows", "关注", "o.user_id = t.user_id", key="user_id", fleeting=True),
)
# History stays with the record it happened to, moves among it, which have no key to a firm; answers are worked out
# anew; accounts are people's, not records', and a form goes with the account that fills it in.
STAYING = frozenset(
    {
        *("move_requests", "placements", "former_names", "firm_tags", "users", "clerk_invitations", "submissions"),
        *(
            "assessments",
            "changed_firms",
            "policy_impact_firms",
            "firm_merges",
            "firms_told_apart",
            "reminders",
            "verified_likenesses",
            "stale_escalations",
        ),
    }
)
_STANDS = "NOT EXISTS (SELECT 1 FROM {0} o WHERE o.firm_id = :kept AND {1})"
_COUNTS = {
    m.table: text(
        f"SELECT count(*) FILTER (WHERE {_STANDS.format(m.table, m.clash)}), count(*) "  # noqa: S608  # our own names
        f"FROM {m.table} t WHERE t.firm_id = :gone"
    )
    for m in MOVING
}
_MOVES = {
    m.table: text(
        f"UPDATE {m.table} t SET firm_id = :kept{', is_primary = false' if m.table == 'contacts' else ''} "  # noqa: S608
        f"WHERE t.firm_id = :gone AND {_STANDS.format(m.table, m.clash)} RETURNING t.{m.key}::text"
    )
    for m in MOVING
}
_BACK = {
    m.table: text(
        f"UPDATE {m.table} SET firm_id = :gone WHERE firm_id = :kept AND {m.key}::text = any(:keys)"  # noqa: S608
    ).bindparams(bindparam("keys", type_=ARRAY(Text())))
    for m in MOVING
}


@dataclass(frozen=True, slots=True)
class Share:
    """Of one kind of records: how many go over and how many stay, because the kept firm has the like of them."""

    label: str
    moves: int
    stays: int


async def shares(conn: Conn, kept: FirmDetail, gone: FirmDetail) -> list[Share]:
    given = {"kept": kept.id, "gone": gone.id}
    counted = [(m.label, (await conn.execute(_COUNTS[m.table], given)).one()) for m in MOVING]
    return [Share(label, moves, every - moves) for label, (moves, every) in counted if every]


async def merge(
    conn: Conn,
    kept_id: uuid.UUID,
    gone_id: uuid.UUID,
    *,
    taken: Mapping[str, Any],
    versions: tuple[int, int],
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """`taken`: the kept firm's fields as they shall be; `versions`: of both, as they were looked at.

    Raises Stale when one was changed since, Refused when they cannot become one.
    """
    kept, gone = await _both(conn, kept_id, gone_id, by)
    if (kept.version, gone.version) != versions:
        raise Stale("两家中有一家的资料刚被别人改过，请重新核对后再合并。")
    await _refuse(conn, kept, gone)
    images = await images_of(conn, [kept.id, gone.id])
    before = {"kept": dict(images[kept.id]), "gone": dict(images[gone.id])}
    given = {"kept": kept.id, "gone": gone.id}
    moved = {m.table: list((await conn.execute(_MOVES[m.table], given)).scalars()) for m in MOVING}
    former = tuple(dict.fromkeys((*kept.former_names, *gone.former_names, gone.name)))
    entry = FirmEntry(
        {f: v for f, v in taken.items() if f not in ("uscc", "status")},
        tags=tuple(dict.fromkeys((*kept.tags, *gone.tags))),
        former_names=tuple(n for n in former if n not in (kept.name, taken.get("name"))),
    )
    await edit(conn, kept, entry, version=kept.version, by=by, at=at)
    await edit(conn, gone, FirmEntry({"status": FirmStatus.MERGED.value}), version=gone.version, by=by, at=at)
    await name_in_search(conn, [kept.id, gone.id])
    await refresh_search(conn, [kept.id, gone.id])
    after_kept, after_gone = await _both(conn, kept.id, gone.id, by)
    kept_record = {
        "moved": moved,
        "before": before,
        "tags": {"kept": list(kept.tags), "gone": list(gone.tags)},
        "versions": [after_kept.version, after_gone.version],
    }
    merge_id = new_id()
    row = {"id": merge_id, "kept_id": kept.id, "gone_id": gone.id, "record": kept_record, "merged_at": at}
    await conn.execute(insert(FirmMerge).values(**row, merged_by=by.viewer.id, merger_name=by.viewer.name))
    went = {m.label: len(moved[m.table]) for m in MOVING if moved[m.table]}
    await _tell(conn, "merged", kept, gone, went, by=by, at=at)
    return merge_id


async def undo_merge(conn: Conn, merge_id: uuid.UUID, *, by: Actor, at: datetime) -> tuple[FirmDetail, FirmDetail]:
    """Raises NotFound, or Conflict when it was undone already or somebody has edited one of the two since."""
    query = select(FirmMerge.__table__).where(FirmMerge.id == merge_id).with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound
    kept, gone = await _both(conn, row["kept_id"], row["gone_id"], by)
    if row["state"] != MergeState.DONE:
        raise Conflict(f"{row['undoer_name']} 已经撤销了这次合并。")
    changed = [_called(f) for f, v in zip((kept, gone), row["record"]["versions"], strict=True) if f.version != v]
    if changed:
        raise Conflict(f"合并之后{'、'.join(changed)}的资料又被改过，撤销会盖掉那些修改；请先核对，必要时手工分开。")
    await _give_back(conn, kept, gone, row["record"])
    undone = {"state": MergeState.UNDONE.value, "undone_at": at, "undoer_name": by.viewer.name}
    await conn.execute(update(FirmMerge).where(FirmMerge.id == merge_id).values(undone))
    await _tell(conn, "merge_undone", kept, gone, {}, by=by, at=at)
    return kept, gone


async def _give_back(conn: Conn, kept: FirmDetail, gone: FirmDetail, kept_record: Mapping[str, Any]) -> None:
    for m in MOVING:
        keys = kept_record["moved"][m.table]
        if keys:
            given = {"kept": kept.id, "gone": gone.id, "keys": keys}
            done = await conn.execute(_BACK[m.table], given)
            if done.rowcount != len(keys) and not (m.fleeting or m.table == "contacts"):  # contacts are in the images
                raise Conflict(f"合并时移过去的{m.label}有 {len(keys) - done.rowcount} 条已不在 {_called(kept)} 名下。")
    await restore(conn, {kept.id: kept_record["before"]["kept"], gone.id: kept_record["before"]["gone"]})
    await conn.execute(delete(FirmTag).where(FirmTag.firm_id.in_([kept.id, gone.id])))
    rows = [
        {"firm_id": firm.id, "tag": tag}
        for firm, which in ((kept, "kept"), (gone, "gone"))
        for tag in kept_record["tags"][which]
    ]
    if rows:
        await conn.execute(insert(FirmTag), rows)
    await name_in_search(conn, [kept.id, gone.id])
    await refresh_search(conn, [kept.id, gone.id])


async def _both(conn: Conn, kept_id: uuid.UUID, gone_id: uuid.UUID, by: Actor) -> tuple[FirmDetail, FirmDetail]:
    """Under their locks, taken in one order; raises NotFound unless both are in sight."""
    held = await lock_by_id(conn, [kept_id, gone_id], viewer=by.viewer)
    if kept_id not in held or gone_id not in held:
        raise NotFound
    return held[kept_id], held[gone_id]


async def _refuse(conn: Conn, kept: FirmDetail, gone: FirmDetail) -> None:
    reasons = []
    if kept.id == gone.id:
        reasons.append("这是同一条记录。")
    reasons += [f"{_called(f)} 已经并入别的企业。" for f in (kept, gone) if f.status == FirmStatus.MERGED]
    if await waiting(conn, [gone.id]):
        reasons.append(f"{_called(gone)} 有一项移动在等第二人复核，请先办完或撤回。")
    if reasons:
        raise Refused("这两家不能合并。", reasons=reasons)


def _called(firm: FirmDetail) -> str:
    """Two records of one firm often bear one name."""
    return f"{firm.name}（{firm.uscc}）"


async def _tell(
    conn: Conn, verb: str, kept: FirmDetail, gone: FirmDetail, went: Mapping[str, int], *, by: Actor, at: datetime
) -> None:
    await note_both(conn, verb, (kept, gone), {"kept": kept.uscc, "gone": gone.uscc, **went}, by=by, at=at)

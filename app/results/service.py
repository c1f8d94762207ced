"""A list's way: brought in, each line settled by a person, then entered into the ledgers, or put away."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, Text, bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.filings.queries import programme_by_code, window_by_id
from app.filings.terms import Window, WindowState
from app.firms.locking import known_by_code
from app.results.matching import match
from app.results.models import ResultLineRow, ResultListRow
from app.results.queries import list_by_id, rows_of
from app.results.rules import doubled
from app.results.terms import Line, ListState, Match, NewList, ResultList
from app.text.uscc import normalise_code


async def bring(
    conn: Conn, window_id: uuid.UUID, new: NewList, lines: Sequence[Line], *, by: Actor, at: datetime
) -> uuid.UUID:
    """Raises NotFound, Refused, Invalid by field."""
    window = await window_by_id(conn, window_id, viewer=by.viewer)
    if window is None:
        raise NotFound
    await _refuse_unready(conn, window)
    if wrong := _problems(new, at):
        raise Invalid(wrong)
    list_id, audit = new_id(), by.audit_fields
    await conn.execute(
        insert(ResultListRow).values(
            id=list_id,
            window_id=window_id,
            scope=by.viewer.scope,
            kind=new.kind.value,
            document=new.document,
            address=new.address,
            announced_on=new.announced_on,
            issued_on=new.issued_on,
            source=new.source,
            created_by=audit["actor_id"],
            creator_name=audit["actor_name"],
            created_at=at,
        )
    )
    found = await match(conn, lines, viewer=by.viewer)
    later = doubled(lines, {line.row_no: found[line.row_no][1] for line in lines})
    rows = []
    for line in lines:
        verdict, code, candidates = found[line.row_no]
        twice = f"与第 {later[line.row_no]} 行是同一家。" if line.row_no in later else ""
        row = {name: getattr(line, name) for name in ("row_no", "name", "uscc", "number", "issued_on", "expires_on")}
        rows.append(
            {
                **row,
                "list_id": list_id,
                "problem": f"{line.problem}{twice}",
                "match": verdict.value,
                "candidates": [c.to_json() for c in candidates],
                "settled": verdict is not Match.SIMILAR or bool(twice),
                "chosen": "" if twice else code,
            }
        )
    await conn.execute(insert(ResultLineRow), rows)
    said = {"document": new.document, "kind": new.kind.value, "lines": len(rows), "window": window.name}
    await note(conn, "brought", list_id, new.document, by=by, at=at, after=said)
    return list_id


async def _refuse_unready(conn: Conn, window: Window) -> None:
    programme = await programme_by_code(conn, window.programme)
    if programme.applicants != "firm":
        raise Refused(f"{programme.label}由孵化载体申报，不按企业名单登记。")
    if window.state is WindowState.REFERENCE:
        raise Refused("这个窗口还没有按当年的通知确认；请先确认窗口。")


def _problems(new: NewList, at: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    if not new.document:
        found["document"] = "请填写公示或公告的文号；没有文号的填全称。"
    if new.announced_on > business_day(at):
        found["announced_on"] = "公布日期不能晚于今天。"
    if new.issued_on and new.issued_on > business_day(at):
        found["issued_on"] = "发证日期不能晚于今天。"
    return found


async def open_list(conn: Conn, list_id: uuid.UUID, expected: int | None, *, by: Actor) -> ResultList:
    """Under its lock. Raises NotFound, Stale when somebody went on with it since."""
    found = await list_by_id(conn, list_id, viewer=by.viewer, lock=True)
    if found is None:
        raise NotFound
    if expected is not None and expected != found.version:
        raise Stale(f"这份名单已有人改过，现在是“{found.state.label}”；请看过再办。")
    return found


async def still_open(conn: Conn, list_id: uuid.UUID, expected: int | None, *, by: Actor) -> ResultList:
    found = await open_list(conn, list_id, expected, by=by)
    if found.state is not ListState.PREVIEW:
        raise Conflict(f"这份名单{found.state.label}，不能再核对或登记。")
    return found


_SETTLE = text(
    """
UPDATE result_lines AS r SET settled = n.settled, chosen = n.chosen FROM unnest(:rows, :settled, :chosen)
  AS n (row_no, settled, chosen) WHERE r.list_id = :list AND r.row_no = n.row_no
"""
).bindparams(
    bindparam("rows", type_=ARRAY(Integer())),
    bindparam("settled", type_=ARRAY(Boolean())),
    bindparam("chosen", type_=ARRAY(Text())),
)


async def settle(
    conn: Conn, list_id: uuid.UUID, said: Mapping[int, str | None], *, expected: int | None, by: Actor, at: datetime
) -> None:
    """By line, the firm that it means: a code, "" for nobody of ours, None for not yet decided.

    Raises NotFound, Stale, Conflict, Invalid by line.
    """
    held = await still_open(conn, list_id, expected, by=by)
    rows = {row.line.row_no: row for row in await rows_of(conn, list_id, viewer=by.viewer)}
    codes = {number: None if code is None else normalise_code(code) for number, code in said.items()}
    known = await known_by_code(conn, sorted({c for c in codes.values() if c}), viewer=by.viewer)
    wrong = {
        f"row-{n}": "没有这家企业，或它不在您的管辖范围内。" for n, c in codes.items() if c and c not in known.firms
    }
    wrong |= {f"row-{n}": "名单里没有这一行。" for n in codes if n not in rows}
    after = {n: row.chosen for n, row in rows.items()} | {n: c or "" for n, c in codes.items()}
    lines = [row.line for row in rows.values()]
    wrong |= {f"row-{n}": f"与第 {first} 行是同一家。" for n, first in doubled(lines, after).items()}
    if wrong:
        raise Invalid(wrong, "有几行需要改正。")
    changed = [n for n, c in codes.items() if (rows[n].settled, rows[n].chosen) != (c is not None, c or "")]
    if not changed:
        return
    given: dict[str, Any] = {"list": list_id, "rows": changed}
    given |= {"settled": [codes[n] is not None for n in changed], "chosen": [codes[n] or "" for n in changed]}
    await conn.execute(_SETTLE, given)
    await move_on(conn, held)
    images = {str(n): codes[n] for n in changed}
    await note(conn, "settled", list_id, held.document, by=by, at=at, after={"lines": images})


async def discard(conn: Conn, list_id: uuid.UUID, *, expected: int | None, by: Actor, at: datetime) -> ResultList:
    held = await still_open(conn, list_id, expected, by=by)
    await move_on(conn, held, state=ListState.DISCARDED.value)
    await note(conn, "discarded", list_id, held.document, by=by, at=at)
    return held


async def move_on(conn: Conn, held: ResultList, **values: Any) -> None:
    await conn.execute(
        update(ResultListRow).where(ResultListRow.id == held.id).values(version=held.version + 1, **values)
    )


async def note(
    conn: Conn,
    verb: str,
    list_id: uuid.UUID,
    document: str,
    *,
    by: Actor,
    at: datetime,
    after: dict[str, Any] | None = None,
) -> None:
    done = event_row(
        f"results:list:{verb}",
        by=by,
        at=at,
        object_type="result_list",
        object_id=list_id,
        object_label=document,
        after=after,
    )
    await record(conn, done)

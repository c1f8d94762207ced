"""A list's entry taken back: as far as nobody has gone on from it. The rest stays and says why."""

import uuid
from datetime import datetime

from app.access.terms import Actor
from app.db import Conn
from app.errors import AppError, Conflict
from app.filings.deciding import Entered, take_back
from app.firms.locking import known_by_code
from app.firms.terms import FirmDetail
from app.pipeline.asking import state_of, withdraw_many
from app.pipeline.terms import RequestState
from app.recognitions.registering import strike
from app.results.applying import Written, keep, words_of
from app.results.queries import rows_of
from app.results.service import move_on, note, open_list
from app.results.terms import ListState, Outcome, ResultRow


async def undo(
    conn: Conn, list_id: uuid.UUID, *, expected: int | None, reason: str, by: Actor, at: datetime
) -> dict[str, int]:
    """Returns how many were taken back and how many stayed. Raises NotFound, Stale, Conflict."""
    held = await open_list(conn, list_id, expected, by=by)
    if held.state is not ListState.APPLIED:
        raise Conflict(f"这份名单{held.state.label}，没有可以撤销的登记。")
    rows = [r for r in await rows_of(conn, list_id, viewer=by.viewer) if r.outcome is Outcome.DONE and r.undo]
    known = await known_by_code(conn, [row.chosen for row in rows], viewer=by.viewer, lock=True)
    why = f"撤销按“{held.document}”的登记：{reason}"
    written = [await _undo(conn, row, known.firms.get(row.chosen), why, by=by, at=at) for row in rows]
    await keep(conn, list_id, written)
    gone = sum(w.outcome is Outcome.TAKEN_BACK for w in written)
    counts = {"taken_back": gone, "left": len(written) - gone}
    await move_on(conn, held, state=ListState.UNDONE.value, undone_at=at)
    await note(conn, "undone", list_id, held.document, by=by, at=at, after={**counts, "reason": reason})
    return counts


async def _undo(conn: Conn, row: ResultRow, firm: FirmDetail | None, why: str, *, by: Actor, at: datetime) -> Written:
    number, done = row.line.row_no, row.undo or {}
    if firm is None:
        return Written(number, Outcome.LEFT, "企业已不在您的管辖范围内。")
    move = uuid.UUID(done["move"]) if done.get("move") else None
    state = await state_of(conn, move) if move else RequestState.REJECTED
    if state not in (RequestState.PENDING, RequestState.REJECTED):
        return Written(number, Outcome.LEFT, "企业已按它移动；请先在企业档案里更正，再处理证书和申报。")
    if not await take_back(conn, Entered.of_json(done["application"]), reason=why, by=by, at=at):
        return Written(number, Outcome.LEFT, "申报在登记之后又有变动，没有撤销。")
    said = ["已撤销"]
    if move and state is RequestState.PENDING:
        await withdraw_many(conn, [move], reason=why, by=by, at=at)
        said.append("移动已撤回")
    if done.get("certificate"):
        try:
            await strike(conn, firm.uscc, uuid.UUID(done["certificate"]), reason=why, by=by, at=at)
            said.append("证书已删去")
        except AppError as error:
            said.append(words_of(error).rstrip("。"))
    return Written(number, Outcome.TAKEN_BACK, "；".join(said) + "。")

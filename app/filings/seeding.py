"""Windows that come with the house: brought once, then the bureau's own."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import select

from app.access.terms import SYSTEM
from app.db import Conn
from app.errors import Refused
from app.filings.models import FilingWindow
from app.filings.queries import window_of, windows
from app.filings.recording import Edition, NewWindow, put_in, write_version
from app.filings.terms import Dates, Milestone, Notice, WindowChange, WindowState
from app.locks import Lock, hold
from app.policy.terms import Grade

_BY_NOTICE = "按延期通知"


async def load_windows(conn: Conn, rows: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
    """Those that are missing, with their history; a series that has a window of the year is left alone.

    Raises KeyError for a part that is missing, Refused for a word or an hour that cannot be.
    """
    if not rows:
        return 0
    await hold(conn, Lock.WINDOWS)
    w = FilingWindow
    known = {tuple(row) for row in await conn.execute(select(w.programme, w.year, w.batch, w.region))}
    missing = [row for row in rows if (row["programme"], row["year"], row["batch"], row["region"]) not in known]
    for row in missing:
        try:
            state, said = WindowState(row["state"]), [(_dates(v), _notice(v)) for v in row.get("versions") or [{}]]
        except ValueError as error:
            which = f"{row['programme']} {row['year']}"
            raise Refused(f"种子里的申报窗口 {which} 有一处写法不对：{error}。没有载入任何内容。") from error
        await _bring(conn, row, state, said, at)
    return len(missing)


async def _bring(
    conn: Conn, row: Mapping[str, Any], state: WindowState, said: Sequence[tuple[Dates, Notice]], at: datetime
) -> None:
    label, month = row.get("label", ""), row.get("month")
    new = NewWindow(row["programme"], row["year"], row["batch"], label, row["region"], *said[0], month)
    made = await put_in(conn, new, state=state, change=WindowChange.LAID_OUT, by=SYSTEM, at=at)
    for dates, notice in said[1:]:
        window = window_of((await conn.execute(windows().where(FilingWindow.id == made))).one())
        edition = Edition(WindowChange.EXTENDED, state, dates, notice, _BY_NOTICE)
        await write_version(conn, window, edition, by=SYSTEM, at=at)


def _dates(said: Mapping[str, Any]) -> Dates:
    until = said.get("firm_until")
    given = {m.value: said.get(m.value) for m in Milestone}
    return Dates(**given, firm_until=time.fromisoformat(until) if until else None)


def _notice(said: Mapping[str, Any]) -> Notice:
    grade = Grade(said.get("grade", Grade.UNSOURCED.value))
    return Notice(said.get("document", ""), said.get("address", ""), grade, said.get("remark", ""))

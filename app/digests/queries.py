"""Reads of digests: those that were kept, their lists, and what was set right since."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from app.access.terms import Viewer
from app.db import Conn
from app.digests.composing import Document, line_of, part_of
from app.digests.frames import Frame
from app.digests.models import Digest, DigestList
from app.digests.parts.moved import corrected_since
from app.digests.sections import SECTIONS, listings_of, told
from app.digests.terms import Line, Listing, Moment, Week
from app.errors import NotFound
from app.firms.reference import bureau_scope
from app.text import is_code, key

PAGE, ROWS = 26, 100


@dataclass(frozen=True, slots=True)
class KeptDigest:
    id: uuid.UUID
    week: Week
    scope: str
    day: date
    known_at: datetime
    composed_at: datetime
    document: Document
    sha256: str

    @property
    def moment(self) -> Moment:
        """As it was composed, which lets its lists be named; they are read and not made again."""
        return Moment(self.known_at, self.day, fresh=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Digests of the viewer's division and of those below it."""
    if not is_code(viewer.scope):
        return ~true()
    return func.starts_with(Digest.scope, viewer.scope)


async def scope_for(conn: Conn, asked: str, viewer: Viewer) -> str:
    """The division that somebody asks for, else their own. Raises NotFound outside of what they see."""
    scope = asked or viewer.scope or await bureau_scope(conn)
    if not is_code(scope) or not viewer.scope or not scope.startswith(viewer.scope):
        raise NotFound("没有这个行政区划的周报，或者它不在您的管辖范围内。")
    return scope


_DIGEST = (
    Digest.id,
    Digest.week,
    Digest.scope,
    Digest.day,
    Digest.known_at,
    Digest.composed_at,
    Digest.document,
    Digest.sha256,
)


def _kept(row: Any) -> KeptDigest:
    return KeptDigest(row[0], Week.parse(row[1]), *row[2:])


async def kept_digest(conn: Conn, week: Week, scope: str) -> KeptDigest | None:
    """The caller has looked whether its viewer sees that division."""
    query = select(*_DIGEST).where(Digest.week == str(week), Digest.scope == scope)
    row = (await conn.execute(query)).one_or_none()
    return _kept(row) if row else None


async def kept_among(conn: Conn, wanted: Collection[tuple[Week, str]]) -> set[tuple[Week, str]]:
    weeks = sorted({str(week) for week, _ in wanted})
    rows = await conn.execute(select(Digest.week, Digest.scope).where(Digest.week.in_(weeks)))
    return {(Week.parse(week), scope) for week, scope in rows}


async def archive(
    conn: Conn,
    *,
    viewer: Viewer,
    scope: str = "",
    q: str = "",
    before: tuple[str, str] | None = None,
    limit: int = PAGE,
) -> list[KeptDigest]:
    """Newest first, one more than `limit`. `q` is looked for in what the digests say."""
    query: Select[Any] = select(*_DIGEST).where(visible_to(viewer))
    if scope:
        query = query.where(Digest.scope == scope)
    for word in q.split():
        query = query.where(func.strpos(func.lower(Digest.said), key(word)) > 0)
    if before:
        week, after = before
        query = query.where(or_(Digest.week < week, and_(Digest.week == week, Digest.scope > after)))
    query = query.order_by(Digest.week.desc(), Digest.scope).limit(limit + 1)
    return [_kept(row) for row in await conn.execute(query)]


async def listing_of(conn: Conn, frame: Frame, wanted: str) -> Listing:
    """Raises NotFound for a list that a digest of that moment does not have."""
    for section in SECTIONS:
        if told(section, frame):
            for listing in await listings_of(section, conn, frame):
                if listing.key == wanted:
                    return listing
    raise NotFound("这份周报里没有这张名单。")


async def kept_rows(
    conn: Conn, digest_id: uuid.UUID, frame: Frame, wanted: str, *, start: int = 0, limit: int = ROWS
) -> tuple[Listing, int, list[Line]]:
    """A kept list: how long it is, and its lines from `start` on."""
    listing = await listing_of(conn, frame, wanted)
    d = DigestList
    query = select(func.jsonb_array_length(d.rows), part_of(d.rows, start, limit)).where(
        d.digest_id == digest_id, d.key == wanted
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("这份周报里没有这张名单。")
    return listing, row[0], [line_of(one, listing, frame.words) for one in row[1]]


async def rows_now(
    conn: Conn, frame: Frame, wanted: str, *, start: int = 0, limit: int = ROWS
) -> tuple[Listing, int, list[Line]]:
    """The same list made anew for the frame's moment."""
    listing = await listing_of(conn, frame, wanted)
    total, lines = await rows_of(conn, listing, frame, start=start, limit=limit)
    return listing, total, lines


async def rows_of(
    conn: Conn, listing: Listing, frame: Frame, *, start: int = 0, limit: int = ROWS
) -> tuple[int, list[Line]]:
    found = listing.query.subquery()
    total: int = (await conn.execute(select(func.count()).select_from(found))).scalar_one()
    rows: Sequence[Any] = (await conn.execute(listing.query.order_by(*listing.order).offset(start).limit(limit))).all()
    return total, [line_of(row, listing, frame.words) for row in rows]


async def corrections_to(conn: Conn, frame: Frame) -> tuple[int, list[Line]]:
    """What was recorded after the digest about its week."""
    return await rows_of(conn, corrected_since(frame), frame)

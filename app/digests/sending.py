"""Who gets a digest, and its letters: once each, written in the transaction that keeps the digest."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.access.models import User
from app.access.terms import PERMISSIONS, Actor, Permission, Role, Viewer
from app.audit.sealing import head
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.digests.composing import Document
from app.digests.models import DigestSending, DigestSubscription
from app.digests.queries import KeptDigest
from app.digests.telling import card_of
from app.digests.terms import Press, SectionCode
from app.errors import Refused
from app.firms.reference import bureau_scope, load_reference
from app.outbox.enclosures import keep_enclosures
from app.outbox.models import OutboxMessage, Outlet
from app.outbox.terms import Channel
from app.outbox.writing import Row, mailing, notice, outlet_notice, post
from app.sealed import shown

READERS = [role.value for role in Role if Permission.DIGEST_READ in PERMISSIONS[role]]
MOST_TESTS, TESTS_WITHIN = 3, timedelta(minutes=10)
_S = DigestSubscription
_ANCHOR = """审计记录的末条封条（请留存这封邮件）：
{head}
日后在服务器上运行 tidu audit verify --anchor 加上这一行，可知此前的审计记录有没有被整个重做。
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    id: uuid.UUID
    sections: tuple[str, ...]  # none means all
    by_mail: bool  # and has an address


@dataclass(frozen=True, slots=True)
class Subscription:
    scope: str
    sections: tuple[str, ...]
    by_mail: bool
    active: bool


def _wanted(of: Any) -> Any:
    """Those who asked, and heads of a division who have not said no."""
    unasked = and_(_S.user_id.is_(None), User.role == Role.MANAGER.value, User.scope == of)
    return or_(_S.active, unasked)


async def recipients(conn: Conn, scope: str) -> list[Recipient]:
    query = (
        select(
            User.id,
            func.coalesce(_S.sections, literal([], _S.sections.type)),
            func.coalesce(_S.by_mail, True),
            User.email,
        )
        .outerjoin(_S, and_(_S.user_id == User.id, _S.scope == scope))
        .where(
            User.active,
            User.role.in_(READERS),
            User.scope != "",
            func.starts_with(literal(scope), User.scope),
            _wanted(scope),
        )
        .order_by(User.id)
    )
    return [
        Recipient(i, tuple(codes), by_mail and bool(email)) for i, codes, by_mail, email in await conn.execute(query)
    ]


async def scopes_wanted(conn: Conn) -> list[str]:
    """The bureau's own division, which is always composed, and every other that somebody wants."""
    asked = select(_S.scope).join(User, User.id == _S.user_id).where(_S.active, User.active)
    heads = select(User.scope).where(User.role == Role.MANAGER.value, User.active, User.scope != "")
    found = set((await conn.execute(asked.union(heads))).scalars())
    known = (await load_reference(conn)).regions
    return sorted(scope for scope in {*found, await bureau_scope(conn)} if scope in known)


async def send(conn: Conn, digest: KeptDigest, press: Press, *, at: datetime) -> int:
    """Writes its letters; returns how many people they are for."""
    wanted = await recipients(conn, digest.scope)
    rows = [
        {
            "id": new_id(),
            "digest_id": digest.id,
            "user_id": r.id,
            "sections": r.sections,
            "by_mail": r.by_mail,
            "at": at,
        }
        for r in wanted
    ]
    done: set[uuid.UUID] = set()
    if rows:
        new = insert(DigestSending).on_conflict_do_nothing().returning(DigestSending.user_id)
        done = set((await conn.execute(new.values(rows))).scalars())
    key, to = f"{digest.week}:{digest.scope}", [r for r in wanted if r.id in done]
    closing = await _anchor(conn) if digest.scope == await bureau_scope(conn) else ""
    told = await letters(conn, digest.document, to, press, kind="digest", key=key, closing=closing, at=at)
    if closing:
        told += await _to_auditors(conn, digest, closing, besides=[r.id for r in wanted if r.by_mail], key=key, at=at)
    await post(conn, *told, *await _cards(conn, digest, press, key, at))
    return len(done)


async def _anchor(conn: Conn) -> str:
    """The last seal of the trail: in a mailbox it lies where nobody comes who rewrites the database."""
    seal = await head(conn)
    return _ANCHOR.format(head=seal.head) if seal else ""


async def _to_auditors(
    conn: Conn, digest: KeptDigest, closing: str, *, besides: Collection[uuid.UUID], key: str, at: datetime
) -> list[Row]:
    """They get the seal whether they want the digest or not."""
    auditors = select(User.id).where(
        User.active, User.role == Role.AUDITOR.value, func.coalesce(User.email, "") != "", User.id.not_in(besides)
    )
    people = (await conn.execute(auditors.order_by(User.id))).scalars()
    subject = f"审计封条 {digest.week}"
    return [mailing("audit_anchor", key, to=p, subject=subject, body=closing, files=[], at=at) for p in people]


async def letters(
    conn: Conn,
    document: Document,
    to: Sequence[Recipient],
    press: Press,
    *,
    kind: str,
    key: str,
    closing: str = "",
    at: datetime,
) -> list[Row]:
    """In the house for everybody, by mail for whoever has an address; one making for all who want the same. `closing`
    stands below a mail and is no part of the digest."""
    bureau = (await load_reference(conn)).bureau
    made: dict[tuple[str, ...], tuple[Any, list[dict[str, str]]]] = {}
    rows: list[Row] = []
    for one in to:
        if one.sections not in made:
            letter = press.letter(document, one.sections, bureau=bureau)
            made[one.sections] = letter, await keep_enclosures(conn, letter.enclosures, at=at)
        letter, files = made[one.sections]
        where: Mapping[str, str] = {"digest": document["week"], "scope": document["scope"]}
        rows.append(notice(kind, key, to=one.id, subject=letter.subject, at=at, **where))
        if one.by_mail:
            body = f"{letter.text}\n{closing}" if closing else letter.text
            rows.append(mailing(kind, key, to=one.id, subject=letter.subject, body=body, files=files, at=at))
    return rows


async def _cards(conn: Conn, digest: KeptDigest, press: Press, key: str, at: datetime) -> list[Row]:
    """To the bureau's groups, of its own division: counts and dates, and no firm."""
    if digest.scope != await bureau_scope(conn):
        return []
    said = card_of(digest.document, press.address(digest.document))
    outlets = await conn.execute(select(Outlet.id, Outlet.channel).where(Outlet.active).order_by(Outlet.id))
    return [
        outlet_notice("digest", key, outlet=outlet, channel=Channel(channel), subject=said, at=at)
        for outlet, channel in outlets
    ]


async def send_test(
    conn: Conn, document: Document, press: Press, sections: Collection[str], *, by: Actor, at: datetime
) -> str:
    """To oneself alone; returns where it went. Raises Refused when it was asked for too often."""
    m, to = OutboxMessage, by.viewer
    recent = select(func.count()).where(
        m.user_id == to.id,
        m.kind == "digest_test",
        m.channel == Channel.INBOX.value,
        m.created_at > at - TESTS_WITHIN,
    )
    if (await conn.execute(recent)).scalar_one() >= MOST_TESTS:
        raise Refused(f"十分钟内最多试发 {MOST_TESTS} 次，请稍后再试。")
    sealed = (await conn.execute(select(User.email).where(User.id == to.id))).scalar_one()
    email = shown(conn.vault, sealed or "", column="users.email", row=to.id)
    one = Recipient(to.id, tuple(sections), bool(email))
    await post(conn, *await letters(conn, document, [one], press, kind="digest_test", key=str(new_id()), at=at))
    said = {"week": document["week"], "scope": document["scope"]}
    await _note(conn, "digest:test:sent", by, at, said)
    return f"已试发到站内消息和 {email}" if email else "您的账号没有邮箱，只试发到站内消息"


async def subscriptions_of(conn: Conn, viewer: Viewer) -> list[Subscription]:
    """Those that somebody has, and the one that a head of a division has without asking."""
    query = select(_S.scope, _S.sections, _S.by_mail, _S.active).where(_S.user_id == viewer.id).order_by(_S.scope)
    found = [Subscription(s, tuple(codes), mail, active) for s, codes, mail, active in await conn.execute(query)]
    if viewer.role is Role.MANAGER and viewer.scope not in {s.scope for s in found}:
        found.insert(0, Subscription(viewer.scope, (), True, True))
    return [s for s in found if s.scope.startswith(viewer.scope)]


async def subscribe(conn: Conn, wanted: Subscription, *, by: Actor, at: datetime) -> None:
    """One's own; the caller has looked whether the division is in sight. All sections are kept as none named."""
    codes = [c.value for c in SectionCode if c.value in wanted.sections]
    values = {
        "sections": codes if len(codes) < len(SectionCode) else [],
        "by_mail": wanted.by_mail,
        "active": wanted.active,
        "updated_at": at,
    }
    row = insert(_S).values(user_id=by.viewer.id, scope=wanted.scope, **values)
    await conn.execute(row.on_conflict_do_update(index_elements=["user_id", "scope"], set_=values))
    await _note(conn, "digest:subscription:changed", by, at, {**values, "updated_at": None, "scope": wanted.scope})


async def _note(conn: Conn, action: str, by: Actor, at: datetime, after: Mapping[str, Any]) -> None:
    given = {k: v for k, v in after.items() if v is not None}
    me: dict[str, Any] = {"object_type": "user", "object_id": by.viewer.id, "object_label": by.viewer.name}
    await record(conn, event_row(action, by=by, at=at, **me, after=given))

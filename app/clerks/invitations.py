"""Invitations: made by an officer or the firm's signatory, sent by mail, used once."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from app.access.rules import token_hash
from app.access.service import Account, add_user
from app.access.sight import look_for
from app.access.terms import Actor, Origin, Role, Viewer
from app.audit.service import event_row, record
from app.clerks.models import ClerkInvitation
from app.clerks.queries import clerks_of, invitation_by_token
from app.clerks.signatories import appoint
from app.clerks.terms import INVITATION_DAYS, Asked, Invitation, Opening
from app.clock import BUSINESS_ZONE
from app.db import Conn, new_id
from app.errors import Invalid, NotFound, Refused
from app.firms.terms import FirmDetail
from app.outbox.writing import letter, notice, post
from app.sealed import seal as seal_text

MOST_OPEN = 10
USED_UP = "这个邀请链接不能用：可能已经用过、已过期或被收回。请联系邀请您的人重新发一个。"
_BODY = """{name}，您好：

{inviter}邀请您为“{firm}”填报科技企业年度数据。请点开下面的链接，自己设一个账号和口令：

{{link}}

链接只能用一次，{until:%Y-%m-%d %H:%M} 前有效。谁拿到链接谁就能开通账号，请不要转发；不是您要办的事，不用理会。"""


async def invite(
    conn: Conn, firm: FirmDetail, asked: Asked, *, seal: Callable[[uuid.UUID], str], by: Actor, at: datetime
) -> uuid.UUID:
    """`seal` makes the link's token of the invitation's id. Raises Refused when the firm has many open already."""
    invitation_id, until = new_id(), at + timedelta(days=INVITATION_DAYS)
    clerks = await clerks_of(conn, firm.id)
    if len(clerks) >= MOST_OPEN:
        raise Refused(f"一家企业最多 {MOST_OPEN} 个账号；请先停用不用的账号。")
    # A firm's first account signs: somebody has to.
    asked = asked if clerks else Asked(asked.name, asked.email, signatory=True)
    row = {"id": invitation_id, "firm_id": firm.id, "name": asked.name}
    row |= {"email": seal_text(conn.vault, "clerk_invitations.email", invitation_id, asked.email)}
    row |= {"signatory": asked.signatory, "token_hash": token_hash(seal(invitation_id))}
    row |= {"inviter_id": by.viewer.id, "inviter_name": by.viewer.name, "created_at": at, "expires_at": until}
    await conn.execute(insert(ClerkInvitation).values(row))
    body = _BODY.format(name=asked.name, inviter=by.viewer.name, firm=firm.name, until=until.astimezone(BUSINESS_ZONE))
    await post(
        conn,
        letter(
            "clerk_invitation",
            str(invitation_id),
            to=asked.email,
            to_name=asked.name,
            subject=f"请开通“{firm.name}”的填报账号",
            body=body,
            use="join",
            link_id=invitation_id,
            at=at,
        ),
    )
    told = {"name": asked.name, "email": asked.email, "signatory": asked.signatory}
    made = event_row(
        "firm:clerk:invited", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.uscc, after=told
    )
    await record(conn, made)
    return invitation_id


async def revoke(conn: Conn, firm: FirmDetail, invitation_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    """Raises NotFound for one of another firm, or that is used or revoked."""
    i = ClerkInvitation
    mine = (i.id == invitation_id, i.firm_id == firm.id, i.used_at.is_(None), i.revoked_at.is_(None))
    done = await conn.execute(update(i).where(*mine).values(revoked_at=at))
    if done.rowcount == 0:
        raise NotFound("没有这个邀请，或者它已经用过、收回了。")
    ended = event_row(
        "firm:clerk:uninvited", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.uscc
    )
    await record(conn, ended)


async def accept(
    conn: Conn, token: str, opening: Opening, *, origin: Origin, at: datetime, cheap: bool = False
) -> Invitation:
    """Opens the account. Raises NotFound for a token that opens nothing, Invalid by field."""
    invitation = await invitation_by_token(conn, token, at=at)
    if invitation is None:
        raise NotFound(USED_UP)
    if opening.password != opening.again:
        raise Invalid({"again": "两次输入的口令不一样。"})
    newcomer = Actor(Viewer(uuid.UUID(int=0), "", opening.name or invitation.name, Role.FIRM), origin)
    await look_for(conn, replace(newcomer.viewer, firm_id=invitation.firm_id))
    account = Account(
        opening.login.strip().lower(),
        opening.name.strip() or invitation.name,
        Role.FIRM,
        unit=invitation.firm_name,
        email=invitation.email,
        firm_id=invitation.firm_id,
    )
    user_id = await add_user(
        conn, account, password=opening.password, must_change=False, by=newcomer, at=at, cheap=cheap
    )
    used = update(ClerkInvitation).where(ClerkInvitation.id == invitation.id, ClerkInvitation.used_at.is_(None))
    if (await conn.execute(used.values(used_at=at, used_by=user_id))).rowcount == 0:
        raise NotFound(USED_UP)  # two at the same moment with one link
    joined = Actor(Viewer(user_id, account.login, account.name, Role.FIRM, firm_id=invitation.firm_id), origin)
    if invitation.signatory:
        await appoint(conn, invitation.firm_id, user_id, by=joined, at=at)
    await _tell_of(conn, invitation, user_id, account.name, at=at)
    return invitation


async def _tell_of(conn: Conn, invitation: Invitation, user_id: uuid.UUID, name: str, *, at: datetime) -> None:
    """The inviter and the firm's others hear that somebody has joined: an account nobody knows of is seen at once."""
    others = {clerk.id for clerk in await clerks_of(conn, invitation.firm_id)} | {invitation.inviter_id} - {None}
    subject = f"{name} 开通了“{invitation.firm_name}”的填报账号"
    key = f"{invitation.id}"
    told = sorted(other for other in others if other is not None and other != user_id)
    await post(conn, *(notice("clerk_joined", key, to=other, subject=subject, at=at) for other in told))

"""A version out of force: asked for by one person, done by another, from a day on."""

import uuid
from datetime import date, datetime, timedelta

from app.access.terms import Actor
from app.assessments.noticing import tell_asker, tell_deciders
from app.assessments.publishing import (
    NOT_ASKED,
    check_what_counts,
    event_of,
    forget_counts,
    judge_everybody,
    of_policy_locked,
    other_than,
    set_state,
)
from app.assessments.terms import VersionOrigin, VersionState
from app.assessments.versions import Edition, version_by_id
from app.audit.service import record
from app.db import Conn
from app.errors import Conflict, Invalid
from app.policy.writing import body_of


async def ask_retirement(
    conn: Conn, version_id: uuid.UUID, *, on: date, reason: str, by: Actor, at: datetime, today: date
) -> Edition:
    """`on` is the first day on which the version no longer answers; never one that is past, which has its answers."""
    wrong = {} if reason else {"reason": "请写明停用的理由。"}
    edition = await version_by_id(conn, version_id, lock=True)
    if edition.state is not VersionState.PUBLISHED or edition.retirement is not None:
        raise Conflict(f"{edition.name} 现在不能申请停用，请刷新后再看。")
    if on < today:
        wrong["on"] = f"停用不能追溯：请选今天（{today}）或以后的日期。"
    elif on <= edition.version.effective_from:
        wrong["on"] = (
            f"停用日期要晚于生效日期 {edition.version.effective_from}；整份有误的，请发布同一天生效的更正版本。"
        )
    elif edition.version.effective_to is not None and on > edition.version.effective_to:
        wrong["on"] = f"这个版本到 {edition.version.effective_to} 为止，之后本来就不再有效。"
    if wrong:
        raise Invalid(wrong)
    await set_state(
        conn,
        edition,
        retire_on=on,
        retire_reason=reason,
        retire_asked_at=at,
        retire_asked_by=by.viewer.id,
        retire_asker_name=by.viewer.name,
    )
    asked = {"on": on.isoformat(), "reason": reason}
    await record(conn, event_of("policy:retirement:requested", edition, by=by, at=at, after=asked))
    await tell_deciders(conn, edition, f"申请自 {on} 起停用政策版本", by=by, at=at)
    return edition


async def retire(conn: Conn, version_id: uuid.UUID, *, agreed: bool, by: Actor, at: datetime, today: date) -> Edition:
    """The second person's yes or no. Days before the retirement keep their answers."""
    editions = await of_policy_locked(conn, version_id)
    edition = next(e for e in editions if e.id == version_id)
    asked = edition.retirement
    if edition.state is not VersionState.PUBLISHED or asked is None:
        raise Conflict(f"{edition.name} 没有等待停用的申请。")
    await other_than(conn, frozenset({asked.asked_by} if asked.asked_by else ()), by=by, at=at)
    if not agreed:
        await set_state(conn, edition, **NOT_ASKED)
        await record(conn, event_of("policy:retirement:refused", edition, by=by, at=at))
        await tell_asker(conn, edition, "不同意停用政策版本", by=by, at=at)
        return edition
    if asked.on < today:
        raise Conflict(f"申请停用的日期 {asked.on} 已经过去，停用不能追溯；请不同意它，由申请人另选日期。")
    ends = edition.version.effective_to
    if ends is not None and asked.on > ends:
        raise Conflict(f"{edition.name} 到 {ends} 为止，停用的申请已经没有意义，请不同意它。")
    body = body_of(edition.version) | {"effective_to": (asked.on - timedelta(days=1)).isoformat()}
    await set_state(
        conn,
        edition,
        state=VersionState.RETIRED,
        origin=VersionOrigin.BUREAU,
        body=body,
        retired_at=at,
        retired_by=by.viewer.id,
        retirer_name=by.viewer.name,
    )
    was = {"effective_to": edition.version.effective_to.isoformat() if edition.version.effective_to else None}
    now = {"effective_to": body["effective_to"], "reason": asked.reason}
    await record(conn, event_of("policy:version:retired", edition, by=by, at=at, before=was, after=now))
    await tell_asker(conn, edition, f"同意自 {asked.on} 起停用政策版本", by=by, at=at)
    await check_what_counts(conn, edition)
    await forget_counts(conn, editions, but=version_id)
    if asked.on <= today:
        await judge_everybody(conn)
    return edition

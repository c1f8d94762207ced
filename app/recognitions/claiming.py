"""A firm lays open what it holds, an officer verifies it; in between it counts for nothing.

Made by the firm's clerks, changed or taken back by them while it waits; accepted it stands in the ledger, with the
evidence that was seen.
"""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clerks.queries import clerks_of
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Refused, Stale
from app.firms.terms import FirmDetail
from app.outbox.writing import notice, post
from app.policy.figures import IpKind, ObtainedBy
from app.recognitions import registering
from app.recognitions.claims import NAMED, Claim, claim_by_id
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.recognitions.registering import NewCertificate
from app.recognitions.rights import HeldRight, locked_firm, note_rights, rights_of
from app.recognitions.terms import CertificateKind, ClaimKind, ClaimState

MOST_WAITING = 60
SOURCE = "企业登记，专员核实"
_RIGHT = ("kind", "number", "name", "obtained_by", "granted_on", "in_force", "used_in_hnte_year")
_CERTIFICATE = ("kind", "number", "issued_on", "expires_on", "revoked_on")


async def claim(
    conn: Conn,
    firm: FirmDetail,
    kind: ClaimKind,
    body: Mapping[str, Any],
    *,
    target: uuid.UUID | None = None,
    words: str = "",
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """Raises NotFound for a title that is not the firm's, Conflict when the same waits already."""
    await locked_firm(conn, firm.uscc, by)
    if target is not None:
        await _must_hold(conn, firm.id, kind, target)
    c = TitleClaim
    waiting = (c.firm_id == firm.id, c.state == ClaimState.WAITING.value)
    count = (await conn.execute(select(func.count()).where(*waiting))).scalar_one()
    if count >= MOST_WAITING:
        raise Refused(f"等待核实的已有 {count} 项，请等专员核实一些再登记。")
    same = c.target_id == target if target else c.body["number"].astext == body["number"]
    if (await conn.execute(select(c.id).where(*waiting, c.kind == kind.value, same))).first():
        raise Conflict("这一项已经登记，正在等专员核实；要改请在那一条里改。")
    claim_id = new_id()
    row = {"id": claim_id, "firm_id": firm.id, "kind": kind.value, "target_id": target, "body": dict(body)}
    row |= {"words": words, "created_at": at, "created_by": by.viewer.id, "creator_name": by.viewer.name}
    await conn.execute(insert(c).values(row))
    await _note(conn, "made", firm.id, firm.uscc, dict(body), by=by, at=at)
    if firm.officer_id is not None:
        what = f"{kind.label} {body['number']}"
        said = f"补充了{what}的证明材料" if body.keys() <= NAMED else f"登记了{what}"
        subject = f"{firm.name}{said}，请核实"
        told = notice("title_claimed", str(claim_id), to=firm.officer_id, subject=subject, at=at, page="/claims")
        await post(conn, told)
    return claim_id


async def _must_hold(conn: Conn, firm_id: uuid.UUID, kind: ClaimKind, title_id: uuid.UUID) -> None:
    """Raises NotFound for a title that is not in the ledger under the firm."""
    model: Any = Certificate if kind is ClaimKind.CERTIFICATE else IpRightRow
    if not (await conn.execute(select(model.id).where(model.id == title_id, model.firm_id == firm_id))).first():
        raise NotFound("台账里没有这一项。")


async def change(
    conn: Conn, claim_id: uuid.UUID, body: Mapping[str, Any], *, words: str, seen: int, by: Actor, at: datetime
) -> None:
    held = await _waiting(conn, claim_id, seen=seen, by=by)
    if held.kind is ClaimKind.CERTIFICATE and held.target_id is not None:
        raise Conflict("这一条只补充证明材料；台账里的证书有误，请联系责任专员更正。")
    c = TitleClaim
    await conn.execute(update(c).where(c.id == held.id).values(body=dict(body), words=words, version=held.version + 1))
    await _note(conn, "changed", held.firm_id, held.uscc, dict(body), before=held.body, by=by, at=at)


async def withdraw(conn: Conn, claim_id: uuid.UUID, *, seen: int, by: Actor, at: datetime) -> Claim:
    held = await _waiting(conn, claim_id, seen=seen, by=by)
    await _decide(conn, held, ClaimState.WITHDRAWN, "", by=by, at=at)
    await _note(conn, "withdrawn", held.firm_id, held.uscc, dict(held.body), by=by, at=at)
    return held


async def accept(conn: Conn, claim_id: uuid.UUID, *, seen: int, by: Actor, at: datetime) -> Claim:
    """What the officer saw enters the ledger. Raises Stale when the firm has changed it since, Conflict."""
    held = await _waiting(conn, claim_id, seen=seen, by=by)
    firm = await locked_firm(conn, held.uscc, by)
    if held.papers_only:
        await _still_held(conn, held)
    elif held.kind is ClaimKind.CERTIFICATE:
        new = certificate_of(held.body)
        await registering.register(conn, firm.uscc, new, by=by, at=at, under=held.id, source=SOURCE)
    else:
        await _enter_right(conn, firm, held, by=by, at=at)
    await _decide(conn, held, ClaimState.ACCEPTED, "", by=by, at=at)
    await _note(conn, "accepted", held.firm_id, held.uscc, dict(held.body), by=by, at=at)
    await _tell(conn, held, f"{held.title}已核实，进入台账", at=at)
    return held


async def refuse(conn: Conn, claim_id: uuid.UUID, *, reason: str, seen: int, by: Actor, at: datetime) -> Claim:
    held = await _waiting(conn, claim_id, seen=seen, by=by)
    await _decide(conn, held, ClaimState.REFUSED, reason, by=by, at=at)
    await _note(conn, "refused", held.firm_id, held.uscc, {**held.body, "reason": reason}, by=by, at=at)
    await _tell(conn, held, f"{held.title}没有通过核实：{reason[:80]}", at=at)
    return held


def certificate_of(body: Mapping[str, Any]) -> NewCertificate:
    issued, expires, revoked = (_day(body.get(f)) for f in _CERTIFICATE[2:])
    if issued is None or expires is None:
        raise ValueError("a claim's certificate has its dates")
    return NewCertificate(CertificateKind(body["kind"]), body["number"], issued, expires, revoked)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


async def _still_held(conn: Conn, held: Claim) -> None:
    try:
        await _must_hold(conn, held.firm_id, held.kind, held.object_id)
    except NotFound as error:
        raise Conflict("台账里已经没有这一项了。") from error


async def _enter_right(conn: Conn, firm: FirmDetail, held: Claim, *, by: Actor, at: datetime) -> None:
    values = {f: held.body.get(f) for f in _RIGHT} | {"granted_on": _day(held.body.get("granted_on"))}
    values |= {"source": SOURCE, "recorded_at": at, "recorded_by": by.viewer.id}
    r = IpRightRow
    there = await rights_of(conn, firm.id)
    used = next((one.used_in_hnte_year for one in there if one.id == held.target_id), None)
    if used not in (None, values["used_in_hnte_year"]):
        # Written down after the firm had asked, maybe: what has served a filing is freed by an officer with a reason.
        raise Conflict(
            f"台账里登记 {held.title} 已用于 {used} 年的申报，与这里不同；登记有误的，请先改正使用登记再核实。"
        )
    others = [one for one in there if one.id != held.target_id]
    if any((one.kind, one.number) == (values["kind"], values["number"]) for one in others):
        raise Conflict(f"台账里已经有 {held.title}。")
    if held.target_id is None:
        await conn.execute(insert(r).values(id=held.id, firm_id=firm.id, **values))
    elif not (
        await conn.execute(update(r).where(r.id == held.target_id, r.firm_id == firm.id).values(values))
    ).rowcount:
        raise Conflict("台账里已经没有这一项了。")
    way = values["obtained_by"]
    right = HeldRight(
        held.object_id,
        IpKind(str(values["kind"])),
        str(values["number"]),
        str(values["name"]),
        ObtainedBy(str(way)) if way else None,
        _day(held.body.get("granted_on")),
        held.body.get("in_force"),
        held.body.get("used_in_hnte_year"),
        SOURCE,
    )
    await note_rights(conn, "changed" if held.target_id else "registered", firm, [right], {}, by=by, at=at)


async def _waiting(conn: Conn, claim_id: uuid.UUID, *, seen: int, by: Actor) -> Claim:
    held = await claim_by_id(conn, claim_id, viewer=by.viewer, hold=True)
    if held is None:
        raise NotFound
    if held.state is not ClaimState.WAITING:
        raise Conflict(f"这一条现在是“{held.state.label}”，请刷新后再看。")
    if held.version != seen:
        raise Stale("这一条在您打开之后改过，请看过再办。")
    return held


async def _decide(conn: Conn, held: Claim, state: ClaimState, reason: str, *, by: Actor, at: datetime) -> None:
    values = {"state": state.value, "reason": reason, "decided_at": at}
    values |= {"decided_by": by.viewer.id, "decider_name": by.viewer.name}
    await conn.execute(update(TitleClaim).where(TitleClaim.id == held.id).values(values))


async def _note(
    conn: Conn,
    verb: str,
    firm_id: uuid.UUID,
    label: str,
    after: dict[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    by: Actor,
    at: datetime,
) -> None:
    done = event_row(
        f"firm:claim:{verb}",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm_id,
        object_label=label,
        before=before,
        after=after,
    )
    await record(conn, done)


async def _tell(conn: Conn, held: Claim, subject: str, *, at: datetime) -> None:
    people = await clerks_of(conn, held.firm_id)
    rows = [
        notice("claim_decided", str(held.id), to=one.id, subject=subject, at=at, page="/portal/titles")
        for one in people
    ]
    await post(conn, *rows)

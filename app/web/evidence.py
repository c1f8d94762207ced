"""Who may see and change the files of an object: whoever may see and change the object itself."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all

from app.access.terms import Permission, Viewer
from app.attachments.queries import attachment_by_id
from app.attachments.terms import Attachment, ObjectKind, Target
from app.db import Conn
from app.errors import Forbidden, Invalid, NotFound
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.locks import Lock, hold_part
from app.recognitions.claims import claim_by_id, judged_at
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.recognitions.papers import hold_waiting
from app.recognitions.terms import ClaimKind, ClaimState
from app.reports.catalogue import Form
from app.reports.models import Submission
from app.reports.queries import filing_by_id
from app.work.models import FirmNeed, FirmVisit

_P = Permission


@dataclass(frozen=True, slots=True)
class Hold:
    """What somebody may do with an object's files. `sealed`: what was there then cannot be taken off any more;
    `seen`: what came later is not shown yet."""

    target: Target
    back: str
    title: str
    may_change: bool
    sealed: datetime | None = None
    seen: datetime | None = None
    form: tuple[str, int] | None = None  # by its questions a report's files are kept
    claimed: ClaimKind | None = None  # evidence that somebody verifies
    firm: str = ""  # whose it is, where the title does not say so
    held: bool = False  # of what the ledger has already: what comes to it now is verified again

    @property
    def page(self) -> str:
        """Where its files are listed; a form's stand by its sections."""
        target = self.target
        return self.back if target.kind is ObjectKind.REPORT else f"/files/on/{target.kind.value}/{target.id}"

    @property
    def by_camera(self) -> bool:
        """What an officer finds on a table is photographed with the phone."""
        return self.target.kind in (ObjectKind.VISIT, ObjectKind.NEED)

    def shows(self, file: Attachment) -> bool:
        return self.seen is None or file.created_at <= self.seen

    def unverified(self, file: Attachment) -> bool:
        """Nobody has judged with it in sight."""
        return self.claimed is not None and (self.sealed is None or file.created_at > self.sealed)

    def may_remove(self, file: Attachment) -> bool:
        return self.may_change and (self.sealed is None or file.created_at > self.sealed)


def places_of(form: Form, asked: Collection[str] = ()) -> list[tuple[str, str]]:
    """What a form's file may belong to: a section, what policies read, and what was asked back."""
    found = []
    for section in form.sections:
        found.append((section.code, section.title))
        if not section.group:
            found += [(q.code, f"　{q.label}") for q in section.questions if q.policy or q.code in asked]
    return found


def must_belong(target: Target, form: Form | None) -> None:
    """A file of a form belongs to a section or a question of it; every other object is of one piece. Raises Invalid."""
    known = {""} if form is None else {s.code for s in form.sections} | form.questions.keys()
    if target.place not in known:
        raise Invalid({"place": "请选择文件属于填报表的哪一项。" if form else "这里的文件不分项。"})


def by_place(files: Sequence[Attachment], form: Form) -> list[tuple[str, list[Attachment]]]:
    """In the form's order; what belongs to nothing that it asks comes last."""
    labels = {s.code: s.title for s in form.sections} | {q.code: q.label for q in form.questions.values()}
    order = {code: n for n, code in enumerate(labels)}
    held: dict[str, list[Attachment]] = {}
    for file in sorted(files, key=lambda f: order.get(f.place, len(order))):
        held.setdefault(labels.get(file.place, "其他"), []).append(file)
    return list(held.items())


def _must(viewer: Viewer, permission: Permission) -> None:
    if not viewer.may(permission):
        raise Forbidden


async def _report(conn: Conn, object_id: uuid.UUID, viewer: Viewer, *, lock: bool = False) -> Hold:
    filing = await filing_by_id(conn, object_id, viewer=viewer, hold=lock)
    if filing is None:
        raise NotFound
    _must(viewer, _P.ASSESSMENT_READ)
    target = Target(ObjectKind.REPORT, filing.id, filing.firm_id, filing.uscc)
    title = f"{filing.name}的证明材料"
    if viewer.firm_id == filing.firm_id:
        back = f"{filing.href}/evidence"
        may, form = viewer.may(_P.PORTAL) and filing.editable, (filing.form, filing.form_version)
        return Hold(target, back, title, may, sealed=filing.submitted_at, form=form)
    if not filing.round:  # a draft is nobody else's to know of
        raise NotFound
    return Hold(target, f"/reviews/{filing.id}", title, may_change=False, seen=filing.submitted_at)


async def _of_firm(conn: Conn, model: Any, object_id: uuid.UUID, viewer: Viewer) -> Any:
    query = select(Firm.id, Firm.uscc, Firm.name).join(model, model.firm_id == Firm.id)
    row = (await conn.execute(query.where(model.id == object_id, visible_to(viewer)))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _title(
    conn: Conn, model: Any, object_id: uuid.UUID, viewer: Viewer
) -> tuple[uuid.UUID, str, ClaimState | None]:
    """A title of the ledger, or one that is only claimed: then with the claim's state."""
    try:
        firm_id, uscc, _ = await _of_firm(conn, model, object_id, viewer)
    except NotFound:
        claim = await claim_by_id(conn, object_id, viewer=viewer)
        kind = ClaimKind.IP_RIGHT if model is IpRightRow else ClaimKind.CERTIFICATE
        if claim is None or claim.kind is not kind or claim.target_id is not None:
            raise
        return claim.firm_id, claim.uscc, claim.state
    return firm_id, uscc, None


async def _title_hold(conn: Conn, kind: ObjectKind, object_id: uuid.UUID, viewer: Viewer, *, lock: bool) -> Hold:
    model = _TITLES[kind]
    found = await _title(conn, model, object_id, viewer)
    if lock:
        await hold_part(conn, Lock.FILES, str(object_id))
        await hold_waiting(conn, object_id)
        found = await _title(conn, model, object_id, viewer)
    firm_id, uscc, state = found
    _must(viewer, _P.ASSESSMENT_READ)
    own = viewer.firm_id == firm_id and viewer.may(_P.PORTAL)
    back = "/portal/titles" if own else f"/firms/{uscc}/rights" if model is IpRightRow else f"/firms/{uscc}"
    back = f"/claims/{object_id}" if state and viewer.may(_P.FIRM_CERTIFY) else back
    may = own and state in (None, ClaimState.WAITING)
    target, claimed = Target(kind, object_id, firm_id, uscc), ClaimKind(kind.value)
    sealed = await judged_at(conn, object_id)
    return Hold(target, back, f"{kind.label}的证明材料", may, sealed=sealed, claimed=claimed, held=state is None)


async def _work_hold(conn: Conn, kind: ObjectKind, object_id: uuid.UUID, viewer: Viewer) -> Hold:
    firm_id, uscc, name = await _of_firm(conn, _WORK[kind], object_id, viewer)
    _must(viewer, _P.FIRM_INTERNAL)
    back = f"/firms/{uscc}/needs/{object_id}" if kind is ObjectKind.NEED else f"/firms/{uscc}/work"
    target, may = Target(kind, object_id, firm_id, uscc), viewer.may(_P.FIRM_NOTE)
    return Hold(target, back, f"{kind.label}的附件", may, firm=name)


_TITLES: dict[ObjectKind, Any] = {ObjectKind.CERTIFICATE: Certificate, ObjectKind.IP_RIGHT: IpRightRow}
_WORK: dict[ObjectKind, Any] = {ObjectKind.VISIT: FirmVisit, ObjectKind.NEED: FirmNeed}
_OBJECTS: tuple[Any, ...] = (Submission, TitleClaim, *_TITLES.values(), *_WORK.values())


async def file_in_sight(conn: Conn, attachment_id: uuid.UUID, *, viewer: Viewer, hold: bool = False) -> Attachment:
    """Raises NotFound: of a file on what is out of sight by the same one statement as of a file that is not there."""
    objects = union_all(*(select(m.id, m.firm_id) for m in _OBJECTS)).subquery()

    def in_sight(object_id: Any) -> Any:
        seen = select(objects.c.id).join(Firm, Firm.id == objects.c.firm_id)
        return seen.where(objects.c.id == object_id, visible_to(viewer)).exists()

    file = await attachment_by_id(conn, attachment_id, on=in_sight, hold=hold)
    if file is None:
        raise NotFound
    return file


async def hold_on(conn: Conn, kind: ObjectKind, object_id: uuid.UUID, *, viewer: Viewer, lock: bool = False) -> Hold:
    """Raises NotFound for what is out of the viewer's sight, Forbidden for what their role may not see.

    `lock`: a form is not handed in, nor a title verified, until what is done with its files is over.
    """
    if kind is ObjectKind.REPORT:
        return await _report(conn, object_id, viewer, lock=lock)
    if kind in _TITLES:
        return await _title_hold(conn, kind, object_id, viewer, lock=lock)
    return await _work_hold(conn, kind, object_id, viewer)

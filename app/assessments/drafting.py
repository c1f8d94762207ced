"""Drafts of policies: copied from a version or brought as a file, changed, given up. Nothing here counts for a firm."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor
from app.assessments.models import PolicyVersion
from app.assessments.terms import VersionOrigin, VersionState
from app.assessments.versions import Edition, list_versions, version_by_id
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, Refused, Stale
from app.outages import constraint_of
from app.policy.criteria import BaseCriterion
from app.policy.differences import compare
from app.policy.packs import Pack, Version, faults_at_the_door
from app.policy.writing import body_of
from app.text import DateError, parse_date

_LARGEST = Decimal(10) ** 15
_FINEST = -12
LONGEST_NAME = 40
# Every example is run each time the version is shown, every condition for every firm.
MOST_EXAMPLES, MOST_CONDITIONS = 60, 200


async def copy(conn: Conn, version_id: uuid.UUID, *, by: Actor, at: datetime) -> uuid.UUID:
    """A draft of the same text under a name of its own; that somebody confirmed the source is not copied."""
    source = await version_by_id(conn, version_id)
    text = source.version
    draft = text.model_copy(
        update={
            "version": await _free_name(conn, source.policy, text.version),
            "source": text.source.model_copy(update={"confirmed_by": ""}),
        }
    )
    return await _draft(conn, source.pack, draft, by=by, at=at, origin={"copy_of": text.version})


async def _free_name(conn: Conn, policy: str, name: str) -> str:
    taken = {edition.version.version for edition in await list_versions(conn, policy=policy)}
    base = name[: LONGEST_NAME - 5]
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)


async def bring(conn: Conn, pack: Pack, *, by: Actor, at: datetime) -> list[Edition]:
    """A file's versions as drafts: new ones, and drafts of the same name that say something else.

    What is the same is left alone. Raises Refused for a text that has been submitted or published otherwise.
    """
    known = {edition.version.version: edition for edition in await list_versions(conn, policy=pack.policy)}
    for edition in known.values():
        if (edition.title, edition.subject) != (pack.title, pack.subject):
            raise Refused(f"系统里的 {pack.policy} 是“{edition.title}”，和文件里的名称或对象不同。")
    fixed = [
        f"{one.version} {known[one.version].state.label}，内容与文件里的不同。"
        for one in pack.versions
        if (had := known.get(one.version)) and had.state is not VersionState.DRAFT and had.version != one
    ]
    if fixed:
        raise Refused("已提交或发布的版本不能用文件改写，请在文件里换一个版本号。", reasons=fixed)
    written = []
    for text in pack.versions:
        had = known.get(text.version)
        if had is None:
            written.append(await _draft(conn, pack, text, by=by, at=at, origin={"file": True}))
        elif had.version != text and await save(conn, had.id, text, row_version=had.row_version, by=by, at=at):
            written.append(had.id)
    return [await version_by_id(conn, one) for one in written]


async def _draft(
    conn: Conn, pack: Pack, version: Version, *, by: Actor, at: datetime, origin: Mapping[str, Any]
) -> uuid.UUID:
    check(version)
    draft_id = new_id()
    with _explained():
        await conn.execute(
            insert(PolicyVersion).values(
                id=draft_id,
                policy=pack.policy,
                version=version.version,
                title=pack.title,
                subject=pack.subject,
                state=VersionState.DRAFT.value,
                origin=VersionOrigin.BUREAU.value,
                body=body_of(version),
                created_at=at,
                created_by=by.viewer.id,
                author_name=by.viewer.name,
            )
        )
    drafted = event_row(
        "policy:version:drafted",
        by=by,
        at=at,
        object_type="policy",
        object_id=draft_id,
        object_label=f"{pack.title} {version.version}",
        after=origin,
    )
    await record(conn, drafted)
    return draft_id


async def save(
    conn: Conn, version_id: uuid.UUID, version: Version, *, row_version: int, by: Actor, at: datetime
) -> bool:
    """False when nothing is different. Raises Stale when somebody else has changed the draft since it was shown."""
    edition = await draft_to_change(conn, version_id, row_version=row_version)
    check(version)
    if version == edition.version:
        return False
    with _explained():
        await conn.execute(
            update(PolicyVersion)
            .where(PolicyVersion.id == version_id)
            .values(
                version=version.version,
                body=body_of(version),
                origin=VersionOrigin.BUREAU.value,
                row_version=PolicyVersion.row_version + 1,
                editors=_with(edition, by),
            )
        )
    before, after = _told(edition.version, version)
    await record(conn, _event("policy:version:edited", edition, by=by, at=at, before=before, after=after))
    return True


async def draft_to_change(conn: Conn, version_id: uuid.UUID, *, row_version: int) -> Edition:
    edition = still_draft(await version_by_id(conn, version_id, lock=True))
    if edition.row_version != row_version:
        raise Stale("这份草稿刚被改过（可能在另一个窗口里），这一次没有保存。请看过现在的内容后再改。")
    return edition


def still_draft(edition: Edition) -> Edition:
    if edition.state is not VersionState.DRAFT:
        raise Conflict(f"{edition.name} 现在是“{edition.state.label}”，正文不能再改；要改请复制为新的草稿。")
    return edition


async def discard(conn: Conn, version_id: uuid.UUID, *, row_version: int, by: Actor, at: datetime) -> Edition:
    """The draft goes; the trail keeps its text."""
    edition = await draft_to_change(conn, version_id, row_version=row_version)
    if edition.origin is VersionOrigin.SEED:
        raise Refused("随系统提供的草稿下次载入时还会出现，不必删去；不发布它就不起作用。")
    await conn.execute(delete(PolicyVersion).where(PolicyVersion.id == version_id))
    gone = _event("policy:version:discarded", edition, by=by, at=at, before={"text": body_of(edition.version)})
    await record(conn, gone)
    return edition


def check(version: Version) -> None:
    """What the models let through and no policy has. Raises Invalid."""
    if len(version.version) > LONGEST_NAME:
        raise Invalid({"version": f"版本号最多 {LONGEST_NAME} 个字。"})
    if len(version.examples) > MOST_EXAMPLES:
        raise Invalid({"examples": f"一个版本最多 {MOST_EXAMPLES} 个算例。"})
    if _how_many(version.criteria) > MOST_CONDITIONS:
        raise Invalid({"criteria": f"一个版本最多 {MOST_CONDITIONS} 项条件，连同组成条件。"})
    if any(abs(number) >= _LARGEST or _places(number) < _FINEST for number in _numbers(version.model_dump())):
        raise Invalid({"": "有一个数太大，或者小数位太多。"})
    _check_days(version)
    if faults := faults_at_the_door(version):
        raise Invalid(faults)
    names = [example.name for example in version.examples]
    if len(set(names)) < len(names):
        raise Invalid({"": "有两个算例同名，请改其中一个的名称。"})


def _how_many(criteria: Sequence[BaseCriterion]) -> int:
    return sum(1 + _how_many(criterion.parts_of()) for criterion in criteria)


def _check_days(version: Version) -> None:
    """A file may hold any day of the calendar; the day before the first and after the last of them there is none."""
    days = {"effective_from": version.effective_from}
    days |= {"effective_to": version.effective_to} if version.effective_to else {}
    days |= {f"examples.{n}.as_of": example.as_of for n, example in enumerate(version.examples)}
    faults = {}
    for path, day in days.items():
        try:
            parse_date(day)
        except DateError as error:
            faults[path] = str(error)
    if faults:
        raise Invalid(faults)


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else _FINEST - 1


def _numbers(value: Any) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)


def _with(edition: Edition, by: Actor) -> list[uuid.UUID]:
    return sorted({*edition.editors, by.viewer.id})


def _told(before: Version, after: Version) -> tuple[dict[str, str], dict[str, str]]:
    """What differs, by the words that people read."""
    found = compare(before, after)
    rows = [(label, was, now) for label, was, now in found.head]
    rows += [(f"{d.title} · {label}", was, now) for d in found.changed for label, was, now in d.rows]
    return {label: was for label, was, _ in rows}, {label: now for label, _, now in rows}


def _event(action: str, edition: Edition, *, by: Actor, at: datetime, **more: Any) -> dict[str, Any]:
    return event_row(
        action, by=by, at=at, object_type="policy", object_id=edition.id, object_label=edition.name, **more
    )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) != "uq_policy_versions_policy_version":
            raise
        raise Invalid({"version": "这项政策已有同名的版本，请换一个版本号。"}) from error

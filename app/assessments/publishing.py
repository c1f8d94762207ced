"""From a draft to what counts: submitted by who drafted it, published or sent back by another."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.second_person import must_be_in_other_hands
from app.access.sight import beyond_sight
from app.access.terms import TOWN_DIGITS, Actor
from app.assessments.impacts import Impact, ask_impact, impact_of
from app.assessments.models import ChangedFirm, PolicyImpact, PolicyVersion
from app.assessments.noticing import tell_deciders, tell_drafters
from app.assessments.terms import VersionOrigin, VersionState
from app.assessments.versions import Edition, list_versions, pack_of, version_by_id
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Conflict, Forbidden, Invalid, Refused
from app.firms.models import Firm
from app.policy.examples import failures
from app.policy.packs import Version
from app.policy.terms import LOCAL_DEFAULT, Grade
from app.policy.writing import body_of

_DAY = timedelta(days=1)
COUNT_KEEPS = timedelta(days=7)  # so long a counted impact may be published on; firms' figures change meanwhile
# A retirement that nobody asks for any more.
NOT_ASKED: Mapping[str, Any] = {
    "retire_on": None,
    "retire_reason": "",
    "retire_asked_at": None,
    "retire_asked_by": None,
    "retire_asker_name": "",
}


@dataclass(frozen=True, slots=True)
class Succession:
    """What publishing would do to the versions that count now; `against` says why it cannot be done."""

    ended: tuple[Edition, ...] = ()  # the day before this one begins
    undone: tuple[Edition, ...] = ()  # begin on the same day: corrected, so never in force
    against: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def succession(edition: Edition, others: Sequence[Edition]) -> Succession:
    """Of the published versions of the policy, those that answer for the same days and cases."""
    new = edition.version
    ended, undone, against, gaps = [], [], [], []
    for other in others:
        old = other.version
        if other.id == edition.id or not other.counts or not _meet(new, old):
            continue
        name = f"{old.version}（{old.effective_from} 至 {old.effective_to or '今'}）"
        if old.region != new.region:
            against.append(f"{name} 的适用区划是“{old.region or '全国'}”，与本版本不同；同一天只能有一个版本。")
        elif set(old.cases) != set(new.cases):
            against.append(f"{name} 的适用情形与本版本不同又有重叠；请让两者一致或互不相干。")
        elif old.effective_from == new.effective_from:
            undone.append(other)
        elif old.effective_from < new.effective_from:
            ended.append(other)
        else:
            against.append(f"{name} 在本版本之后生效；请把本版本的有效期写到 {old.effective_from - _DAY}。")
        if new.effective_to and (old.effective_to is None or old.effective_to > new.effective_to):
            gaps.append(f"{new.effective_to + _DAY} 起没有有效的版本：{old.version} 会被取代，而本版本到此为止。")
    return Succession(tuple(ended), tuple(undone), tuple(against), tuple(gaps))


def _meet(one: Version, other: Version) -> bool:
    shared = not one.cases or not other.cases or bool(set(one.cases) & set(other.cases))
    before = one.effective_to is not None and one.effective_to < other.effective_from
    after = other.effective_to is not None and other.effective_to < one.effective_from
    return shared and not before and not after


def hindrances(edition: Edition, others: Sequence[Edition]) -> list[str]:
    """Why the version cannot be published as it stands; the same for who submits and for who publishes."""
    wrong = list(succession(edition, others).against)
    if not edition.version.examples:
        wrong.append("还没有算例：至少写一个能按文件核对的例子。")
    if edition.version.source.grade == Grade.DEFAULT and edition.version.official:
        wrong.append(f"来源等级是系统默认，标注要写“{LOCAL_DEFAULT}”；有了公布的文件，请改来源等级。")
    for name, sentences in failures(edition.pack, edition.version).items():
        wrong += [f"算例“{name}”：{sentence}" for sentence in sentences]
    return wrong


async def submit(
    conn: Conn, version_id: uuid.UUID, *, row_version: int, by: Actor, at: datetime, today: date
) -> Edition:
    edition = await version_by_id(conn, version_id, lock=True)
    if edition.state is not VersionState.DRAFT or edition.row_version != row_version:
        raise Conflict("这份草稿刚被改过或已提交，请看过现在的内容后再提交。")
    if wrong := hindrances(edition, await list_versions(conn, policy=edition.policy)):
        raise Refused("还不能提交。", reasons=wrong)
    await set_state(
        conn,
        edition,
        state=VersionState.SUBMITTED,
        origin=VersionOrigin.BUREAU,
        submitted_at=at,
        submitted_by=by.viewer.id,
        submitter_name=by.viewer.name,
    )
    await record(conn, event_of("policy:version:submitted", edition, by=by, at=at))
    await ask_impact(conn, edition, at=at, today=today)
    await tell_deciders(conn, edition, "提交了政策版本，等待发布", by=by, at=at)
    return edition


async def withdraw(conn: Conn, version_id: uuid.UUID, *, by: Actor, at: datetime) -> Edition:
    """The drafters take it back, to change it further."""
    edition = await _submitted(conn, version_id)
    await set_state(conn, edition, state=VersionState.DRAFT)
    await record(conn, event_of("policy:version:withdrawn", edition, by=by, at=at))
    return edition


async def send_back(conn: Conn, version_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> Edition:
    if not reason:
        raise Invalid({"reason": "请写明退回的理由。"})
    edition = await _submitted(conn, version_id)
    await second_person(conn, edition, by=by, at=at)
    await set_state(
        conn,
        edition,
        state=VersionState.DRAFT,
        returned_at=at,
        returner_name=by.viewer.name,
        return_reason=reason,
    )
    await record(conn, event_of("policy:version:returned", edition, by=by, at=at, after={"reason": reason}))
    await tell_drafters(conn, edition, f"退回了政策版本（{reason[:60]}）", by=by, at=at)
    return edition


async def publish(conn: Conn, version_id: uuid.UUID, *, by: Actor, at: datetime, today: date) -> Edition:
    """Ends what it replaces, and every firm is judged again at once if it counts today already."""
    editions = await of_policy_locked(conn, version_id)
    edition = next(e for e in editions if e.id == version_id)
    if edition.state is not VersionState.SUBMITTED:
        raise Conflict(f"{edition.name} 现在是“{edition.state.label}”，没有等待发布。")
    await second_person(conn, edition, by=by, at=at)
    wrong = hindrances(edition, editions)
    wrong += _uncounted(edition, await impact_of(conn, version_id), at=at)
    if wrong:
        raise Refused("还不能发布。", reasons=wrong)
    after = succession(edition, editions)
    for old in after.undone:
        await _undo(conn, old, edition, by=by, at=at)
    for old in after.ended:
        await _end(conn, old, edition, by=by, at=at)
    await set_state(
        conn,
        edition,
        state=VersionState.PUBLISHED,
        published_at=at,
        published_by=by.viewer.id,
        publisher_name=by.viewer.name,
    )
    replaced = [old.version.version for old in (*after.undone, *after.ended)]
    published = {"text": body_of(edition.version), "replaces": replaced}
    await record(conn, event_of("policy:version:published", edition, by=by, at=at, after=published))
    await check_what_counts(conn, edition)
    await forget_counts(conn, editions, but=version_id)
    if edition.version.effective_from <= today:
        await judge_everybody(conn)
    await tell_drafters(conn, edition, "发布了政策版本", by=by, at=at)
    return edition


async def _end(conn: Conn, old: Edition, new: Edition, *, by: Actor, at: datetime) -> None:
    last = new.version.effective_from - _DAY
    body = body_of(old.version) | {"effective_to": last.isoformat()}
    asked = old.retirement
    overtaken = old.state is VersionState.PUBLISHED and asked is not None and asked.on > last
    # From here on the bureau looks after it: loading the seeds again must not open it anew.
    await set_state(conn, old, body=body, origin=VersionOrigin.BUREAU, **(NOT_ASKED if overtaken else {}))
    was = {"effective_to": old.version.effective_to.isoformat() if old.version.effective_to else None}
    now = {"effective_to": last.isoformat(), "by": new.version.version}
    await record(conn, event_of("policy:version:replaced", old, by=by, at=at, before=was, after=now))


async def _undo(conn: Conn, old: Edition, new: Edition, *, by: Actor, at: datetime) -> None:
    reason = f"由 {new.version.version} 更正"
    await set_state(
        conn,
        old,
        state=VersionState.RETIRED,
        origin=VersionOrigin.BUREAU,
        retire_on=old.version.effective_from,
        retire_reason=reason,
        retired_at=at,
        retired_by=by.viewer.id,
        retirer_name=by.viewer.name,
    )
    await record(
        conn, event_of("policy:version:replaced", old, by=by, at=at, after={"corrected_by": new.version.version})
    )


def _uncounted(edition: Edition, impact: Impact | None, *, at: datetime) -> list[str]:
    if impact is None or impact.finished_at is None or impact.text_hash != edition.text_hash:
        return ["影响还没有算完，请等算完、看过之后再发布。"]
    if at - impact.finished_at > COUNT_KEEPS:
        days = (at - impact.finished_at).days
        return [f"影响是 {days} 天前算的，企业的数据可能已经变了；请起草人重新“计算影响”，看过之后再发布。"]
    return []


async def second_person(conn: Conn, edition: Edition, *, by: Actor, at: datetime) -> None:
    await other_than(conn, edition.drafters, by=by, at=at)


async def other_than(conn: Conn, people: frozenset[uuid.UUID], *, by: Actor, at: datetime) -> None:
    """Another person, not only another account: one that the first has just opened or reset is still in their hand."""
    if by.viewer.id in people:
        raise Forbidden("起草、修改或提交过的人不能自己办这一步，请由另一个账号来办。")
    await must_be_in_other_hands(conn, people, whose="起草或申请的人", by=by, at=at)
    # A policy counts for the whole county, so a town's own person does not decide on it.
    if len(by.viewer.scope) >= TOWN_DIGITS:
        raise Forbidden("政策适用于全市，请由管辖全市的局领导来办。")


async def _submitted(conn: Conn, version_id: uuid.UUID) -> Edition:
    edition = await version_by_id(conn, version_id, lock=True)
    if edition.state is not VersionState.SUBMITTED:
        raise Conflict(f"{edition.name} 现在是“{edition.state.label}”，没有等待发布。")
    return edition


async def of_policy_locked(conn: Conn, version_id: uuid.UUID) -> list[Edition]:
    """All versions of its policy, so that two that are published at once see each other."""
    policy = (await version_by_id(conn, version_id)).policy
    locked = select(PolicyVersion.id).where(PolicyVersion.policy == policy).order_by(PolicyVersion.id)
    await conn.execute(locked.with_for_update())
    return await list_versions(conn, policy=policy)


async def check_what_counts(conn: Conn, edition: Edition) -> None:
    """What counts from now on is read as every page reads it, before anybody does."""
    counting = [e.version for e in await list_versions(conn, policy=edition.policy) if e.counts]
    try:
        if counting:
            pack_of(edition, counting)
    except ValidationError as error:
        raise Refused("这样一来同一天会有两个版本，没有办成。") from error


async def forget_counts(conn: Conn, editions: Sequence[Edition], *, but: uuid.UUID) -> None:
    """What others would change is counted against what counts, and that is another text now."""
    others = [e.id for e in editions if e.id != but]
    await conn.execute(delete(PolicyImpact).where(PolicyImpact.version_id.in_(others)))


async def judge_everybody(conn: Conn) -> None:
    everybody = insert(ChangedFirm).from_select(["firm_id"], select(Firm.id).order_by(Firm.id))
    # Who waits already is held fast too: taken and judged before this commits, it would be judged by the old text.
    again = everybody.on_conflict_do_update(index_elements=[ChangedFirm.firm_id], set_={"at": ChangedFirm.at})
    async with beyond_sight(conn):  # whoever publishes need not see whom it concerns
        await conn.execute(again)


async def set_state(conn: Conn, edition: Edition, **values: Any) -> None:
    plain = {
        name: value.value if isinstance(value, VersionState | VersionOrigin) else value
        for name, value in values.items()
    }
    await conn.execute(
        update(PolicyVersion)
        .where(PolicyVersion.id == edition.id)
        .values(**plain, row_version=PolicyVersion.row_version + 1)
    )


def event_of(action: str, edition: Edition, *, by: Actor, at: datetime, **more: Any) -> dict[str, Any]:
    return event_row(
        action, by=by, at=at, object_type="policy", object_id=edition.id, object_label=edition.name, **more
    )

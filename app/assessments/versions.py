"""Reads of policies' versions: as they are kept, and as the engine would judge by them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import orjson
from sqlalchemy import RowMapping, case, select

from app.assessments.models import PolicyVersion
from app.assessments.terms import VersionOrigin, VersionState
from app.db import Conn
from app.errors import NotFound
from app.policy.packs import Pack, Version


@dataclass(frozen=True, slots=True)
class Return:
    """A submitted version that came back."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retirement:
    """From `on` the version no longer answers; until somebody else agrees, it is only asked for."""

    on: date
    reason: str
    asked_at: datetime
    asked_by: uuid.UUID | None
    asker_name: str
    done_at: datetime | None
    doer_name: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A version with how it came about."""

    id: uuid.UUID
    policy: str
    title: str
    subject: str
    state: VersionState
    origin: VersionOrigin
    version: Version
    row_version: int
    created_at: datetime
    created_by: uuid.UUID | None
    author_name: str
    editors: frozenset[uuid.UUID]
    submitted_at: datetime | None
    submitted_by: uuid.UUID | None
    submitter_name: str
    published_at: datetime | None
    publisher_name: str
    returned: Return | None
    retirement: Retirement | None

    @property
    def name(self) -> str:
        return f"{self.title} {self.version.version}"

    @property
    def drafters(self) -> frozenset[uuid.UUID]:
        """Whoever had a hand in the text: another person than these must publish it."""
        return self.editors | {person for person in (self.created_by, self.submitted_by) if person}

    @property
    def counts(self) -> bool:
        """Answers on the days it is for: published, or retired only after it had begun."""
        if self.state is VersionState.RETIRED:
            return self.retirement is not None and self.retirement.on > self.version.effective_from
        return self.state is VersionState.PUBLISHED

    @property
    def text_hash(self) -> str:
        return hash_of(self.version)

    @property
    def pack(self) -> Pack:
        """This version alone, whatever the others say."""
        return pack_of(self, [self.version])

    def status(self, today: date) -> str:
        """The state, and of one that counts whether it answers on the day: so it does until its retirement begins."""
        ended = self.version.effective_to is not None and self.version.effective_to < today
        if not self.counts or (ended and self.state is VersionState.RETIRED):
            return self.state.label
        if today < self.version.effective_from:
            return "尚未生效"
        return "已失效" if ended else "现行有效"


def hash_of(version: Version) -> str:
    return sha256(orjson.dumps(version.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def pack_of(edition: Edition, versions: Sequence[Version]) -> Pack:
    return Pack.model_validate(
        {"policy": edition.policy, "title": edition.title, "subject": edition.subject, "versions": list(versions)}
    )


async def list_versions(conn: Conn, *, policy: str | None = None) -> list[Edition]:
    """By policy, the newest text first."""
    query = select(PolicyVersion.__table__)
    if policy is not None:
        query = query.where(PolicyVersion.policy == policy)
    found = [_edition(row) for row in (await conn.execute(query)).mappings()]
    found.sort(key=lambda e: (e.version.effective_from, e.version.version), reverse=True)
    return sorted(found, key=lambda e: e.policy)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A version that waits for a second person, and since when: to be published, or to be retired."""

    id: uuid.UUID
    title: str
    version: str
    retiring: bool
    asked_by: str
    asked_at: datetime


async def undecided(conn: Conn) -> list[Undecided]:
    """The longest waiting first."""
    v = PolicyVersion
    submitted = v.state == VersionState.SUBMITTED.value
    asked_at = case((submitted, v.submitted_at), else_=v.retire_asked_at)
    query = (
        select(
            v.id,
            v.title,
            v.version,
            ~submitted,
            case((submitted, v.submitter_name), else_=v.retire_asker_name),
            asked_at,
        )
        .where(submitted | ((v.state == VersionState.PUBLISHED.value) & v.retire_asked_at.is_not(None)))
        .order_by(asked_at)
    )
    return [Undecided(*row) for row in await conn.execute(query)]


async def version_by_id(conn: Conn, version_id: uuid.UUID, *, lock: bool = False) -> Edition:
    """Raises NotFound. With `lock` nobody else changes the version until the transaction ends."""
    query = select(PolicyVersion.__table__).where(PolicyVersion.id == version_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有这个政策版本，可能已被删去。")
    return _edition(row)


def _edition(row: RowMapping) -> Edition:
    same = {name: row[name] for name in _SAME}
    return Edition(
        **same,
        state=VersionState(row["state"]),
        origin=VersionOrigin(row["origin"]),
        version=Version.model_validate(row["body"]),
        editors=frozenset(row["editors"]),
        returned=Return(row["returned_at"], row["returner_name"], row["return_reason"]) if row["returned_at"] else None,
        retirement=_retirement(row),
    )


_SAME = (
    *("id", "policy", "title", "subject", "row_version", "created_at", "created_by", "author_name", "submitted_at"),
    *("submitted_by", "submitter_name", "published_at", "publisher_name"),
)


def _retirement(row: RowMapping) -> Retirement | None:
    if row["retire_on"] is None:
        return None
    return Retirement(
        row["retire_on"],
        row["retire_reason"],
        row["retire_asked_at"],
        row["retire_asked_by"],
        row["retire_asker_name"],
        row["retired_at"],
        row["retirer_name"],
    )

"""The policies in force, out of the database: what is published there is what every gate and page judges by."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Date, and_, cast, insert, or_, select, update

from app.assessments.models import PolicyVersion
from app.assessments.terms import VersionOrigin, VersionState
from app.db import Conn, new_id
from app.policy.packs import Pack, Version
from app.policy.policies import Policies
from app.policy.writing import body_of
from app.statements import Kept

_COUNTS = or_(
    PolicyVersion.state == VersionState.PUBLISHED.value,
    # Retired after it had begun: it still answers for the days before.
    and_(
        PolicyVersion.state == VersionState.RETIRED.value,
        PolicyVersion.retire_on > cast(PolicyVersion.body["effective_from"].astext, Date),
    ),
)
# Whoever changes a version counts its `row_version` up: that nothing has changed is known without reading the texts.
_MARKS = (
    select(PolicyVersion.id, PolicyVersion.row_version)
    .where(_COUNTS)
    .order_by(PolicyVersion.policy, PolicyVersion.version)
)
_MARKS_KEPT = Kept(_MARKS)  # every move asks for them
_PUBLISHED = _MARKS.add_columns(PolicyVersion.policy, PolicyVersion.title, PolicyVersion.subject, PolicyVersion.body)


_OPEN = (VersionState.DRAFT, VersionState.SUBMITTED)


async def load_policies(conn: Conn, known: Policies | None = None) -> Policies:
    """The published versions; `known` again where nothing has changed since it was read."""
    if known is not None and known.revision == _revision((await conn.execute(_MARKS_KEPT)).all()):
        return known
    rows = (await conn.execute(_PUBLISHED)).all()
    revision = _revision([row[:2] for row in rows])
    grouped: dict[str, dict[str, Any]] = {}
    for _, _, policy, title, subject, body in rows:
        pack = grouped.setdefault(policy, {"policy": policy, "title": title, "subject": subject, "versions": []})
        pack["versions"].append(body)
    return Policies({policy: Pack.model_validate(pack) for policy, pack in grouped.items()}, revision)


def _revision(marks: Sequence[Any]) -> str:
    return _told(tuple((version, n) for version, n in marks))


@lru_cache(maxsize=8)
def _told(marks: tuple[tuple[uuid.UUID, int], ...]) -> str:
    return sha256(repr([(str(version), n) for version, n in marks]).encode()).hexdigest()[:16]


async def load_packs(conn: Conn, packs: Sequence[Pack], *, at: datetime) -> int:
    """Seeds: brings versions that are missing and amends its own; what the bureau maintains is left alone.

    A policy that the bureau has taken over, by publishing or ending a version, is the bureau's as a whole: a new
    seeded version comes as a draft, for a person to look at, and what was seeded before stays as it is.
    """
    v = PolicyVersion
    rows = (await conn.execute(select(v.policy, v.version, v.origin, v.state, v.body))).all()
    known = {(row.policy, row.version): (row.origin, row.body) for row in rows}
    taken_over = {row.policy for row in rows if row.origin == VersionOrigin.BUREAU and row.state not in _OPEN}
    written = 0
    for pack in packs:
        for version in pack.versions:
            origin, body = known.get((pack.policy, version.version), (None, None))
            if origin is None:
                await conn.execute(insert(PolicyVersion).values(_row(pack, version, pack.policy in taken_over, at)))
            elif origin == VersionOrigin.SEED and pack.policy not in taken_over and body != body_of(version):
                await _amend(conn, pack, version)
            else:
                continue
            written += 1
    return written


def _row(pack: Pack, version: Version, draft: bool, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "policy": pack.policy,
        "version": version.version,
        "title": pack.title,
        "subject": pack.subject,
        "state": (VersionState.DRAFT if draft else VersionState.PUBLISHED).value,
        "origin": VersionOrigin.SEED.value,
        "body": body_of(version),
        "created_at": at,
        "author_name": "系统",
        "published_at": None if draft else at,
        "publisher_name": "" if draft else "系统",
    }


async def _amend(conn: Conn, pack: Pack, version: Version) -> None:
    await conn.execute(
        update(PolicyVersion)
        .where(PolicyVersion.policy == pack.policy, PolicyVersion.version == version.version)
        .values(title=pack.title, body=body_of(version), row_version=PolicyVersion.row_version + 1)
    )

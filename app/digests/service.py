"""Composing for keeps."""

from datetime import datetime

import orjson
from sqlalchemy import insert

from app.db import Conn, new_id
from app.digests.composing import compose, frame_of, said_in, sum_of
from app.digests.models import Digest
from app.digests.queries import KeptDigest, kept_digest
from app.digests.rules import as_it_is
from app.digests.terms import Week
from app.locks import Lock, hold


async def keep(conn: Conn, week: Week, scope: str, *, at: datetime) -> tuple[KeptDigest, bool]:
    """The week's digest, composed at this moment if nobody has yet; says whether it was."""
    await hold(conn, Lock.DIGESTS)
    if found := await kept_digest(conn, week, scope):
        return found, False
    digest_id, moment = new_id(), as_it_is(at)
    # The lists go first and name the digest before it is there, so the key to it is looked at when all ends.
    document = await compose(conn, await frame_of(conn, week, scope, moment), keep_as=digest_id)
    document = orjson.loads(orjson.dumps(document))
    row = {
        "id": digest_id,
        "week": str(week),
        "scope": scope,
        "day": moment.on,
        "known_at": at,
        "composed_at": at,
        "document": document,
        "sha256": sum_of(document),
        "said": said_in(document).lower(),
    }
    await conn.execute(insert(Digest).values(row))
    return KeptDigest(digest_id, week, scope, moment.on, at, at, document, row["sha256"]), True

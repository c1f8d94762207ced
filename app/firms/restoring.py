"""Before-images of firms, and the way back to them: what an undone import needs."""

import uuid
from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import any_, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.access.models import User
from app.db import Conn
from app.firms.models import Firm, FirmNote
from app.firms.search import IN_DOCUMENT, document
from app.sealed import marks_in

Image = Mapping[str, str]  # firm, contacts, former_names, each as JSON
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
# Whole rows as the text PostgreSQL writes, so that no amount passes through a float, and a column that is added later
# is kept and restored without a word here.
# The search document is made anew, from the certificates held now; the ladder's columns are the pipeline's.
_IMAGES = (
    text(
        """
SELECT f.id, (to_jsonb(f) - ARRAY['search_text', 'search_grams'])::text AS firm,
  (SELECT coalesce(jsonb_agg(c ORDER BY c.id), '[]')::text FROM contacts c WHERE c.firm_id = f.id) AS contacts,
  (SELECT coalesce(jsonb_agg(n ORDER BY n.name), '[]')::text FROM former_names n WHERE n.firm_id = f.id) AS former_names
FROM firms f WHERE f.id = any(:ids)
"""
    )
    .bindparams(_IDS)
    .columns(id=Uuid())
)
# What a person could have changed: no counter and no hour, and nothing that others keep and look at themselves.
_CONTENTS = (
    text(
        """
SELECT f.id, md5((to_jsonb(f) - ARRAY['version', 'updated_at', 'search_text', 'search_extra', 'search_grams', 'tier',
    'tier_since', 'stale_on'])::text
  || coalesce((SELECT jsonb_agg(c ORDER BY c.id)::text FROM contacts c WHERE c.firm_id = f.id), '')
  || coalesce((SELECT jsonb_agg(n ORDER BY n.name)::text FROM former_names n WHERE n.firm_id = f.id), '')
  || coalesce((SELECT jsonb_agg(t.tag ORDER BY t.tag)::text FROM firm_tags t WHERE t.firm_id = f.id), '')) AS contents
FROM firms f WHERE f.id = any(:ids)
"""
    )
    .bindparams(_IDS)
    .columns(id=Uuid())
)
_LEFT_OUT = {"id", "version", "search_text", "search_extra", "search_grams", "tier", "tier_since", "stale_on"}
_RESTORED = [c.name for c in Firm.__table__.columns if c.name not in _LEFT_OUT]
# The version goes forward, never back: a page that was opened in between must not overwrite a later edit.
_RESTORE = text(
    f"""
UPDATE firms SET ({", ".join(_RESTORED)}) = (
    SELECT {", ".join("o." + name for name in _RESTORED)} FROM jsonb_populate_record(NULL::firms, d.image::jsonb) AS o
  ), {IN_DOCUMENT}, version = firms.version + 1
FROM unnest(:ids, :images, :texts, :grams) AS d (id, image, text, grams) WHERE firms.id = d.id
"""  # noqa: S608  # names of our own columns
).bindparams(_IDS, *(bindparam(name, type_=ARRAY(Text())) for name in ("images", "texts", "grams")))
_EXTRAS = select(Firm.id, Firm.search_extra).where(Firm.id == any_(_IDS))
_CHILDREN = [
    (
        name,
        text(f"DELETE FROM {name} WHERE firm_id = any(:ids)").bindparams(_IDS),  # noqa: S608
        text(
            f"INSERT INTO {name} SELECT r.* FROM unnest(:images) AS i (image), "  # noqa: S608
            f"jsonb_populate_recordset(NULL::{name}, i.image::jsonb) AS r"
        ).bindparams(bindparam("images", type_=ARRAY(Text()))),
    )
    for name in ("contacts", "former_names")
]


async def images_of(conn: Conn, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Image]:
    if not ids:
        return {}
    rows = (await conn.execute(_IMAGES, {"ids": list(ids)})).all()
    return {r.id: {"firm": r.firm, "contacts": r.contacts, "former_names": r.former_names} for r in rows}


async def contents_of(conn: Conn, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """A digest of each firm: alike when all it says is, whatever came and went in between."""
    if not ids:
        return {}
    return {r.id: r.contents for r in await conn.execute(_CONTENTS, {"ids": list(ids)})}


async def restore(conn: Conn, images: Mapping[uuid.UUID, Image]) -> None:
    """The caller has locked the firms and knows that nobody changed them since."""
    if not images:
        return
    ids = list(images)
    for name, clear, fill in _CHILDREN:
        await conn.execute(clear, {"ids": ids})
        await conn.execute(fill, {"images": [images[i][name] for i in ids]})
    extras = dict((await conn.execute(_EXTRAS, {"ids": ids})).all())
    ids = [i for i in ids if i in extras]
    documents = [_document(images[i], extras[i]) for i in ids]
    given = {"images": [images[i]["firm"] for i in ids], "texts": [text for text, _ in documents]}
    await conn.execute(_RESTORE, {"ids": ids, **given, "grams": ["\n".join(grams) for _, grams in documents]})


def _document(image: Image, extra: str) -> tuple[str, list[str]]:
    firm, people, former = (orjson.loads(image[name]) for name in ("firm", "contacts", "former_names"))
    return document(
        name=firm["name"],
        uscc=firm["uscc"],
        initials=firm["name_initials"],
        former=[one["name"] for one in former],
        people=[(one["name"], marks_in(one["phone"])) for one in people],
        extra=extra,
    )


async def remove(conn: Conn, ids: Sequence[uuid.UUID]) -> None:
    """Firms that should never have come; their moves and audit events stay as history."""
    if ids:
        await conn.execute(delete(Firm).where(Firm.id == any_(_IDS)), {"ids": list(ids)})


async def in_use(conn: Conn, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Firms that somebody has written a note about, or that have an account of their own."""
    given = {"ids": list(ids)}
    noted = select(FirmNote.firm_id).where(FirmNote.firm_id == any_(_IDS))
    bound = select(User.firm_id).where(User.firm_id == any_(_IDS))
    return {*(await conn.execute(noted, given)).scalars(), *(await conn.execute(bound, given)).scalars()}

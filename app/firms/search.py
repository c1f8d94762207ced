"""The one document a firm is found by: names, codes, initials, people, and what other domains add."""

import uuid
from collections.abc import Sequence

from sqlalchemy import any_, bindparam, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.db import Conn
from app.firms.models import Contact, Firm, FormerName
from app.text import index_grams, key

_BATCH = 2000
# One statement for all of them, so that the counters' trigger runs once; a document that stays as it was costs no
# index entry. Grams hold letters and digits only, so a line end may part them.
_WRITE = text(
    """
UPDATE firms SET search_text = d.text, search_grams = string_to_array(d.grams, E'\\n')
FROM unnest(:ids, :texts, :grams) AS d (id, text, grams)
WHERE firms.id = d.id AND firms.search_text <> d.text
"""
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("texts", type_=ARRAY(Text())),
    bindparam("grams", type_=ARRAY(Text())),
)


def search_fields(
    *, name: str, uscc: str, initials: str, former: Sequence[str], people: Sequence[str], extra: str
) -> list[str]:
    # Sorted, so that one content makes one document, in whatever order the tables give it.
    return [key(f) for f in (name, uscc, initials, *sorted(former), *sorted(people), *sorted(extra.split())) if f]


async def refresh_search(conn: Conn, ids: Sequence[uuid.UUID]) -> None:
    """Rebuilds the search document of these firms from what the tables say now."""
    former = (
        select(func.coalesce(func.array_agg(FormerName.name), literal_column("'{}'::text[]")))
        .where(FormerName.firm_id == Firm.id)
        .correlate(Firm)
        .scalar_subquery()
    )
    people = (
        select(func.coalesce(func.array_agg(Contact.name + " " + Contact.phone), literal_column("'{}'::text[]")))
        .where(Contact.firm_id == Firm.id)
        .correlate(Firm)
        .scalar_subquery()
    )
    query = select(
        Firm.id,
        Firm.name,
        Firm.uscc,
        Firm.name_initials,
        Firm.search_extra,
        former.label("former"),
        people.label("people"),
    ).where(Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    for start in range(0, len(ids), _BATCH):
        rows = (await conn.execute(query, {"ids": list(ids[start : start + _BATCH])})).all()
        texts, grams = [], []
        for row in rows:
            fields = search_fields(
                name=row.name,
                uscc=row.uscc,
                initials=row.name_initials,
                former=row.former,
                people=[part for person in row.people for part in person.split(" ", 1)],
                extra=row.search_extra,
            )
            texts.append("\n".join(fields))
            grams.append("\n".join(index_grams(fields)))
        await conn.execute(_WRITE, {"ids": [row.id for row in rows], "texts": texts, "grams": grams})

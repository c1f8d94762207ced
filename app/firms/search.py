"""The one document a firm is found by: names, codes, initials, people, and what other domains add."""

import uuid
from collections.abc import Sequence

from sqlalchemy import any_, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.db import Conn
from app.firms.models import Contact, Firm, FormerName
from app.text import index_grams, key

_BATCH = 2000


def search_fields(
    *, name: str, uscc: str, initials: str, former: Sequence[str], people: Sequence[str], extra: str
) -> list[str]:
    return [key(f) for f in (name, uscc, initials, *former, *people, *extra.split()) if f]


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
    write = (
        update(Firm.__table__)  # type: ignore[arg-type]
        .where(Firm.id == bindparam("b_id"))
        .values(search_text=bindparam("b_text"), search_grams=bindparam("b_grams"))
    )
    for start in range(0, len(ids), _BATCH):
        rows = (await conn.execute(query, {"ids": list(ids[start : start + _BATCH])})).all()
        documents = []
        for row in rows:
            fields = search_fields(
                name=row.name,
                uscc=row.uscc,
                initials=row.name_initials,
                former=row.former,
                people=[part for person in row.people for part in person.split(" ", 1)],
                extra=row.search_extra,
            )
            documents.append({"b_id": row.id, "b_text": "\n".join(fields), "b_grams": index_grams(fields)})
        if documents:
            await conn.execute(write, documents)

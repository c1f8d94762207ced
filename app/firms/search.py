"""The one document a firm is found by: names, codes, initials, people, and what other domains add."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, any_, bindparam, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.db import Conn
from app.firms.models import Contact, Firm, FormerName
from app.personal.terms import Kind
from app.sealed import marks_in
from app.text import index_grams, key

_BATCH = 2000
_BETWEEN = "\t"  # in no name and no number: both are kept in one line
# Grams hold letters and digits only, so a line end may part them.
IN_DOCUMENT = "search_text = d.text, search_grams = string_to_array(d.grams, E'\\n')"
_DIFFERS = "(firms.search_text <> d.text OR firms.search_grams <> string_to_array(d.grams, E'\\n'))"


@lru_cache(maxsize=4)
def _writing(extra: bool, touched: bool) -> TextClause:
    """One statement for all of them, so that the counters' trigger runs once; a document that stays as it was costs no
    index entry. Whatever else changes of a firm goes along: each time a row is written, each of its grams is, too."""
    also = (", search_extra = d.extra" if extra else "") + (
        ", version = firms.version + 1, updated_at = :at" if touched else ""
    )
    unless = "" if also else f" AND {_DIFFERS}"
    return text(
        f"UPDATE firms SET {IN_DOCUMENT}{also} FROM unnest(:ids, :texts, :grams, :extras) "  # noqa: S608  # our own
        f"AS d (id, text, grams, extra) WHERE firms.id = d.id{unless}"
    ).bindparams(
        bindparam("ids", type_=ARRAY(Uuid())),
        *(bindparam(name, type_=ARRAY(Text())) for name in ("texts", "grams", "extras")),
    )


# In front of a line that says something of a person, so that it can be left out for those who may not read it.
MARKS: Mapping[Kind, str] = {Kind.NAME: "\N{WHITE SMILING FACE}"}
# In front of a number's mark among the grams: nothing that is typed makes such a gram.
CALLED = "\N{BLACK TELEPHONE}"


def document(
    *,
    name: str,
    uscc: str,
    initials: str,
    former: Sequence[str],
    people: Iterable[tuple[str, Iterable[str]]],
    extra: str,
) -> tuple[str, list[str]]:
    """A firm's text and its grams; `people` are names with the marks of their telephones, which only the grams hold."""
    several = list(people)
    named = [MARKS[Kind.NAME] + key(who) for who in sorted(who for who, _ in several) if who]
    # Sorted, so that one content makes one document, in whatever order the tables give it.
    lines = [
        *(key(f) for f in (name, uscc, initials, *sorted(former)) if f),
        *named,
        *map(key, sorted(extra.split())),
    ]
    return "\n".join(lines), [*index_grams(lines), *called(mark for _, marks in several for mark in marks)]


def called(marks: Iterable[str]) -> list[str]:
    return [CALLED + mark for mark in sorted(set(marks))]


def without(text: Any, hidden: Collection[Kind]) -> Any:
    """A document's column without the lines of those kinds."""
    marks = "".join(MARKS[kind] for kind in MARKS if kind in hidden)
    return func.regexp_replace(
        text, literal_column(f"E'(^|\\\\n)[{marks}][^\\\\n]*'"), literal_column("''"), literal_column("'g'")
    )


async def refresh_search(
    conn: Conn,
    ids: Sequence[uuid.UUID],
    *,
    extra: Mapping[uuid.UUID, str] | None = None,
    touched: datetime | None = None,
) -> None:
    """Rebuilds the search document of these firms from what the tables say now.

    `extra`: what another domain has them found by from now on; `touched`: it is an edit of them, of that moment.
    """
    former = (
        select(func.coalesce(func.array_agg(FormerName.name), literal_column("'{}'::text[]")))
        .where(FormerName.firm_id == Firm.id)
        .correlate(Firm)
        .scalar_subquery()
    )
    people = (
        select(func.coalesce(func.array_agg(Contact.name + _BETWEEN + Contact.phone), literal_column("'{}'::text[]")))
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
        extras = [row.search_extra if extra is None else extra[row.id] for row in rows]
        for row, more in zip(rows, extras, strict=True):
            written, several = document(
                name=row.name,
                uscc=row.uscc,
                initials=row.name_initials,
                former=row.former,
                people=[
                    (who, marks_in(number)) for who, _, number in (person.partition(_BETWEEN) for person in row.people)
                ],
                extra=more,
            )
            texts.append(written)
            grams.append("\n".join(several))
        given = {"ids": [row.id for row in rows], "texts": texts, "grams": grams, "extras": extras}
        moment = {"at": touched} if touched else {}
        await conn.execute(_writing(extra is not None, touched is not None), given | moment)

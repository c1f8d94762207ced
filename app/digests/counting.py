"""How long each list is, counted and kept in the same breath by one statement."""

import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, column, func, insert, literal, null, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by

from app.db import Conn
from app.digests.models import DigestList
from app.digests.terms import Listing, Shares

_EMPTY: Any = cast(literal("[]", Text()), JSONB())
_NOWHERE: Any = cast(literal("{}", Text()), JSONB())


class Count(NamedTuple):
    total: int
    md5: str | None
    head: Sequence[Sequence[Any]]
    towns: dict[str, int]


async def counted(conn: Conn, listings: Sequence[Listing], keep_as: uuid.UUID | None) -> list[tuple[Listing, Count]]:
    """One statement a list, or one for those beside each other that divide a query among themselves."""
    found: list[tuple[Listing, Count]] = []
    for _, together in groupby(listings, key=lambda one: id(one.shares or one)):
        group = list(together)
        rows = await conn.execute(_statement(group, keep_as))
        counts = {key: Count(*count) for key, *count in rows}
        found += [(one, counts[one.key]) for one in group]
    return found


def _statement(group: Sequence[Listing], keep_as: uuid.UUID | None) -> Any:
    """Of each list how many, the sum of all rows, the first of them, and how many in each town.

    Of a list that nobody keeps there is no sum: making all of it only for that costs more than all the rest.
    """
    first, keys = group[0], [one.key for one in group]
    shares = first.shares or Shares(first.query, literal(first.key, Text()))
    number = func.row_number().over(partition_by=shares.key, order_by=list(first.order)).label("n")
    rows = shares.query.add_columns(shares.key.label("key"), number).cte("numbered")
    row = func.jsonb_build_array(rows.c.uscc, rows.c.name, rows.c.region, rows.c.facts)
    # As text, once: what is summed is what is kept.
    as_text = func.json_build_array(rows.c.uscc, rows.c.name, rows.c.region, rows.c.facts)
    whole: Any = func.json_agg(aggregate_order_by(as_text, rows.c.n)).cast(Text()) if keep_as else null().cast(Text())
    each = (
        select(
            rows.c.key,
            func.count().label("total"),
            func.jsonb_agg(aggregate_order_by(row, rows.c.n)).filter(rows.c.n <= first.shown).label("head"),
            whole.label("rows"),
        )
        .group_by(rows.c.key)
        .subquery("each")
    )
    named = (
        func.unnest(cast(literal(keys), ARRAY(Text())))
        .table_valued(column("key", Text()), name="named")
        .render_derived()
    )
    every: Any = func.coalesce(each.c.rows, "[]") if keep_as else each.c.rows
    listed = (
        select(named.c.key, each.c.total, each.c.head, every.label("rows"))
        .select_from(named.outerjoin(each, each.c.key == named.c.key))
        .cte("listed")
    )
    towns = _towns(rows)
    asked = select(
        listed.c.key,
        func.coalesce(listed.c.total, 0),
        func.md5(listed.c.rows),
        func.coalesce(listed.c.head, _EMPTY),
        func.coalesce(towns.c.towns, _NOWHERE),
    ).select_from(listed.outerjoin(towns, towns.c.key == listed.c.key))
    if keep_as is None:
        return asked
    kept = insert(DigestList).from_select(
        ["digest_id", "key", "rows"], select(literal(keep_as), listed.c.key, cast(listed.c.rows, JSONB()))
    )
    return asked.add_cte(kept.cte("kept"))


def _towns(rows: Any) -> Any:
    by_town = (
        select(rows.c.key, rows.c.region, func.count().label("n"))
        .where(rows.c.region.is_not(None))
        .group_by(rows.c.key, rows.c.region)
    ).subquery("by_town")
    grouped = select(by_town.c.key, func.jsonb_object_agg(by_town.c.region, by_town.c.n).label("towns"))
    return grouped.group_by(by_town.c.key).subquery("towns")

"""Reads of the registry. Everything goes through `visible_to`: what a viewer cannot see does not exist for them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import Date, Text, Uuid

from app.access.models import User
from app.access.personal import hidden_from
from app.access.sight import beyond_sight
from app.access.terms import Viewer
from app.db import Conn
from app.firms import cursors
from app.firms.beside import Beside, with_beside
from app.firms.filtering import (
    LAST_DATE,
    TOUCH,
    Shape,
    Sight,
    in_sight,
    matching,
    shape_of,
    sight_of,
    sight_values,
    values_of,
)
from app.firms.models import Contact, Firm, FirmTag, FormerName
from app.firms.terms import (
    ContactDetails,
    FirmDetail,
    FirmFilter,
    FirmRow,
    Page,
    Sort,
)
from app.sealed import shown
from app.statements import Kept
from app.vault import Vault

PAGE = 50
SEARCH_CANDIDATES = 300
COUNT_LIMIT = 1000
SHAPES = 512  # statements kept, one for each combination of filter parts that people use
_OFFICER = User.__table__.alias("officer")


_SHOWN = ("id", "uscc", "name", "region_code", "park", "tier", "tier_since", "stale_on", "status")


def _rows(found: Sequence[Any]) -> list[FirmRow]:
    own = len(_SHOWN) + 2
    return [FirmRow(*(*row[:own], tuple(row[own + 1 :]))) for row in found]


def _row_columns(firm: Any) -> list[ColumnElement[Any]]:
    return [*(firm[name] for name in _SHOWN), _OFFICER.c.name.label("officer_name"), firm.updated_at]


_SORT_KEYS: dict[Sort, ColumnElement[Any]] = {
    Sort.UPDATED: Firm.updated_at,  # type: ignore[dict-item]
    Sort.NAME: Firm.name_pinyin,  # type: ignore[dict-item]
    Sort.TIER_SINCE: func.coalesce(Firm.tier_since, LAST_DATE, type_=Date()),
    Sort.REGISTERED: func.coalesce(Firm.registered_on, LAST_DATE, type_=Date()),
    Sort.NEXT_TOUCH: TOUCH,
}


def firm_rows() -> Select[Any]:
    return select(*_row_columns(Firm.__table__.c)).select_from(
        Firm.__table__.outerjoin(_OFFICER, _OFFICER.c.id == Firm.officer_id)
    )


async def list_firms(
    conn: Conn,
    filters: FirmFilter,
    *,
    viewer: Viewer,
    today: date,
    sort: str = "-updated",
    cursor: str | None = None,
    limit: int = PAGE,
    beside: Beside | None = None,
) -> Page[FirmRow]:
    """One keyset page. `sort` is a `Sort` value, with a leading "-" for descending order."""
    order, descending = parse_sort(sort)
    sight, shape, values = (
        sight_of(viewer),
        shape_of(filters),
        {**values_of(filters, viewer, vault=conn.vault, today=today), **(beside.values() if beside else {})},
    )
    if order is Sort.RELEVANCE and filters.q:
        statement = _closest(sight, shape, beside, limit if beside else None)
        closest = (await conn.execute(statement, {**values, "rows": limit})).all()
        return Page(_rows(closest), None, closest[0].hits if closest else 0)
    if order is Sort.RELEVANCE:
        order, descending = Sort.UPDATED, True
    if cursor:
        values["after_key"], values["after_id"] = cursors.decode(cursor, order)
    statement = _page(sight, shape, order, descending, bool(cursor), beside, limit + 1 if beside else None)
    rows = (await conn.execute(statement, {**values, "rows": limit + 1})).all()
    more = cursors.encode(rows[limit - 1].sort_key, rows[limit - 1].id) if len(rows) > limit else None
    return Page(_rows(rows[:limit]), more)


@lru_cache(maxsize=SHAPES)
def _page(
    sight: Sight,
    shape: Shape,
    order: Sort,
    descending: bool,
    following: bool,
    beside: Beside | None = None,
    rows: int | None = None,
) -> Kept:
    sort_key = _SORT_KEYS[order]
    query = firm_rows().add_columns(sort_key.label("sort_key")).where(*matching(sight, shape))
    if following:
        position = tuple_(sort_key, Firm.id)
        last = tuple_(bindparam("after_key", type_=sort_key.type), bindparam("after_id", type_=Uuid()))
        query = query.where(position < last if descending else position > last)
    directed = (sort_key.desc(), Firm.id.desc()) if descending else (sort_key, Firm.id)
    return with_beside(query.order_by(*directed), beside, rows)


@lru_cache(maxsize=SHAPES)
def _closest(sight: Sight, shape: Shape, beside: Beside | None = None, rows: int | None = None) -> Kept:
    """The best of the first few hundred hits: flat however many firms there are and however common the word.

    Whoever wants every hit in order asks for another sort; the page says when it shows only the closest.
    """
    # With all that a row shows: looking the best of them up again would cost as much as finding them.
    wanted = (*_SHOWN, "officer_id", "updated_at", "name_key", "name_pinyin")
    hits = (
        select(*(Firm.__table__.c[name] for name in wanted))
        .where(*matching(sight, shape))
        .limit(SEARCH_CANDIDATES)
        .cte("hits")
        .prefix_with("MATERIALIZED")
    )
    counted = select(func.count()).select_from(hits).scalar_subquery().label("hits")
    closest = select(*_row_columns(hits.c), counted).select_from(
        hits.outerjoin(_OFFICER, _OFFICER.c.id == hits.c.officer_id)
    )
    return with_beside(closest.order_by(*_closeness(hits.c), hits.c.id), beside, rows)


def ordering(sort: str, q: str) -> list[ColumnElement[Any]]:
    """A whole list in the order of its pages, for exports; its values are in `values_of`.

    A search by closeness shows the best of its first few hundred hits (`_closest`); its export has every hit, the
    closest first, and the page says so.
    """
    order, descending = parse_sort(sort)
    if order is Sort.RELEVANCE and q:
        return [*_closeness(Firm.__table__.c), Firm.__table__.c.id]
    if order is Sort.RELEVANCE:
        order, descending = Sort.UPDATED, True
    keys: tuple[Any, ...] = (_SORT_KEYS[order], Firm.id)
    return [k.desc() if descending else k for k in keys]


def _closeness(columns: Any) -> list[ColumnElement[Any]]:
    wanted = bindparam("q_key", type_=Text())
    closeness = case(
        (columns.uscc == bindparam("q_code", type_=Text()), 0),
        (func.starts_with(columns.name_key, wanted), 1),
        (func.strpos(columns.name_key, wanted) > 0, 2),
        else_=3,
    )
    return [closeness, func.length(columns.name_key), columns.name_pinyin]


async def count_firms(
    conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date, limit: int | None = COUNT_LIMIT
) -> int:
    """How many match; counting stops one past `limit`, so that a wide filter costs no more than a narrow one."""
    statement = _count(sight_of(viewer), shape_of(filters), limit is not None)
    values = values_of(filters, viewer, vault=conn.vault, today=today)
    return int((await conn.execute(statement, {**values, "rows": (limit or 0) + 1})).scalar_one())


@lru_cache(maxsize=SHAPES)
def _count(sight: Sight, shape: Shape, bounded: bool) -> Kept:
    found: Select[Any] = select(literal_column("1")).select_from(Firm).where(*matching(sight, shape))
    if bounded:
        found = found.limit(bindparam("rows"))
    return Kept(select(func.count()).select_from(found.subquery()))


def parse_sort(sort: str) -> tuple[Sort, bool]:
    descending = sort.startswith("-")
    try:
        return Sort(sort.removeprefix("-")), descending
    except ValueError:
        return Sort.UPDATED, True


_CONTACTS = (
    select(
        func.coalesce(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_array(Contact.id, Contact.name, Contact.phone, Contact.title, Contact.email),
                    Contact.is_primary.desc(),
                    Contact.id,
                )
            ),
            literal_column("'[]'::json"),
        )
    )
    .where(Contact.firm_id == Firm.id)
    .correlate(Firm)
    .scalar_subquery()
)
_TAGS = (
    select(func.array_agg(aggregate_order_by(FirmTag.tag, FirmTag.tag)))
    .where(FirmTag.firm_id == Firm.id)
    .correlate(Firm)
    .scalar_subquery()
)
_FORMER = (
    select(func.array_agg(aggregate_order_by(FormerName.name, FormerName.name)))
    .where(FormerName.firm_id == Firm.id)
    .correlate(Firm)
    .scalar_subquery()
)
_DETAIL_FIELDS = tuple(
    f for f in FirmDetail.__dataclass_fields__ if f not in {"officer_name", "contacts", "tags", "former_names"}
)
_DETAIL_NAMES = (*_DETAIL_FIELDS, "officer_name", "contacts", "tags", "former_names")
_DETAIL = select(
    *(getattr(Firm, f) for f in _DETAIL_FIELDS),
    _OFFICER.c.name.label("officer_name"),
    _CONTACTS.label("contacts"),
    _TAGS.label("tags"),
    _FORMER.label("former_names"),
).select_from(Firm.__table__.outerjoin(_OFFICER, _OFFICER.c.id == Firm.officer_id))


async def firm_by_uscc(conn: Conn, uscc: str, *, viewer: Viewer) -> FirmDetail | None:
    return await _one(conn, _by_uscc(sight_of(viewer)), {**sight_values(viewer), "uscc": uscc}, viewer)


@lru_cache(maxsize=8)
def _by_uscc(sight: Sight) -> Kept:
    return Kept(_DETAIL.where(Firm.uscc == bindparam("uscc"), in_sight(sight)))


async def firm_by_id(conn: Conn, firm_id: uuid.UUID, *, viewer: Viewer) -> FirmDetail | None:
    return await _one(conn, _by_id(sight_of(viewer)), {**sight_values(viewer), "firm_id": firm_id}, viewer)


@lru_cache(maxsize=8)
def _by_id(sight: Sight) -> Kept:
    return Kept(_DETAIL.where(Firm.id == bindparam("firm_id"), in_sight(sight)))


async def firm_id_by_uscc(conn: Conn, uscc: str) -> uuid.UUID | None:
    """For administrators who bind an account to a firm: that it exists, and nothing else of it."""
    async with beyond_sight(conn):  # whoever keeps the accounts has no division
        return (await conn.execute(select(Firm.id).where(Firm.uscc == uscc))).scalar_one_or_none()


async def details(conn: Conn, *conditions: ColumnElement[bool], parameters: Mapping[str, Any]) -> list[FirmDetail]:
    """Many at once, as they are: for those who change them. The caller's conditions say whose sight they are in."""
    vault = conn.vault
    return [_detail(row, vault) for row in await conn.execute(_DETAIL.where(*conditions), parameters)]


async def _one(conn: Conn, query: Kept, values: Mapping[str, Any], viewer: Viewer) -> FirmDetail | None:
    row = (await conn.execute(query, values)).one_or_none()
    return _shown_to(viewer, _detail(row, conn.vault)) if row is not None else None


def _shown_to(viewer: Viewer, firm: FirmDetail) -> FirmDetail:
    hidden = hidden_from(viewer)
    return replace(firm, contacts=tuple(contact.masked(hidden) for contact in firm.contacts)) if hidden else firm


def _detail(row: Sequence[Any], vault: Vault) -> FirmDetail:
    values = dict(zip(_DETAIL_NAMES, row, strict=True))
    values["contacts"] = tuple(
        ContactDetails(
            name,
            shown(vault, phone, column="contacts.phone", row=contact_id),
            title,
            shown(vault, email, column="contacts.email", row=contact_id),
        )
        for contact_id, name, phone, title, email in values["contacts"]
    )
    values["tags"] = tuple(values["tags"] or ())
    values["former_names"] = tuple(values["former_names"] or ())
    return FirmDetail(**values)

"""The filtered list out, exactly as the screen orders it: CSV made by PostgreSQL itself, XLSX row by row."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from app.access.models import User
from app.access.personal import hidden_from
from app.access.terms import Actor, Viewer
from app.assessments.models import FirmAssessment
from app.audit.service import event_row, record
from app.db import Conn, Database
from app.exchange.columns import COLUMNS, OFFICER, STATUS, TIER_SINCE
from app.exchange.opening import Lines, Opening, opening_of
from app.exchange.spooling import PIECE, Spool, Turns
from app.firms.filtering import matching, shape_of, sight_of, values_of
from app.firms.models import Contact, Direction, Firm, HighTechField, Region
from app.firms.queries import count_firms, ordering
from app.firms.terms import MAIN_LADDER, FirmFilter, FirmStatus
from app.personal.columns import masked_column
from app.personal.terms import Kind
from app.pipeline.models import TierRow
from app.policy.terms import Outcome
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind
from app.sheets.apart import Apart, book_apart
from app.vault import Vault

TITLES = (*(c.title for c in COLUMNS), STATUS, TIER_SINCE, OFFICER)
# Beside them where the list is of firms that are near to a policy: how near each is.
NEARNESS = ("差距", "差几项", "缺几项数据")
_WIDTHS = (*(c.width for c in COLUMNS), 10, 14, 12, 12, 10, 12)
_CAPITAL = next(n for n, c in enumerate(COLUMNS) if c.field == "registered_capital")
_PHONE = next(n for n, c in enumerate(COLUMNS) if c.field == "contact_phone")
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1_000
_TURNS = Turns(3)  # so that exports never hold every connection
_HOUR = 3600.0
_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]
# Dates are written as the rest of us write them, and a county is sorted in memory, not on disk.
_SETTINGS = text("SELECT set_config('datestyle', 'ISO', true), set_config('work_mem', '64MB', true)")


async def note_export(
    conn: Conn,
    filters: FirmFilter,
    *,
    form: str,
    by: Actor,
    today: date,
    at: datetime,
    only: Sequence[str] = (),
) -> int:
    """Says who took what out before the first byte of it leaves; returns how many firms that is."""
    if only:
        found = select(func.count()).select_from(Firm).where(*_meant(filters, by.viewer, only))
        count = int(
            (await conn.execute(found, values_of(filters, by.viewer, vault=conn.vault, today=today))).scalar_one()
        )
    else:
        count = await count_firms(conn, filters, viewer=by.viewer, today=today, limit=None)
    said = {name: value for name in FirmFilter.__dataclass_fields__ if (value := getattr(filters, name))}
    row = event_row(
        "firm:list:exported",
        by=by,
        at=at,
        object_type="firm",
        object_id="list",
        object_label=f"{count} 家企业",
        after={"filter": said, "count": count, "form": form, "masked": bool(hidden_from(by.viewer))},
    )
    await record(conn, row)
    return count


def _meant(filters: FirmFilter, viewer: Viewer, only: Sequence[str]) -> list[ColumnElement[bool]]:
    """What the filter finds; of that, with `only`, the firms with these codes."""
    conditions = matching(sight_of(viewer), shape_of(filters))
    return [*conditions, Firm.uscc.in_(only)] if only else conditions


def _unless_shared(table: Any, within: ColumnElement[bool]) -> Any:
    """Names by code; where two carry one name, the code stands for it, so that an import finds the right one."""
    shared = func.count().over(partition_by=table.name) > 1
    return select(table.code, case((shared, table.code), else_=table.name).label("label")).where(within).subquery()


def _first_of_each(conditions: list[ColumnElement[bool]]) -> tuple[Any, Any]:
    """The first person to call and the latest 高企 certificate of each chosen firm.

    Of the chosen firms only, and all at once: two look-ups a firm would take longer than everything else together.
    """
    chosen = select(Firm.id).where(*conditions).cte("chosen")
    person = (
        select(Contact.id, Contact.firm_id, Contact.name, Contact.phone)
        .ext(distinct_on(Contact.firm_id))
        .join(chosen, chosen.c.id == Contact.firm_id)
        .order_by(Contact.firm_id, Contact.is_primary.desc(), Contact.id)
        .subquery("person")
    )
    certificate = (
        select(Certificate.firm_id, Certificate.number, Certificate.issued_on)
        .ext(distinct_on(Certificate.firm_id))
        .join(chosen, chosen.c.id == Certificate.firm_id)
        .where(Certificate.kind == CertificateKind.HNTE.value)
        .order_by(Certificate.firm_id, Certificate.expires_on.desc())
        .subquery("certificate")
    )
    return person, certificate


def statement(
    filters: FirmFilter,
    *,
    viewer: Viewer,
    vault: Vault,
    today: date,
    sort: str,
    escaped: bool = False,
    only: Sequence[str] = (),
) -> Select[Any]:
    """Every cell as text, in the order of `titles_of` it; `escaped` for CSV."""
    regions = _unless_shared(Region, func.starts_with(Region.code, viewer.scope))
    fields = _unless_shared(HighTechField, true())
    officers = User.__table__.alias("officer")
    conditions = _meant(filters, viewer, only)
    person, certificate = _first_of_each(conditions)
    tables = (
        Firm.__table__.outerjoin(regions, regions.c.code == Firm.region_code)
        .outerjoin(fields, fields.c.code == Firm.high_tech_field)
        .outerjoin(Direction, Direction.code == Firm.direction)
        .outerjoin(TierRow, and_(TierRow.ladder == MAIN_LADDER, TierRow.code == Firm.tier))
        .outerjoin(officers, officers.c.id == Firm.officer_id)
        .outerjoin(person, person.c.firm_id == Firm.id)
        .outerjoin(certificate, certificate.c.firm_id == Firm.id)
    )
    typed = _escaped if escaped else _as_typed
    opening = Opening.new(masked=Kind.PHONE in hidden_from(viewer))
    cells: tuple[Any, ...] = (
        typed(Firm.name),
        Firm.uscc,
        cast(Firm.registered_on, Text),
        func.coalesce(regions.c.label, Firm.region_code),
        typed(Firm.park),
        typed(Firm.industry_code),
        fields.c.label,
        Direction.name,
        # Multiplied, not divided: PostgreSQL multiplies exactly.
        cast(func.trim_scale(Firm.registered_capital * literal_column("0.0001")), Text),
        case((Firm.above_designated_size.is_(True), "是"), (Firm.above_designated_size.is_(False), "否")),
        typed(_name(person.c.name, viewer)),
        opening.cell(person.c.id, person.c.phone),
        TierRow.label,
        typed(certificate.c.number),
        cast(certificate.c.issued_on, Text),
        typed(Firm.remark),
        case({s.value: s.label for s in FirmStatus}, value=Firm.status),
        cast(Firm.tier_since, Text),
        typed(officers.c.name),
    )
    if filters.policy:
        a = FirmAssessment
        tables = tables.outerjoin(a, and_(a.firm_id == Firm.id, a.policy == bindparam("policy")))
        outcome = case({o.value: o.label for o in Outcome}, value=a.outcome)
        cells = (*cells, outcome, cast(a.missed, Text), cast(a.lacking, Text))
    labelled = [cell.label(f"c{n}") for n, cell in enumerate(cells)]
    query = select(*labelled).select_from(tables).where(*conditions).order_by(*ordering(sort, filters.q))
    return opening.put(query.params(values_of(filters, viewer, vault=vault, today=today)))


def titles_of(query: Select[Any]) -> tuple[str, ...]:
    return (*TITLES, *NEARNESS)[: len(query.selected_columns)]


def _name(cell: Any, viewer: Viewer) -> Any:
    return masked_column(Kind.NAME, cell) if Kind.NAME in hidden_from(viewer) else cell


_RISKY: list[ColumnElement[str]] = [literal_column(c) for c in ("'='", "'+'", "'-'", "'@'", "chr(9)", "chr(13)")]


def _as_typed(cell: Any) -> Any:
    return cell


def _escaped(cell: Any) -> ColumnElement[Any]:
    """What a spreadsheet would run when it opens a CSV gets an apostrophe in front (OWASP: CSV injection).

    Every such mark sorts before the letter A; one comparison lets nearly every cell through.
    """
    early = cell.collate("C") < literal_column("'A'")
    risky = and_(early, func.left(cell, 1).in_(_RISKY))
    return case((risky, func.concat(literal_column("''''"), cell)), else_=cell)


async def csv_stream(database: Database, query: Select[Any]) -> AsyncIterator[bytes]:
    """PostgreSQL writes the CSV; here it only passes through, by way of a file that goes when the reader does.

    The connection is free again as soon as the database has written, however slowly somebody reads.
    """
    yield _BOM + (",".join(titles_of(query)) + "\n").encode()
    with tempfile.TemporaryDirectory(prefix="tidu-export-") as folder, Spool(Path(folder) / "export.csv") as spool:
        copying = asyncio.create_task(_copy(database, query, spool))
        copying.add_done_callback(lambda _: spool.end())
        try:
            async for chunk in spool.chunks():
                yield chunk
            await copying
        finally:
            if not copying.done():
                copying.cancel()  # the reader has left: the database stops working for nobody
                with contextlib.suppress(asyncio.CancelledError):
                    await copying


async def _copy(database: Database, query: Select[Any], spool: Spool) -> None:
    written = query.compile(dialect=_DIALECT).construct_expanded_state()
    async with _TURNS.turn(), database.transaction() as conn:
        lines = Lines(opening_of(query), conn.vault)

        async def put(data: bytes) -> None:
            await spool.put(lines.of(data))

        async with _driver(conn) as driver:
            await driver.copy_from_query(
                written.statement,
                *written.positional_parameters,
                output=put,
                format="csv",
                encoding="utf-8",
                timeout=_HOUR,
            )
    await spool.put(lines.rest())
    await spool.flush()


@contextlib.asynccontextmanager
async def _driver(conn: Conn) -> AsyncIterator[Any]:
    """For what goes past SQLAlchemy: a county's rows cost it as much as they cost PostgreSQL."""
    await conn.execute(_SETTINGS)
    try:
        yield (await conn.get_raw_connection()).driver_connection
    except BaseException:
        # A connection that was left in the middle of something is not given to the next one.
        await conn.invalidate()
        raise


async def write_xlsx(database: Database, query: Select[Any], path: Path, *, mark: str = "") -> int:
    """A process of its own writes a thousand firms while the next thousand are read; returns how many."""
    titles = titles_of(query)
    widths, numeric = _WIDTHS[: len(titles)], frozenset({_CAPITAL})
    async with _TURNS.turn(), book_apart(path, "企业", titles, widths, numeric=numeric, mark=mark) as book:
        return await _fill(book, database, query)


async def _fill(book: Apart, database: Database, query: Select[Any]) -> int:
    """The connection is free again before the workbook is put together."""
    count, opening = 0, opening_of(query)
    written = query.compile(dialect=_DIALECT).construct_expanded_state()
    async with database.transaction() as conn, _driver(conn) as driver:
        cursor = await driver.cursor(written.statement, *written.positional_parameters, timeout=_HOUR)
        while rows := await cursor.fetch(_CHUNK, timeout=_HOUR):
            await book.write([opening.row(conn.vault, row, _PHONE) for row in rows])
            count += len(rows)
    return count


async def xlsx_stream(database: Database, query: Select[Any], *, mark: str = "") -> AsyncIterator[bytes]:
    """A workbook is complete only at its end, so it is made in a folder of its own, which goes when the reader does."""
    with tempfile.TemporaryDirectory(prefix="tidu-export-") as folder:
        path = Path(folder) / "export.xlsx"
        await write_xlsx(database, query, path, mark=mark)
        with path.open("rb") as made:
            while chunk := await asyncio.to_thread(made.read, PIECE):
                yield chunk

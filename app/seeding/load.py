"""Seeds by natural key: twice changes nothing, and what an administrator may set is brought once, never reset."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Table, false, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import SYSTEM
from app.assessments.models import PolicyVersion
from app.assessments.policies import load_packs
from app.audit.service import event_row, record
from app.carriers.models import CarrierStay
from app.db import Base, Conn, Database
from app.errors import Refused
from app.filings.models import FilingWindow, ProgrammeRow
from app.filings.seeding import load_windows
from app.firms.models import Bureau, Direction, HighTechField, Industry, Park, Region
from app.locks import Lock, hold
from app.pipeline.calendars import Schedule, load_schedules
from app.pipeline.models import LadderRow, TierRow
from app.plans.models import PlanRow
from app.plans.seeding import load_five_year_plans
from app.policy.packs import Pack, PackError, read_packs
from app.reminders.models import ReminderRule, ReminderTemplate
from app.reminders.seeding import load_reminder_rules, load_reminder_templates
from app.reports.catalogue import Body, CatalogueError, read_forms
from app.reports.forms import bring_forms
from app.reports.models import FormVersion
from app.workdays.models import CalendarYear
from app.workdays.rules import CalendarEntry, DayKind

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """One table's part of the seeds. `kept` columns are written with a new row and then belong to the bureau."""

    table: type[Base]
    rows: list[Row]
    kept: frozenset[str] = frozenset()


# A tier's months, days and second person are the bureau's to set. `tidu up` loads the seeds at every start, so
# writing these again would undo a setting with each restart.
_TIER_SETTINGS = frozenset({"expected_months", "stale_working_days", "escalate_working_days", "needs_approval"})

_STAY_SETTINGS = frozenset({"months", "special_months", "document", "grade"})


async def load_seeds(database: Database, path: Path, *, at: datetime) -> dict[str, int]:
    """Rows written per table; empty when nothing was new. Raises Refused with a sentence for seeds it cannot read."""
    plans, years = list(_plans(path)), list(_read(path, "calendar/*.yaml"))
    windows, five_year = _read(path, "windows.yaml"), _read(path, "plan-*.yaml")
    texts, rules = _read(path, "reminder_templates.yaml"), _read(path, "reminder_rules.yaml")
    packs = _packs(path.parent / "policies")
    forms = _forms(path.parent)
    async with database.transaction() as conn:
        written: dict[str, int] = {}
        try:
            for plan in plans:
                if count := await _upsert(conn, plan):
                    written[plan.table.__tablename__] = count
            for table, load in (
                (CalendarYear, partial(_load_years, conn, years)),
                (FilingWindow, partial(load_windows, conn, windows, at=at)),
                (ReminderTemplate, partial(load_reminder_templates, conn, texts, at=at)),
                (ReminderRule, partial(load_reminder_rules, conn, rules, at=at)),
                (PlanRow, partial(load_five_year_plans, conn, five_year)),
                (PolicyVersion, partial(load_packs, conn, packs, at=at)),
                (FormVersion, partial(bring_forms, conn, forms, at=at)),
            ):
                if count := await load():
                    written[table.__tablename__] = count
        except KeyError as error:
            raise Refused(f"种子 {path} 里有一条记录缺少 {error.args[0]}，没有载入任何内容。") from error
        except ValueError as error:
            raise Refused(f"种子 {path} 的工作日历里有一天的类型不是 holiday 或 make_up，没有载入任何内容。") from error
        if written:
            loaded = event_row(
                "setting:seeds:loaded", by=SYSTEM, at=at, object_type="seeds", object_id=path.name, after=written
            )
            await record(conn, loaded)
    return written


def _packs(folder: Path) -> list[Pack]:
    """Policies stand beside the county's own seeds: they are the nation's and the province's."""
    if not folder.is_dir():
        return []
    try:
        return list(read_packs(folder).values())
    except PackError as error:
        raise Refused(f"政策文件读不懂：{error}没有载入任何内容。") from error


def _forms(folder: Path) -> list[Body]:
    try:
        return read_forms(folder)
    except CatalogueError as error:
        raise Refused(f"填报表读不懂：{error}没有载入任何内容。") from error


def _plans(path: Path) -> Iterator[Plan]:
    """In an order in which every reference finds its target; a file that is not there is no part of these seeds."""
    yield Plan(Region, _read(path, "regions.yaml"))
    yield Plan(Park, _read(path, "parks.yaml"))
    yield Plan(Bureau, _read(path, "bureau.yaml"))
    yield Plan(Industry, _read(path, "industries.yaml"))
    yield Plan(HighTechField, _read(path, "high_tech_fields.yaml"))
    yield Plan(Direction, _read(path, "directions.yaml"))
    ladders = _read(path, "ladders.yaml")
    yield Plan(LadderRow, ladders)
    tiers = [{**tier, "ladder": ladder["code"]} for ladder in ladders for tier in ladder.get("tiers", [])]
    yield Plan(TierRow, tiers, _TIER_SETTINGS)
    yield Plan(ProgrammeRow, _read(path, "programmes.yaml"))
    yield Plan(CarrierStay, _read(path, "carrier_stays.yaml"), _STAY_SETTINGS)


def _read(path: Path, pattern: str) -> list[Row]:
    rows: list[Row] = []
    for file in sorted(path.glob(pattern)):
        try:
            found = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise Refused(f"种子文件 {file} 读不懂：{_first_line(error)}，没有载入任何内容。") from error
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise Refused(f"种子文件 {file} 应是一列记录，没有载入任何内容。")
        rows += found
    return rows


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


async def _upsert(conn: Conn, plan: Plan) -> int:
    """Inserts what is missing and writes what differs; a row that is the same is not touched at all."""
    if not plan.rows:
        return 0
    table: Table = plan.table.__table__  # type: ignore[assignment]
    keys = [column.name for column in table.primary_key]
    defaults = {c.name: _empty(c) for c in table.columns if c.name not in keys}
    rows = [{k: row[k] for k in keys} | {c: row.get(c, empty) for c, empty in defaults.items()} for row in plan.rows]
    written = 0
    for row in rows:
        statement = insert(table).values(row)
        new = statement.excluded
        owned = [name for name in defaults if name not in plan.kept]
        differs = or_(false(), *(table.c[name].is_distinct_from(new[name]) for name in owned))
        write = statement.on_conflict_do_nothing(index_elements=keys)
        if owned:
            write = statement.on_conflict_do_update(
                index_elements=keys, set_={name: new[name] for name in owned}, where=differs
            )
        written += (await conn.execute(write)).rowcount
    return written


def _empty(column: Any) -> Any:
    """What a seed that does not speak of a column means by it."""
    if column.nullable:
        return None
    return [] if column.name == "synonyms" else ""


async def _load_years(conn: Conn, years: Sequence[Mapping[str, Any]]) -> int:
    """Brings the years that are missing and leaves the others alone.

    An administrator uploads the next year's schedule, corrects a day or confirms a year against the notice; after
    that the seed's version is the older one, so a year that is there is never written again, not even in part.
    """
    # Two that load at once look for what is missing one after the other.
    await hold(conn, Lock.CALENDAR)
    known = set((await conn.execute(select(CalendarYear.year))).scalars())
    missing = [_schedule(year) for year in years if year["year"] not in known]
    await load_schedules(conn, missing)
    return len(missing)


def _schedule(year: Mapping[str, Any]) -> Schedule:
    entries = [CalendarEntry(d["day"], DayKind(d["kind"]), d.get("name", "")) for d in year["days"]]
    return Schedule(year["year"], entries, year["source"], bool(year.get("confirmed")))

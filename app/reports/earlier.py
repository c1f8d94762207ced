"""What was told of the year before, of one firm or of many at once."""

import uuid
from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import Integer, and_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.db import Conn
from app.reports.basis import with_total
from app.reports.models import Submission, SubmissionRound, YearlyReport
from app.reports.terms import ANNUAL, COUNTED, ReportState

Year = tuple[uuid.UUID, int]


async def figures_before(conn: Conn, firm_id: uuid.UUID, year: int) -> dict[str, Decimal]:
    """Last year's: the ledger's, and beneath it what the firm's own forms said beyond what the ledger keeps."""
    return (await figures_before_of(conn, [(firm_id, year)]))[firm_id, year]


async def figures_before_of(conn: Conn, years: Collection[Year]) -> dict[Year, dict[str, Decimal]]:
    """By firm and year, those of the year before it."""
    found: dict[Year, dict[str, Decimal]] = {which: {} for which in years}
    if not found:
        return found
    firms, before = zip(*((firm, year - 1) for firm, year in found), strict=True)
    asked = func.unnest(cast(list(firms), ARRAY(Uuid())), cast(list(before), ARRAY(Integer())))
    each = asked.table_valued("firm_id", "year").render_derived("asked")
    s, r, y = Submission, SubmissionRound, YearlyReport
    own = (
        select(s.firm_id, s.year, r.figures)
        .join(each, and_(s.firm_id == each.c.firm_id, s.year == each.c.year))
        .join(r, and_(r.submission_id == s.id, r.round == s.round))
        .where(r.state == ReportState.ACCEPTED.value)
        .order_by(s.form == ANNUAL, s.form)
    )
    ledger = (
        select(y.firm_id, y.year, y.figures)
        .join(each, and_(y.firm_id == each.c.firm_id, y.year == each.c.year))
        .where(y.state.in_([state.value for state in COUNTED]))
        .order_by(y.version)
    )
    for firm_id, year, figures in await conn.execute(own):
        found[firm_id, year + 1] |= _read(figures)
    latest = {(firm_id, year + 1): figures for firm_id, year, figures in await conn.execute(ledger)}
    return {which: with_total(told | _read(latest.get(which, {}))) for which, told in found.items()}


def _read(figures: Mapping[str, str]) -> dict[str, Decimal]:
    return {code: Decimal(value) for code, value in figures.items()}

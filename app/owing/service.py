"""Beginning a form that is owed, with what is known already."""

from datetime import date, datetime

from app.access.terms import Actor
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.terms import FirmDetail, Reference
from app.owing.knowing import facts_of
from app.owing.queries import owed_of
from app.reports.catalogue import Owing
from app.reports.drafting import begin
from app.reports.forms import Forms, newest
from app.reports.queries import Filing
from app.reports.terms import asked_years


async def begin_owed(
    conn: Conn,
    firm: FirmDetail,
    year: int,
    code: str,
    *,
    forms: Forms,
    reference: Reference,
    by: Actor,
    at: datetime,
    today: date,
) -> Filing:
    """Raises Invalid for a year that nobody asks for, NotFound for a form that this firm does not owe."""
    form, years = newest(forms, code), asked_years(today)
    if form is not None and year not in years:
        raise Invalid({"year": f"可以填报 {years[0]} 到 {years[-1]} 年度。"})
    if form is None or not (
        form.owed_by is Owing.EVERY_FIRM or await owed_of(conn, firm.id, [form], [year], viewer=by.viewer, today=today)
    ):
        raise NotFound("没有这张表，或者贵企业这一年度不用填它。")
    known = await facts_of(conn, firm, form, year, reference=reference, viewer=by.viewer, today=today)
    return await begin(conn, firm, year, form, known, by=by, at=at)

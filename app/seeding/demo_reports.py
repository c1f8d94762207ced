"""The demo's yearly forms: one half filled in, one that waits, one that came back, one that wants to be looked at."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn
from app.errors import NotFound
from app.firms.reference import load_reference
from app.firms.terms import FirmDetail
from app.owing.service import begin_owed
from app.recognitions.claiming import claim
from app.recognitions.queries import rights_as_rows
from app.recognitions.terms import ClaimKind
from app.reports import handing
from app.reports.catalogue import Form, Section
from app.reports.drafting import begin, explain, save_page
from app.reports.forms import load_forms, newest
from app.reports.models import YearlyReport
from app.reports.queries import own_filing, pages_of
from app.reports.reading import ROWS, Answers, typed_of
from app.reports.terms import IP_ROWS
from app.text import parse_amount
from app.units import Unit, from_yuan

_PROJECTS = ("节水型恒温阀芯研发", "水龙头自动检测线")
_NEW_RIGHT = {
    "kind": "utility_model",
    "number": "ZL202520987654.3",
    "name": "一种恒温阀芯的密封结构",
    "obtained_by": "self_developed",
    "in_force": True,
    "used_in_hnte_year": None,
}
_RETURNED = {"headcount": "与社保人数差得多，请核对后重填。", "rd.other": "其他费用请附明细，核对是否都与研发有关。"}
_LEFT = ("people", "output")  # by the one that is half way
_LISTED = (Decimal(1), Decimal(1), Decimal(1), Decimal("0.9"))  # of the whole, by each one's projects
_WHY = "今年增加了研发人员和设备，已与辅助账核对。"


async def bring_reports(
    conn: Conn, firms: Sequence[FirmDetail], clerks: Sequence[Actor], *, by: Actor, at: datetime
) -> None:
    forms, reference, today = await load_forms(conn), await load_reference(conn), business_day(at)
    form, year = newest(forms), today.year - 1
    if form is None:
        return
    for n, (firm, clerk) in enumerate(zip(firms, clerks, strict=True)):
        then = at - timedelta(days=9 - n)
        await begin(conn, firm, year, form, {IP_ROWS: await _whole_rights(conn, firm, form)}, by=clerk, at=then)
        await _fill(conn, firm, year, form, by=clerk, at=then, n=n)
        if n == 0:
            words = "证书刚收到，扫描件稍后上传。"
            new = {**_NEW_RIGHT, "granted_on": f"{year}-09-16"}
            await claim(conn, firm, ClaimKind.IP_RIGHT, new, words=words, by=clerk, at=at - timedelta(days=2))
        if n > 0:
            await _sign(conn, firm, year, form, by=clerk, at=then + timedelta(hours=3))
        if n == 1:
            known: dict[str, Any] = {"forms": forms, "reference": reference, "today": today}
            with suppress(NotFound):  # by another seed it may hold no certificate
                await begin_owed(conn, firm, year, "hnte_annual", **known, by=clerk, at=then + timedelta(hours=4))
        if n == 2:
            found = await own_filing(conn, firm.id, year)
            assert found
            await handing.give_back(conn, found.id, _RETURNED, form, by=by, at=then + timedelta(days=1))


async def _whole_rights(conn: Conn, firm: FirmDetail, form: Form) -> list[dict[str, list[str]]]:
    section = form.section("ip")
    asked = {q.code for q in section.questions} if section else set()
    return [row for row in await rights_as_rows(conn, firm.id) if set(row) == asked]


async def _fill(conn: Conn, firm: FirmDetail, year: int, form: Form, *, by: Actor, at: datetime, n: int) -> None:
    known = select(YearlyReport.figures).where(YearlyReport.firm_id == firm.id).order_by(YearlyReport.year.desc())
    figures = (await conn.execute(known.limit(1))).scalar_one_or_none() or {}
    filing = await own_filing(conn, firm.id, year)
    assert filing
    pages = await pages_of(conn, filing.id)
    for at_section, section in enumerate(form.sections):
        answers = {**_answers(section, figures, _LISTED[n]), **pages[section.code].answers}
        if n == 0 and section.code in _LEFT:
            answers = {}
        if answers != pages[section.code].answers:
            moment = at + timedelta(minutes=7 * at_section)
            await save_page(conn, firm.id, year, section, answers, seen=0, by=by, at=moment)


def _answers(section: Section, figures: dict[str, str], listed: Decimal) -> Answers:
    if section.code == "projects":
        names = [q.code for q in section.questions if not q.optional]
        whole = sum((Decimal(value) for code, value in figures.items() if code.startswith("rd.")), Decimal(0))
        whole = (whole * listed).quantize(Decimal("0.01"))
        first = (whole * Decimal("0.6")).to_integral_value()
        rows = []
        for name, spent in zip(_PROJECTS, (first, whole - first), strict=True):
            said = (name, "2025-01-10", "2025-12-20", "6", "52", f"{from_yuan(spent, Unit.WAN_YUAN):f}")
            typed = dict(zip(names, said, strict=True))
            money = {"project.spent": Unit.WAN_YUAN.value}
            rows.append({code: [text, money.get(code, "")] for code, text in typed.items()})
        return {ROWS: rows}
    if section.group:
        return {}
    found = {}
    for question in section.questions:
        if question.policy:
            number = parse_amount(figures.get(question.code, "0"), Unit.YUAN)
            found[question.code] = list(typed_of(number, question))
    return found


async def _sign(conn: Conn, firm: FirmDetail, year: int, form: Form, *, by: Actor, at: datetime) -> None:
    filing = await own_filing(conn, firm.id, year)
    assert filing
    found = await handing.examined(conn, filing, form)
    await explain(conn, filing, {doubt.key: _WHY for doubt in found.doubts})
    await handing.hand_in(conn, firm.id, year, form, officer=firm.officer_id, by=by, at=at)

"""A carrier's statistics forms over JSON: as they stand, and lines of them set right by its operator."""

import uuid

from fastapi import Response

from app.collecting import answering
from app.collecting.forms import form_for
from app.collecting.service import held_open
from app.collecting.statistics import Statistics, statistics_of
from app.collecting.terms import Round
from app.web.api.answers import answer, part
from app.web.api.carriers import Letter, Read, carrier_in_sight
from app.web.api.collection_schemas import CorrectIn, LineOut, ProblemOut, StatisticsOut
from app.web.api.collections import round_seen
from app.web.api.deeds import once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.collection_input import lines_from_program, read_corrections
from app.web.deps import ConnDep, LookupDep, TodayDep

router = part("孵化载体", "/collections/{round_id}/statistics")


@router.get("", response_model=StatisticsOut, summary="统计报表和校验")
async def statistics(round_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, today: TodayDep, viewer: Read) -> Response:
    held = await round_seen(conn, round_id, viewer)
    found = await statistics_of(conn, held, viewer=viewer, reference=lookup.reference, today=today)
    return _out(held, found)


@router.patch("", response_model=StatisticsOut, summary="填写或更正报表的栏目", openapi_extra=KEYED)
@once_only
async def correct(
    round_id: uuid.UUID, body: CorrectIn, deed: Letter, lookup: LookupDep, if_match: IfMatch = None
) -> Response:
    """只写给出的栏目，金额为千元。数出来的栏目要改须写原因；写回数出来的数，就不再算更正。"""
    version = version_needed(if_match)
    held = await held_open(deed.conn, round_id, by=deed.by)
    carrier = await carrier_in_sight(deed.conn, held.carrier_id, deed.viewer)
    found = await statistics_of(deed.conn, held, viewer=deed.viewer, reference=lookup.reference, today=deed.today)
    lines = form_for(carrier.kind, held.period).lines
    raw = lines_from_program(lines, [(line.code, line.value, line.reason) for line in body.lines])
    entries = read_corrections(lines, found.lines, raw)
    await answering.correct(deed.conn, round_id, entries, version=version, by=deed.by, at=deed.at)
    held = await round_seen(deed.conn, round_id, deed.viewer)
    again = await statistics_of(deed.conn, held, viewer=deed.viewer, reference=lookup.reference, today=deed.today)
    return _out(held, again)


def _out(held: Round, found: Statistics) -> Response:
    lines = [
        LineOut(code=x.code, label=x.label, unit=x.unit, counted=x.found, value=x.value, reason=x.reason)
        for x in found.lines
    ]
    body = StatisticsOut(
        title=found.title,
        note=found.note,
        lines=lines,
        head=list(found.head),
        rows=[list(row) for row in found.rows],
        problems=[ProblemOut(sentence=p.sentence, hard=p.hard) for p in found.problems],
    )
    return answer(body, headers={"etag": f'"{held.version}"'})

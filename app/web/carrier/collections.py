"""The operator's collections: opened, chased, excused, entered for whoever has no account, and closed."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import Request, Response

from app.access.personal import readable
from app.access.terms import Permission, Viewer
from app.carriers.terms import Carrier, CarrierKind
from app.collecting import answering, service
from app.collecting.checks import counted
from app.collecting.prefilling import given_before, known_of
from app.collecting.queries import answer_of, answers_of, round_by_id, rounds_of, versions_of
from app.collecting.statistics import problems_of, statistics_of
from app.collecting.terms import Answer, Period, Round, tally_of
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.web.carrier.frame import LetSpaces, ReadCarriers, carrier_in_sight, faulty, head
from app.web.carrier_input import Reader
from app.web.collection_input import fields_of, items_of, labels_of, read_answer, read_round, to_look_at
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.forms import error_context, raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.routing import Router
from app.web.templating import page

router = Router()


def choices(kind: CarrierKind, today: date) -> list[tuple[str, str]]:
    """What may be collected: times that have begun, the latest first. A half year is a makerspace's."""
    latest = [(Period(today.year, (today.month + 2) // 3), 4), (Period(today.year), 3)]
    latest += [(Period(today.year, half=1), 2)] if kind is CarrierKind.MAKERSPACE else []
    found: list[Period] = []
    for one, back in [*latest, (Period(today.year, 0, today.month), 3)]:
        for _ in range(back):
            found.append(one)
            one = one.before  # noqa: PLW2901
    return [(p.code, p.label) for p in found]


@router.get("/carriers/{carrier_id}/collections")
async def rounds_page(
    request: Request, carrier_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep, today: TodayDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return await _rounds(request, conn, carrier, viewer, today, {})


@router.post("/carriers/{carrier_id}/collections")
async def open_round(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
    key: KeyDep,
) -> Response:
    carrier, raw, at = await carrier_in_sight(conn, carrier_id, actor.viewer), await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            period, due_on = read_round(raw, today)
            made = await service.open_round(conn, carrier, period, due_on=due_on, by=actor, at=at)
            return slot.keep(see_other(request, f"/collections/{made}", f"已发起 {period.label}"))
    except (Invalid, Conflict) as error:
        return await _rounds(request, conn, carrier, actor.viewer, today, raw, error=error)


async def _rounds(
    request: Request,
    conn: Conn,
    carrier: Carrier,
    viewer: Viewer,
    today: date,
    raw: Mapping[str, str],
    *,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        **head(carrier, viewer, "collections"),
        "rounds": await rounds_of(conn, carrier.id),
        "periods": [("", "请选择"), *choices(carrier.kind, today)],
        "values": {name: raw.get(name, "") for name in ("period", "due_on")},
        "key": uuid.uuid4().hex,
        "today": today,
        **faulty(error, "period" if isinstance(error, Conflict) else "", called={"due_on": "请企业哪天前确认"}),
    }
    status = error.status if error else 200
    return page(request, "carrier/collections.html", title=f"{carrier.name} 数据收集", status=status, **context)


async def round_in_sight(conn: Conn, round_id: uuid.UUID, viewer: Viewer) -> tuple[Round, Carrier]:
    found = await round_by_id(conn, round_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found, await carrier_in_sight(conn, found.carrier_id, viewer)


@router.get("/collections/{round_id}")
async def round_page(
    request: Request, round_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep, today: TodayDep
) -> Response:
    return await _round(request, conn, round_id, viewer, today)


async def _round(
    request: Request,
    conn: Conn,
    round_id: uuid.UUID,
    viewer: Viewer,
    today: date,
    *,
    error: AppError | None = None,
    despite: str = "",
) -> Response:
    held, carrier = await round_in_sight(conn, round_id, viewer)
    answers = await answers_of(conn, held.id)
    problems = await problems_of(conn, held, viewer=viewer, today=today)
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "round": held,
        "answers": answers,
        "tally": tally_of([a.state for a in answers]),
        "no_account": sum(a.state.value == "waiting" and not a.has_account for a in answers),
        "problems": problems,
        "counted": counted(problems),
        "hard": any(p.hard for p in problems),
        "closing": error is not None,
        "despite": despite,
        "late": held.open and held.due_on < today,
        "days_left": (held.period.last - today).days if held.open else 0,
        **faulty(error, "despite" if isinstance(error, Refused) else "", called={"despite": "理由"}),
    }
    title = f"{carrier.name} {held.period.label}"
    status = error.status if error else 200
    return page(request, "carrier/collection.html", title=title, status=status, **context)


@router.post("/collections/{round_id}/enlist")
async def enlist(request: Request, round_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces) -> Response:
    added = await service.enlist(conn, round_id, by=actor, at=clock.now())
    return see_other(request, f"/collections/{round_id}", f"补充了 {added} 家" if added else "名单没有变化")


@router.post("/collections/{round_id}/chase")
async def chase(request: Request, round_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces) -> Response:
    done = await service.chase(conn, round_id, by=actor, at=clock.now())
    words = [f"已催 {done.told} 家"]
    words += [f"{done.today_already} 家今天已经催过"] if done.today_already else []
    words += [f"{done.no_account} 家没有填报账号，请代填或请主管部门开通"] if done.no_account else []
    return see_other(request, f"/collections/{round_id}", "；".join(words))


@router.post("/collections/{round_id}/close")
async def close(
    request: Request,
    round_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    raw = await raw_form(request)
    r = Reader(raw)
    despite = r.text("despite")
    try:
        r.done()
        held = await service.held_open(conn, round_id, by=actor)
        found = await statistics_of(conn, held, viewer=actor.viewer, reference=lookup.reference, today=today)
        version, at = version_in(raw), clock.now()
        await service.close_round(
            conn, held, found.to_json(), problems=found.hard, despite=despite, version=version, by=actor, at=at
        )
    except (Invalid, Refused, Conflict) as error:
        return await _round(request, conn, round_id, actor.viewer, today, error=error, despite=despite)
    return see_other(request, f"/collections/{round_id}", f"{held.period.label}已关账，报表不再变动")


@router.get("/collections/{round_id}/answers/{answer_id}")
async def answer_page(
    request: Request, round_id: uuid.UUID, answer_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep
) -> Response:
    return await _answer(request, conn, round_id, answer_id, viewer)


@router.post("/collections/{round_id}/answers/{answer_id}")
async def enter(
    request: Request, round_id: uuid.UUID, answer_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    held, answer = await _found(conn, round_id, answer_id, actor.viewer)
    raw = await raw_form(request)
    r = Reader(raw)
    try:
        basis = r.text("basis", required="请写明依据，如谁在哪天给的哪份表。")
        r.done()
        figures = read_answer(items_of(held, answer), raw)
        version = version_in(raw)
        await answering.enter(conn, held.id, answer.id, figures, basis=basis, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        return await _answer(request, conn, round_id, answer_id, actor.viewer, raw=raw, error=error)
    doubtful = to_look_at(held, figures, await given_before(conn, held, answer))
    return see_other(request, f"/collections/{held.id}", f"已填 {answer.name}{doubtful}")


@router.post("/collections/{round_id}/answers/{answer_id}/excuse")
async def excuse(
    request: Request, round_id: uuid.UUID, answer_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    raw = await raw_form(request)
    r, back = Reader(raw), raw.get("again") == "1"
    try:
        reason = "" if back else r.text("reason", required="请写明为什么不用报。")
        r.done()
        version = version_in(raw)
        await service.excuse(conn, round_id, answer_id, reason=reason, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _answer(request, conn, round_id, answer_id, actor.viewer, error=error)
    return see_other(request, f"/collections/{round_id}", "已恢复为应报" if back else "已登记为不用报")


async def _found(conn: Conn, round_id: uuid.UUID, answer_id: uuid.UUID, viewer: Viewer) -> tuple[Round, Answer]:
    held, _ = await round_in_sight(conn, round_id, viewer)
    answer = await answer_of(conn, held.id, answer_id)
    if answer is None:
        raise NotFound
    return held, answer


async def _answer(
    request: Request,
    conn: Conn,
    round_id: uuid.UUID,
    answer_id: uuid.UUID,
    viewer: Viewer,
    *,
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    held, carrier = await round_in_sight(conn, round_id, viewer)
    _, answer = await _found(conn, round_id, answer_id, viewer)
    items, faults = items_of(held, answer), error_context(error, {"basis": "依据", "reason": "原因"})
    enters = held.open and answer.by_operator and viewer.may(Permission.CARRIER_LET)
    known = await known_of(conn, held, answer, to_firm=False) if enters or answer.figures else {}
    before = (held.period.before.label, await given_before(conn, held, answer) if enters else {})
    values = readable(viewer, {code: one.value for code, one in known.items()})
    known = {code: replace(one, value=values[code]) for code, one in known.items()}
    faults["errors"] = [(c, labels_of(items).get(c, label), said) for c, label, said in faults["errors"]]
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "round": held,
        "answer": answer,
        "enters": enters,
        "sections": fields_of(items, known, raw, faults["faults"], before=before),
        "versions": await versions_of(conn, answer.id),
        "basis": (raw or {}).get("basis", answer.basis),
        "version": (raw or {}).get("version", answer.version),
        **faults,
    }
    status = error.status if error else 200
    return page(request, "carrier/answer.html", title=answer.name, status=status, **context)

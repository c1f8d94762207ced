"""提醒: the rules and whom each would reach, putting them to work, and the ledger of what was sent."""

import uuid
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.audit.paging import decode, encode
from app.errors import AppError, Invalid, NotFound, Refused, Stale
from app.outbox.terms import MessageState
from app.reminders import service
from app.reminders.jobs import work_for
from app.reminders.ledger import PAGE, ledger, skips
from app.reminders.preview import counts_by_rule, is_planned, outlooks
from app.reminders.queries import current_templates, list_rules, rule_by_id, weekly_cap
from app.reminders.terms import HOUSED, Audience, Rule, RuleState
from app.reminders.undelivered import resend
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.htmx import see_other
from app.web.reminder_input import read_cap
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.REMINDER_READ))]
Keeper = Annotated[Actor, Depends(acting(Permission.REMINDER_KEEP))]


@router.get("/reminders")
async def rules_page(request: Request, conn: ConnDep, viewer: Reader) -> Response:
    return await _rules_page(request, conn, viewer)


async def _rules_page(request: Request, conn: ConnDep, viewer: Viewer, error: AppError | None = None) -> Response:
    """Context: `rules` by state, `counts` of what each has sent, `texts`, `cap`, `skips`, `may_keep`."""
    rules = await list_rules(conn)
    context: dict[str, Any] = {
        "groups": [(state, [r for r in rules if r.state is state]) for state in _ORDER],
        "counts": await counts_by_rule(conn),
        "texts": await current_templates(conn),
        "cap": await weekly_cap(conn),
        "skips": await skips(conn),
        "may_keep": viewer.may(Permission.REMINDER_KEEP),
        "fault": "".join(error.fields.values()) if isinstance(error, Invalid) else "",
    }
    return page(request, "officer/reminders/rules.html", title="提醒", status=error.status if error else 200, **context)


_ORDER = (RuleState.ACTIVE, RuleState.PAUSED, RuleState.DRAFT)


@router.post("/reminders/cap")
async def set_cap(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
    weekly_cap: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    try:
        cap = read_cap(weekly_cap)
        await service.set_weekly_cap(conn, cap, by=actor, at=clock.now())
    except Invalid as error:
        return await _rules_page(request, conn, actor.viewer, error)
    return see_other(request, "/reminders", f"每家企业每周最多提醒 {cap} 次")


@router.get("/reminders/sent")
async def sent_page(
    request: Request,
    conn: ConnDep,
    viewer: Reader,
    firm: Annotated[str, Query(max_length=40)] = "",
    window: uuid.UUID | None = None,
    rule: uuid.UUID | None = None,
    message: MessageState | None = None,
    told: uuid.UUID | None = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = decode(cursor) if cursor else None
    found = await ledger(
        conn, viewer=viewer, uscc=firm, window=window, rule=rule, message=message, told=told, after=after
    )
    shown = found[:PAGE]
    chosen = {
        name: str(value)
        for name, value in (("firm", firm), ("window", window), ("rule", rule), ("message", message), ("told", told))
        if value
    }
    following = urlencode(chosen | {"cursor": encode(shown[-1])}) if len(found) > PAGE else ""
    context: dict[str, Any] = {
        "lines": shown,
        "chosen": chosen,
        "may_keep": viewer.may(Permission.REMINDER_KEEP),
        "next_href": f"/reminders/sent?{following}" if following else None,
    }
    return page(request, "officer/reminders/sent.html", title="提醒台账", **context)


@router.post("/reminders/sent/{reminder_id}/resend")
async def resend_letter(
    request: Request, reminder_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper
) -> Response:
    name = await resend(conn, reminder_id, by=actor, at=clock.now())
    return see_other(request, "/reminders/sent?message=dead", f"已重新排队：{name}")


async def _rule(conn: ConnDep, rule_id: uuid.UUID) -> Rule:
    rule = await rule_by_id(conn, rule_id)
    if rule is None:
        raise NotFound("没有这条提醒规则。")
    return rule


@router.get("/reminders/{rule_id}")
async def rule_page(
    request: Request,
    rule_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    viewer: Reader,
    on: date | None = None,
) -> Response:
    """`on`: the date that a message was about."""
    return await _rule_page(request, conn, lookup, clock, await _rule(conn, rule_id), viewer, on=on)


async def _rule_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    rule: Rule,
    viewer: Viewer,
    error: AppError | None = None,
    *,
    on: date | None = None,
) -> Response:
    """Context: `rule`, `outlooks` of its next dates, `skips`, `sentence` of what went wrong."""
    work = await work_for(conn, rule, clock.now())
    context: dict[str, Any] = {
        "rule": rule,
        "only_on": on,
        "outlooks": await outlooks(conn, work, viewer=viewer, on=on) if work and is_planned(rule) else [],
        "planned": is_planned(rule),
        "housed": rule.anchor in HOUSED,
        "skips": await skips(conn, rule=rule.id),
        "counts": (await counts_by_rule(conn)).get(rule.id),
        "name_of": lookup.reference.region,
        "reason_of": lambda code: Audience(code).label,
        "may_keep": viewer.may(Permission.REMINDER_KEEP),
        "sentence": error.sentence if error else "",
    }
    status = error.status if error else 200
    return page(request, "officer/reminders/rule.html", title=rule.title, status=status, **context)


@router.post("/reminders/{rule_id}/activate")
async def activate(
    request: Request,
    rule_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Keeper,
    expected: Annotated[int, Form()] = 0,
) -> Response:
    """`expected` is the version that the preview showed."""
    try:
        rule = await service.activate(conn, rule_id, expected=expected, by=actor, at=clock.now())
    except (Refused, Stale) as error:
        return await _rule_page(request, conn, lookup, clock, await _rule(conn, rule_id), actor.viewer, error)
    return see_other(request, f"/reminders/{rule_id}", f"已启用：{rule.title}")


@router.post("/reminders/{rule_id}/pause")
async def pause(
    request: Request, rule_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    try:
        rule = await service.pause(conn, rule_id, by=actor, at=clock.now())
    except Refused as error:
        return await _rule_page(request, conn, lookup, clock, await _rule(conn, rule_id), actor.viewer, error)
    return see_other(request, f"/reminders/{rule_id}", f"已暂停：{rule.title}")

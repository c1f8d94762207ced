"""What one gets of the weekly digests, and a test of it sent to oneself."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response
from sqlalchemy import select

from app.access.models import User
from app.access.terms import Actor, Permission, Viewer
from app.digests.queries import scope_for
from app.digests.reading import read_digest
from app.digests.sending import Subscription, send_test, subscribe, subscriptions_of
from app.digests.terms import SectionCode
from app.errors import AppError, Invalid, Refused
from app.sealed import shown
from app.web.deps import ClockDep, ConnDep, LookupDep, SettingsDep, acting, guard
from app.web.digest_input import Place, divisions, parse_week, read_subscription
from app.web.digest_press import DigestPress
from app.web.forms import error_context
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.digests import digest_answer
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.DIGEST_READ))]
Self = Annotated[Actor, Depends(acting(Permission.DIGEST_READ))]
_LABELS = {"scope": "行政区划", "section": "哪些部分"}


@router.get("/digests/subscription")
async def subscription_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Reader,
    scope: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    mine = await subscriptions_of(conn, viewer)
    wanted = await scope_for(conn, scope, viewer)
    one = next((s for s in mine if s.scope == wanted), Subscription(wanted, (), True, False))
    return await _form(request, conn, lookup, viewer, one)


async def _form(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    viewer: Viewer,
    one: Subscription,
    error: AppError | None = None,
) -> Response:
    names = lookup.reference.regions
    sealed = (await conn.execute(select(User.email).where(User.id == viewer.id))).scalar_one()
    email = shown(conn.vault, sealed or "", column="users.email", row=viewer.id)
    context: dict[str, Any] = {
        "one": one,
        "chosen": set(one.sections or () if error else one.sections or [c.value for c in SectionCode]),
        "sections": SectionCode.options(),
        "scopes": divisions(lookup, viewer),
        "mine": [(names.get(s.scope, s.scope), s) for s in await subscriptions_of(conn, viewer)],
        "labels": dict(SectionCode.options()),
        "email": email,
        "idempotency_key": uuid.uuid4().hex,
        **error_context(error, _LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/digests/subscription.html", title="周报订阅", status=status, **context)


@router.post("/digests/subscription")
async def save_subscription(
    request: Request, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Self, key: KeyDep
) -> Response:
    form = await request.form(max_fields=40, max_files=0)
    raw: Mapping[str, str] = {k: v for k, v in form.items() if isinstance(v, str)}
    sections = [str(v) for v in form.getlist("section")]
    at = clock.now()
    try:
        wanted = read_subscription(raw, sections, dict(divisions(lookup, actor.viewer)))
    except Invalid as error:
        typed = Subscription(raw.get("scope", ""), tuple(sections), raw.get("by_mail") == "1", raw.get("active") == "1")
        return await _form(request, conn, lookup, actor.viewer, typed, error)
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await subscribe(conn, wanted, by=actor, at=at)
        said = "已订阅" if wanted.active else "不再发送"
        name = lookup.reference.region(wanted.scope)
        return slot.keep(see_other(request, f"/digests/subscription?scope={wanted.scope}", f"{name}周报：{said}"))


@router.post("/digests/{week}/test")
async def send_to_oneself(
    request: Request,
    week: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Self,
    key: KeyDep,
    scope: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """To oneself alone, with the sections that one has chosen."""
    place, at = Place(parse_week(week), await scope_for(conn, scope, actor.viewer)), clock.now()
    shown = await read_digest(conn, place.week, place.scope, at=at)
    mine = {s.scope: s.sections for s in await subscriptions_of(conn, actor.viewer)}
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            press = DigestPress(settings, request.app.state.templates)
            said = await send_test(conn, shown.document, press, mine.get(place.scope, ()), by=actor, at=at)
            return slot.keep(see_other(request, place.href(), said))
    except Refused as error:
        return digest_answer(request, place, shown, lookup, actor.viewer, error)

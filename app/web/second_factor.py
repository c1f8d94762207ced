"""One's own second factor: bound, changed, its recovery codes, given up."""

from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access import factors
from app.access.factor_rules import RECOVERY_CODES, grouped
from app.access.proving import must_know_password, must_prove
from app.access.sign_in_rules import sign_in_rules
from app.access.terms import Actor, Permission, Viewer
from app.db import Conn
from app.errors import Invalid
from app.vault import vault_of
from app.web.coming_in import device_of
from app.web.deps import ClockDep, ConnDep, SettingsDep, acting, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.second_step import binding_words
from app.web.security import cookie_name
from app.web.templating import page

router = Router()
Self = Annotated[Actor, Depends(acting(Permission.SELF))]
Password = Annotated[str, Form(max_length=1000)]
Typed = Annotated[str, Form(max_length=60)]
PLACE = "/account/second-factor"


async def _own(
    request: Request, conn: Conn, viewer: Viewer, errors: dict[str, str] | None = None, *, act: str = ""
) -> Response:
    """`act`: which of the page's forms the errors are about."""
    state = request.app.state
    context: dict[str, Any] = {
        "factor": await factors.factor_of(conn, viewer.id),
        "rules": await sign_in_rules(conn),
        "of": RECOVERY_CODES,
        "errors": errors or {},
        "act": act,
    }
    secret = await factors.offered(conn, viewer.id, vault=vault_of(state.settings), at=state.clock.now())
    context["binding_words"] = binding_words(secret, viewer.login) if secret else None
    return page(request, "account/second_factor.html", title="两步验证", status=422 if errors else 200, **context)


def _codes(request: Request, codes: list[str], *, renewed: bool) -> Response:
    context: dict[str, Any] = {"codes": [grouped(c) for c in codes], "onward": PLACE, "kept_form": None}
    context["renewed"] = renewed
    return page(request, "account/recovery_codes.html", title="恢复码", **context)


@router.get("/account/second-factor")
async def own_page(
    request: Request, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.SELF))]
) -> Response:
    return await _own(request, conn, viewer)


@router.post("/account/second-factor/begin")
async def begin(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Self,
    password: Password = "",
    code: Typed = "",
) -> Response:
    """Who finds a browser left open binds no telephone of their own: the password is asked, and the code of the one
    that is bound."""
    at, vault = clock.now(), vault_of(settings)
    try:
        await must_know_password(
            conn, password, by=actor, at=at, device=device_of(request), cheap=settings.cheap_passwords
        )
        await must_prove(conn, code, vault=vault, by=actor, at=at)
    except Invalid as error:
        return await _own(request, conn, actor.viewer, error.fields, act="begin")
    await factors.offer(conn, actor.viewer.id, vault=vault, at=at)
    return see_other(request, PLACE)


@router.post("/account/second-factor/bind")
async def bind(
    request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self, code: Typed = ""
) -> Response:
    keep = request.cookies.get(cookie_name(settings), "")
    held = await factors.factor_of(conn, actor.viewer.id)
    vault, at = vault_of(settings), clock.now()
    if held.bound_at is not None and not await factors.offered(conn, actor.viewer.id, vault=vault, at=at):
        return see_other(request, PLACE, "两步验证已经开启；恢复码只显示那一次，没有存下来的请换一套")  # sent again
    try:
        codes = await factors.bind(conn, code, vault=vault, keep_token=keep, by=actor, at=at)
    except Invalid as error:
        return await _own(request, conn, actor.viewer, error.fields, act="bind")
    return _codes(request, codes, renewed=held.bound_at is not None)


@router.post("/account/second-factor/codes")
async def renew(
    request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self, code: Typed = ""
) -> Response:
    try:
        await must_prove(conn, code, vault=vault_of(settings), by=actor, at=clock.now())
    except Invalid as error:
        return await _own(request, conn, actor.viewer, error.fields, act="codes")
    return _codes(request, await factors.renew_codes(conn, by=actor, at=clock.now()), renewed=True)


@router.post("/account/second-factor/remove")
async def remove(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Self,
    password: Password = "",
    code: Typed = "",
) -> Response:
    at, keep = clock.now(), request.cookies.get(cookie_name(settings), "")
    try:
        if actor.viewer.role in (await sign_in_rules(conn)).factor_roles:
            raise Invalid({"code": f"{actor.viewer.called}必须使用两步验证，不能关闭；可以换绑。"})
        await must_know_password(
            conn, password, by=actor, at=at, device=device_of(request), cheap=settings.cheap_passwords
        )
        await must_prove(conn, code, vault=vault_of(settings), by=actor, at=at)
    except Invalid as error:
        return await _own(request, conn, actor.viewer, error.fields, act="remove")
    await factors.remove(conn, keep_token=keep, by=actor, at=at)
    return see_other(request, PLACE, "两步验证已关闭，其他登录已结束")

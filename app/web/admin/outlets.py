"""群机器人和回调: where the bureau is told beside its own inbox."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.audit.service import event_row, record
from app.errors import Invalid
from app.outbox import outlets as service
from app.outbox.outlets import OutletRow
from app.outbox.terms import OUTLETS
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))]
Keeper = Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))]
_LABELS = {"channel": "种类", "title": "名称", "address": "网址", "secret": "签名密钥"}


@router.get("/admin/outlets")
async def outlets_page(request: Request, conn: ConnDep, _: Reader) -> Response:
    return await _page(request, conn, {})


async def _page(request: Request, conn: ConnDep, values: Mapping[str, str], error: Invalid | None = None) -> Response:
    """Context: `outlets` [OutletRow], the form's `values` without its secret, `faults`."""
    faults = error.fields if error else {}
    context: dict[str, Any] = {
        "outlets": await service.outlets(conn),
        "channels": [("", "请选择"), *((c.value, c.label) for c in OUTLETS)],
        "values": {name: values.get(name, "") for name in ("channel", "title", "address")},
        "faults": faults,
        "errors": [(name, _LABELS.get(name, ""), said) for name, said in faults.items()],
    }
    status = 422 if error else 200
    return page(request, "admin/outlets.html", title="群机器人", status=status, **context)


@router.post("/admin/outlets")
async def add(request: Request, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    form = await request.form(max_fields=20, max_files=0)
    raw = {k: v for k, v in form.items() if isinstance(v, str)}
    at = clock.now()
    try:
        title = clean_text("title", raw.get("title", ""), longest=40)
        address = clean_text("address", raw.get("address", ""), longest=500)
        secret = clean_text("secret", raw.get("secret", ""), longest=200)
        made = await service.add_outlet(
            conn, channel=raw.get("channel", ""), title=title, address=address, secret=secret, at=at
        )
    except Invalid as error:
        return await _page(request, conn, raw, error)
    await _note(conn, "added", made, actor, at)
    return see_other(request, "/admin/outlets", f"已添加：{made.title}，请发一条测试")


@router.post("/admin/outlets/{outlet_id}/test")
async def test(request: Request, outlet_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    at = clock.now()
    outlet = await service.send_test(conn, outlet_id, at=at)
    await _note(conn, "tested", outlet, actor, at)
    return see_other(request, "/admin/outbox", "测试消息已排队，几秒后在这里看对方的回答")


@router.post("/admin/outlets/{outlet_id}/disable")
async def disable(request: Request, outlet_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    outlet = await service.set_active(conn, outlet_id, active=False)
    await _note(conn, "disabled", outlet, actor, clock.now())
    return see_other(request, "/admin/outlets", f"已停用：{outlet.title}")


@router.post("/admin/outlets/{outlet_id}/enable")
async def enable(request: Request, outlet_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    outlet = await service.set_active(conn, outlet_id, active=True)
    await _note(conn, "enabled", outlet, actor, clock.now())
    return see_other(request, "/admin/outlets", f"已启用：{outlet.title}")


async def _note(conn: ConnDep, verb: str, outlet: OutletRow, actor: Actor, at: Any) -> None:
    """The address and the secret open the group to whoever has them, so the trail has neither."""
    after = {"channel": outlet.channel.value, "host": outlet.host, "active": outlet.active}
    done = event_row(
        f"outbox:outlet:{verb}",
        by=actor,
        at=at,
        object_type="outlet",
        object_id=outlet.id,
        object_label=outlet.title,
        after=after,
    )
    await record(conn, done)

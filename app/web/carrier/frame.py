"""What the pages of a carrier share: the carrier in its viewer's sight, its head, a form's error beside its field."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request

from app.access.terms import Actor, Permission, Role, Viewer
from app.carriers.queries import carrier_by_id
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, NotFound, Refused, Stale
from app.web.carrier_input import LABELS
from app.web.deps import acting, guard
from app.web.forms import error_context, raw_form

ReadCarriers = Annotated[Viewer, Depends(guard(Permission.CARRIER_READ))]
KeepCarriers = Annotated[Actor, Depends(acting(Permission.CARRIER_KEEP))]
SeeKeeping = Annotated[Viewer, Depends(guard(Permission.CARRIER_KEEP))]
LetSpaces = Annotated[Actor, Depends(acting(Permission.CARRIER_LET))]
SeeLetting = Annotated[Viewer, Depends(guard(Permission.CARRIER_LET))]


async def carrier_in_sight(conn: Conn, carrier_id: uuid.UUID, viewer: Viewer) -> Carrier:
    found = await carrier_by_id(conn, carrier_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


def home_of(carrier: Carrier, viewer: Viewer) -> str:
    """Where the pages of a carrier lead back to."""
    return "/carrier" if viewer.role is Role.CARRIER else f"/carriers/{carrier.id}"


_LEAVES = (
    *(("", "楼层和入驻"), ("collections", "数据收集"), ("logs", "服务与投资"), ("readiness", "认定准备")),
    *(("disagreements", "入驻核对"), ("graduates", "毕业企业")),
)


def head(
    carrier: Carrier, viewer: Viewer, leaf: str | None = None, counts: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """`leaf`: which of the carrier's own pages it is, none for those behind them; `counts`: what waits in which."""
    here, home = f"/carriers/{carrier.id}", home_of(carrier, viewer)
    labels = [(name, f"{label} {n}" if (n := (counts or {}).get(name)) else label) for name, label in _LEAVES]
    return {
        "carrier": carrier,
        "home": home,
        "tabs": [(label, f"{here}/{name}" if name else home, name == leaf) for name, label in labels],
        "can_let": viewer.may(Permission.CARRIER_LET),
        "proposes": viewer.role is Role.CARRIER,
    }


def faulty(error: AppError | None, place: str = "", *, called: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A refusal that is about one field stands beside it, as a wrong entry does. `called`: as this form names them."""
    labels = {**LABELS, **(called or {})}
    context = error_context(error, labels)
    if place and isinstance(error, Conflict | Refused) and not isinstance(error, Stale):
        context |= {"faults": {place: error.sentence}, "errors": [(place, labels.get(place, ""), error.sentence)]}
        context["sentence"] = ""
    return {**context, "reasons": error.reasons if isinstance(error, Refused) else []}


def field_of(error: AppError | None) -> str:
    """Of a lease: conditions that are missed want a ground, all else that is refused is about the room."""
    return "ground" if isinstance(error, Refused) and error.reasons else "space"


async def checked_form(request: Request, *boxes: str) -> dict[str, str]:
    """A form with boxes to tick: one that was left empty says no."""
    raw = await raw_form(request)
    return {**dict.fromkeys(boxes, "0"), **raw}

"""A firm's people in full, for those who see them masked and say why they need them."""

from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission
from app.errors import Invalid
from app.firms.revealing import reveal_contacts
from app.web.deps import ClockDep, ConnDep, acting
from app.web.forms import clean_text
from app.web.officer.firms import firm_in_sight
from app.web.routing import Router
from app.web.templating import page

router = Router()
LONGEST_REASON = 200
ASK_WHY = "请写明为什么要看，如：核实企业的投诉。"


@router.post("/firms/{uscc}/contacts")
async def reveal(
    request: Request,
    uscc: str,
    conn: ConnDep,
    clock: ClockDep,
    actor: Annotated[Actor, Depends(acting(Permission.CONTACT_REVEAL))],
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    at = clock.now()
    context: dict[str, Any] = {"firm": firm, "reason": reason, "contacts": firm.contacts, "at": at, "error": ""}
    try:
        said = clean_text("reason", reason, longest=LONGEST_REASON, required=ASK_WHY)
        context["contacts"] = await reveal_contacts(conn, firm, reason=said, by=actor, at=at)
    except Invalid as error:
        context["error"] = error.fields["reason"]
    status = 422 if context["error"] else 200
    return page(request, "officer/firms/contacts.html", title=f"联系人 {firm.name}", status=status, **context)

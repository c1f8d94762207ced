"""Reading in full what is masked: with a reason, and written down before it is read."""

from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.types import Uuid

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import NotFound
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.queries import details
from app.firms.terms import ContactDetails, FirmDetail


async def reveal_contacts(
    conn: Conn, firm: FirmDetail, *, reason: str, by: Actor, at: datetime
) -> tuple[ContactDetails, ...]:
    """The people of a firm in the actor's sight, unmasked. The trail says whose were read, and not what they are."""
    wanted = Firm.id == bindparam("firm_id", type_=Uuid())
    found = await details(conn, wanted, visible_to(by.viewer), parameters={"firm_id": firm.id})
    if not found:
        raise NotFound
    contacts = found[0].contacts
    event = event_row(
        "firm:contacts:revealed",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm.id,
        object_label=firm.name,
        after={"reason": reason, "people": [contact.name for contact in contacts]},
    )
    await record(conn, event)
    return contacts

"""What an operator decides against what the data say, before the bureau: no source says who decides, and an officer can
take a graduation back."""

import uuid
from datetime import datetime

from app.access.terms import Actor, Role
from app.carriers.proposals import officers_of
from app.db import Conn
from app.outbox.writing import notice, post


async def tell_bureau(
    conn: Conn, carrier_id: uuid.UUID, tenancy_id: uuid.UUID, told: str, *, by: Actor, at: datetime
) -> None:
    """What an officer has done itself the others read in the trail."""
    if by.viewer.role is not Role.CARRIER:
        return
    # One that was taken back may be decided so again.
    key, page = f"{tenancy_id}:{at.isoformat()}", f"/tenancies/{tenancy_id}"
    people = await officers_of(conn, carrier_id)
    rows = [notice("stay_on_ground", key, to=who, subject=told[:200], at=at, page=page) for who in people]
    await post(conn, *rows)

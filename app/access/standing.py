"""Whether an account opens anything at a moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_

from app.access.models import User


def opens(at: Any) -> Any:
    """`at`: a moment, or the parameter that will be one."""
    return and_(User.active, or_(User.valid_until.is_(None), User.valid_until > at))


def still_opens(user: Mapping[str, Any], at: datetime) -> bool:
    """The same of one that was read. What is done later in somebody's name is done by then or not at all."""
    until: datetime | None = user["valid_until"]
    return bool(user["active"]) and (until is None or until > at)

"""Whether an account opens anything at a moment."""

from typing import Any

from sqlalchemy import and_, or_

from app.access.models import User


def opens(at: Any) -> Any:
    """`at`: a moment, or the parameter that will be one."""
    return and_(User.active, or_(User.valid_until.is_(None), User.valid_until > at))

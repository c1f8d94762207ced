"""The one account of a new installation without a demo."""

from datetime import datetime

from app.access.queries import user_by_login
from app.access.service import Account, add_user
from app.access.terms import Role
from app.db import Database

COUNTY = "440783"


async def ensure_admin(database: Database, password: str, *, at: datetime, cheap: bool = False) -> bool:
    """Makes `admin` with a one-time password, unless there is one; says whether it did."""
    async with database.transaction() as conn:
        if await user_by_login(conn, "admin") is not None:
            return False
        account = Account("admin", "系统管理员", Role.ADMIN, COUNTY, "开平市科工商务局")
        await add_user(conn, account, password=password, must_change=True, at=at, cheap=cheap)
    return True

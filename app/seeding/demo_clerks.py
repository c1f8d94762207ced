"""The demo's people of firms: accounts of two, an invitation that waits, and two who ask for an account."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.access.queries import user_by_login
from app.access.service import Account, add_user
from app.access.terms import Actor, Origin, Role, Viewer
from app.clerks.invitations import invite
from app.clerks.requests import ask
from app.clerks.signatories import appoint
from app.clerks.terms import Application, Asked
from app.db import Conn
from app.firms.terms import FirmDetail
from app.seeding.invented import demo_code

SIGNATORIES = ("firm", "firm-2", "firm-3", "firm-4")
CLERKS_OF = (1, 2, 3, 4)  # numbers of invented firms
# Whose log-in, name, and which of the firms; the first of each firm signs.
_CLERKS = (
    ("firm", "演示填报员 周会计", 0),
    ("firm-clerk", "演示填报员 小林", 0),
    ("firm-2", "演示填报员 何经理", 1),
    ("firm-3", "演示填报员 谭会计", 2),
    ("firm-4", "演示填报员 方主任", 3),
)


async def bring_clerks(
    conn: Conn, firms: Sequence[FirmDetail], password: str, *, by: Actor, at: datetime, cheap: bool
) -> dict[str, Actor]:
    """Only the first can sign in, with the demo's password; the others stand there to be seen."""
    actors: dict[str, Actor] = {}
    for login, name, which in _CLERKS:
        firm = firms[which]
        if await user_by_login(conn, login) is None:
            chosen = password if login == "firm" else f"Td-{secrets.token_urlsafe(24)}9"
            account = Account(login, name, Role.FIRM, "", firm.name, f"{login}@example.com", firm.id)
            await add_user(conn, account, password=chosen, must_change=False, at=at, cheap=cheap)
        user = await user_by_login(conn, login)
        actors[login] = Actor(Viewer(user["id"], login, name, Role.FIRM, firm_id=firm.id, unit=firm.name))
    for login, firm in zip(SIGNATORIES, firms, strict=True):
        await appoint(conn, firm.id, actors[login].viewer.id, by=by, at=at)
    await _openings(conn, firms, by=by, at=at)
    return actors


async def _openings(conn: Conn, firms: Sequence[FirmDetail], *, by: Actor, at: datetime) -> None:
    # The seal of an invitation nobody can use: its link was never made.
    asked = Asked("演示 吴出纳", "chuna@example.com")
    await invite(conn, firms[1], asked, seal=lambda _: secrets.token_urlsafe(32), by=by, at=at - timedelta(days=1))
    some = ((firms[1].uscc, "演示 郑主任", "办公室主任"), (demo_code(9999), "演示 冯先生", "新办的企业，还没有登记"))
    for number, (uscc, name, words) in enumerate(some):
        application = Application(uscc, name, f"shenqing{number}@example.com", "0750-2210000", words)
        await ask(conn, application, origin=Origin(ip="203.0.113.7"), at=at - timedelta(hours=5 + number))

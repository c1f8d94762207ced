"""What a route is given: one connection, the viewer with the right it asks for, the day, the names of things."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.access.models import UserSession
from app.access.queries import SignedIn, signed_in_by_bearer, signed_in_by_cookie
from app.access.rules import token_hash
from app.access.terms import Actor, Origin, Permission, Role, Viewer
from app.access.tokens import USED_AFTER, note_use
from app.clock import Clock, business_day
from app.config import Settings
from app.db import Conn, Database
from app.errors import Forbidden, PasswordChangeRequired, SignInRequired
from app.files.store import Files
from app.web.lookups import Lookup, Lookups
from app.web.security import check_csrf, cookie_name

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TOUCH_AFTER = timedelta(seconds=60)
_LOOKUPS_CHANGED = "tidu.lookups_changed"


async def open_conn(request: Request) -> AsyncIterator[Conn]:
    """Pages read in autocommit; everything else is one transaction that ends before the answer leaves."""
    database: Database = request.app.state.database
    way = database.reading() if request.method in _SAFE else database.transaction()
    async with way as conn:
        yield conn
    # After the commit: forgotten before it, another request would read the old once more and keep it for a minute.
    if request.scope.get(_LOOKUPS_CHANGED):
        request.app.state.lookups.forget()


# scope="function" closes the transaction before the response is sent; the default would close it after.
ConnDep = Annotated[Conn, Depends(open_conn, scope="function")]


# All coroutines, however little they do: the framework runs a plain function on another thread.
async def clock_of(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


async def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def files_of(request: Request) -> Files:
    files: Files = request.app.state.files
    return files


async def database_of(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def lookups_of(request: Request) -> Lookups:
    lookups: Lookups = request.app.state.lookups
    return lookups


async def lookups_changed(request: Request) -> None:
    """For an act that changes what every page keeps in memory; a refused one costs no more than a reading."""
    request.scope[_LOOKUPS_CHANGED] = True


ClockDep = Annotated[Clock, Depends(clock_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]
FilesDep = Annotated[Files, Depends(files_of)]
DatabaseDep = Annotated[Database, Depends(database_of)]
LookupsDep = Annotated[Lookups, Depends(lookups_of)]
CHANGES_LOOKUPS = Depends(lookups_changed)


async def today_of(request: Request) -> date:
    clock: Clock = request.app.state.clock
    return business_day(clock.now())


TodayDep = Annotated[date, Depends(today_of)]


# The pages that are opened all day, and the move, call this one and the day's themselves: as dependencies they cost
# such a page a tenth of what it takes beside its statements and its template.
async def lookup_of(request: Request, conn: ConnDep) -> Lookup:
    lookups: Lookups = request.app.state.lookups
    return await lookups.get(conn)


LookupDep = Annotated[Lookup, Depends(lookup_of)]


def origin_of(request: Request, session_id: str = "") -> Origin:
    ip = request.client.host if request.client else ""
    return Origin(ip=ip, session_id=session_id, request_id=request.scope.get("request_id", ""))


async def signed_in(request: Request, conn: ConnDep) -> SignedIn:
    """The person behind the cookie or the bearer token. Raises SignInRequired."""
    # Taken from the application, not as dependencies: each of those costs every page of everybody.
    settings: Settings = request.app.state.settings
    at = request.app.state.clock.now()
    bearer = request.headers.get("authorization", "")
    found: SignedIn | None
    by_token = bearer.lower().startswith("bearer ")
    if by_token:
        token = bearer[7:].strip()
        found = await signed_in_by_bearer(conn, token, at=at)
        if found and (found.seen_at is None or at - found.seen_at > USED_AFTER):
            await note_use(conn, token, at=at)
    else:
        token = request.cookies.get(cookie_name(settings), "")
        idle = timedelta(minutes=settings.idle_minutes)
        found = await signed_in_by_cookie(conn, token, at=at, idle=idle) if token else None
        if found and request.method not in _SAFE:
            await check_csrf(request, settings, token)
        if found and found.seen_at and at - found.seen_at > _TOUCH_AFTER:
            await _touch(conn, token, at)
    request.app.state.allowance.learn(request.scope, found.viewer.id if found else None)
    if found is None:
        raise SignInRequired
    # Before the no, which is counted as that person's: a token that was stolen tries doors, too.
    request.state.viewer = found.viewer
    request.state.unread = found.unread
    request.state.by_token = by_token
    if found.read_only and request.method not in _SAFE:
        raise Forbidden("这个令牌只能读，什么也没有改；要写，请本人在“访问令牌”里发一个读写的。")
    return found


async def recognise(request: Request) -> None:
    """For a page that is anybody's, or that there is none at an address: it keeps the frame of who is signed in."""
    state = request.app.state
    token = request.cookies.get(cookie_name(state.settings), "")
    if not token or hasattr(request.state, "viewer"):
        return
    idle = timedelta(minutes=state.settings.idle_minutes)
    try:
        async with state.database.reading() as conn:
            found = await signed_in_by_cookie(conn, token, at=state.clock.now(), idle=idle)
    except (DBAPIError, PoolTimeout, OSError):
        return  # that there is no such page can be said without a database
    if found:
        request.state.viewer, request.state.unread = found.viewer, found.unread


async def _touch(conn: Conn, token: str, at: datetime) -> None:
    """Once a minute at most. A page reads in autocommit, so this is over at once and holds no lock.

    On the request's own connection: whoever holds one and waits for a second waits for ever when all do.
    """
    await conn.execute(update(UserSession).where(UserSession.token_hash == token_hash(token)).values(seen_at=at))


_CALLER = "tidu.caller"


async def caller_of(request: Request, conn: ConnDep) -> SignedIn:
    """`signed_in`, once a request. Guards call it themselves: another dependency costs every page of everybody."""
    found: SignedIn | None = request.scope.get(_CALLER)
    if found is None:
        found = request.scope[_CALLER] = await signed_in(request, conn)
    return found


SignedInDep = Annotated[SignedIn, Depends(caller_of)]
_FROM_A_DESK = (Role.ADMIN, Role.AUDITOR)
_FREE_WHILE_CHANGING = ("/account/", "/sign-out")


class Guard:
    """A route's permission; the access table reads it from the route's dependencies."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def allow(self, request: Request, caller: SignedIn) -> Viewer:
        viewer = caller.viewer
        if not viewer.may(self.permission):
            raise Forbidden(f"{viewer.called}没有这项权限。")
        if viewer.must_change_password and not request.url.path.startswith(_FREE_WHILE_CHANGING):
            raise PasswordChangeRequired
        if viewer.role in _FROM_A_DESK and request.url.path != "/sign-out":
            settings: Settings = request.app.state.settings
            if not settings.lets_administer_from(origin_of(request).ip):
                raise Forbidden(f"{viewer.role.label}只能在登记过的地址上使用本系统，这里不是。")
        return viewer


class ViewerGuard(Guard):
    async def __call__(self, request: Request, conn: ConnDep) -> Viewer:
        return self.allow(request, await caller_of(request, conn))


class ActorGuard(Guard):
    async def __call__(self, request: Request, conn: ConnDep) -> Actor:
        caller = await caller_of(request, conn)
        return Actor(self.allow(request, caller), origin_of(request, caller.session_id))


def guard(permission: Permission) -> Callable[..., Awaitable[Viewer]]:
    return ViewerGuard(permission)


def acting(permission: Permission) -> Callable[..., Awaitable[Actor]]:
    return ActorGuard(permission)


def permissions_of(dependant: Any) -> set[Permission]:
    """Every permission that a route's dependency tree asks for."""
    found = {dependant.call.permission} if isinstance(dependant.call, Guard) else set()
    return found.union(*(permissions_of(d) for d in dependant.dependencies)) if dependant.dependencies else found

"""How much one account, and one address before it signs in, may ask of a web process: a bucket that fills again."""

import uuid
from collections import OrderedDict
from collections.abc import Hashable
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

DEAR = 50  # pages that one export or one import is worth
_DEAR_ENDS = (".csv", ".xlsx", ".pdf")
_DEAR_POSTS = ("/import", "/imports")
_FREE = ("/health/", "/metrics")
_NEIGHBOURS = 64  # bits of an address that one household has all the rest of
_MOST = 20_000  # buckets, and tickets; whoever was seen longest ago starts anew


class Buckets:
    """Each holds what may be asked in a minute, so that may be asked at once."""

    def __init__(self, a_minute: int) -> None:
        self._full, self._rate = float(a_minute), a_minute / 60
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable, cost: float, *, now: float) -> float:
        """Seconds until there is enough; 0.0 when it was taken."""
        left, since = self._left.pop(key, (self._full, now))
        left = min(self._full, left + (now - since) * self._rate)
        cost = min(cost, self._full)
        missing = max(0.0, cost - left)
        self._left[key] = (left if missing else left - cost, now)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        return missing / self._rate


class Allowance:
    """A ticket is the hash of what a browser or a program shows of itself. Whose it is, is learnt when it has opened
    the door once; until then, and when it opens none, the address it came from pays."""

    def __init__(self, a_minute: int) -> None:
        self._buckets = Buckets(a_minute) if a_minute else None
        self._known: OrderedDict[bytes, uuid.UUID] = OrderedDict()

    def wait(self, scope: Scope, *, now: float) -> float:
        """Seconds until this may be asked; 0.0: now."""
        path = scope["path"]
        if self._buckets is None or path.startswith(_FREE):
            return 0.0
        ticket = _ticket(scope)
        scope["tidu.ticket"] = ticket
        key = self._known.get(ticket) or _neighbourhood(scope["client"])
        return self._buckets.take(key, _cost(scope["method"], path), now=now)

    def learn(self, scope: Scope, account: uuid.UUID | None) -> None:
        """Whom the ticket let in, if anybody."""
        if not (ticket := scope.get("tidu.ticket")):
            return
        if account is None:
            self._known.pop(ticket, None)
            return
        self._known[ticket] = account
        self._known.move_to_end(ticket)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def _ticket(scope: Scope) -> bytes:
    shown = {name: value for name, value in scope["headers"] if name in (b"authorization", b"cookie")}
    program = shown.get(b"authorization", b"")
    # What a proxy asks everybody for in that place opens nothing here, and is the same for all of them.
    value = program if program.lower().startswith(b"bearer ") else shown.get(b"cookie")
    return blake2b(value, digest_size=16).digest() if value else b""


def _neighbourhood(client: tuple[str, int] | None) -> str:
    given = client[0] if client else ""
    if ":" not in given:
        return given
    try:
        address = ip_address(given)
    except ValueError:
        return given
    if not isinstance(address, IPv6Address):
        return given
    if address.ipv4_mapped:  # as a socket for both tells of them: the upper half is the same for everybody
        return str(address.ipv4_mapped)
    return str(int(address) >> _NEIGHBOURS)


def _cost(method: str, path: str) -> int:
    return DEAR if path.endswith(_DEAR_ENDS) or (method == "POST" and path.endswith(_DEAR_POSTS)) else 1

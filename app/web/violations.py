"""What browsers report of pages that tried what is forbidden: to the log, few at a time, without what was typed."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
from fastapi import Request, Response

from app.web.deps import ClockDep
from app.web.middleware import REPORTS
from app.web.routing import Router
from app.web.security import split_address

log = logging.getLogger("tidu.violations")
router = Router()
_LONGEST, _AT_ONCE = 16 << 10, 10
A_MINUTE = 20


class Allowance:
    """So many a minute from everybody together: whoever floods fills no disk."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._taken = self.dropped = 0

    def take(self, at: datetime) -> bool:
        if self._since is None or at - self._since >= timedelta(minutes=1):
            self._since, self._taken = at, 0
        self._taken += 1
        self.dropped += self._taken > A_MINUTE
        return self._taken <= A_MINUTE


@router.post(REPORTS)
async def report(request: Request, clock: ClockDep) -> Response:
    """Anybody may send one, so nothing is answered, kept or believed; whoever runs the house looks at the log."""
    allowance: Allowance = request.app.state.violations
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            return Response(status_code=413)
    for told in _read(bytes(body)):
        if not allowance.take(clock.now()):
            return Response(status_code=429, headers={"retry-after": "60"})
        log.warning("policy violated: %s blocked %s on %s", *told)
    return Response(status_code=204)


def _read(body: bytes) -> Iterator[tuple[str, str, str]]:
    """Directive, the place that was blocked, our own page: in either of the two shapes that browsers send."""
    try:
        said = orjson.loads(body)
    except ValueError:
        return
    many = said if isinstance(said, list) else [said]
    for one in many[:_AT_ONCE]:
        about = (one.get("csp-report") or one.get("body")) if isinstance(one, dict) else None
        if isinstance(about, dict):
            yield (
                _word(about, "effective-directive", "effectiveDirective", "violated-directive"),
                _place(_word(about, "blocked-uri", "blockedURL")),
                split_address(_word(about, "document-uri", "documentURL")).path[:100],
            )


def _word(about: dict[str, Any], *names: str) -> str:
    """One line, printable: a log is read by people and programs."""
    found = next((str(about[name]) for name in names if about.get(name)), "")
    return "".join(c for c in found[:500] if c.isprintable())


def _place(address: str) -> str:
    """Where, without what was asked there: an address may carry what somebody typed."""
    parts = split_address(address)
    return f"{parts.scheme}://{parts.netloc}"[:100] if parts.scheme and parts.netloc else address[:20]

"""What the processes write on stderr: lines for people, or one JSON object a line for a collector."""

import logging
import re
from contextvars import ContextVar
from datetime import datetime
from typing import Literal

import orjson

from app.clock import BUSINESS_ZONE

# Set at the door of each request, so that whatever is logged on its behalf can be found by the number it shows.
request_id: ContextVar[str] = ContextVar("request_id", default="")
_OURS = "tidu"
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@", re.IGNORECASE)


class _Lines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _without_passwords(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, BUSINESS_ZONE).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _without_passwords(record.getMessage()),
            "request_id": request_id.get() or None,
        }
        if record.exc_info:
            line["exception"] = _without_passwords(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode()


def _without_passwords(text: str) -> str:
    """Addresses of databases and mail servers carry one, and a driver's message may quote the address."""
    return _PASSWORD.sub(r"\1***@", text)


def set_up(kind: Literal["text", "json"]) -> None:
    """Once a process, before it starts to work. Called again, it changes the form and adds nothing."""
    handler = logging.StreamHandler()
    handler.set_name(_OURS)
    handler.setFormatter(_Json() if kind == "json" else _Lines())
    root = logging.getLogger()
    for earlier in [h for h in root.handlers if h.get_name() == _OURS]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # A line for each tick of the clock would bury everything else.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)

"""A letter as it goes on the wire. What many letters share is worked out once for all of them."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import Any

from app.outbox.enclosures import Enclosure, enclose


def compose(
    message_id: str, *, sender: str, to: str, subject: str, body: str, enclosures: Sequence[Enclosure] = ()
) -> bytes:
    """`to` is ASCII without spaces."""
    # One line, whatever a firm's name holds: a line break would begin a header of its own.
    named = _header("From", sender) + _header("Subject", " ".join(subject.split()))
    # The text of a letter without enclosures may hold a secret link, which is kept nowhere.
    content = _enclosing(body, tuple(enclosures)) if enclosures else _content(body, ())
    return f"{named}To: {to}\r\nMessage-ID: {message_id}\r\n".encode() + content


@lru_cache(maxsize=256)
def _header(name: str, value: str) -> str:
    made: Any = SMTP.header_factory(name, value)
    folded: str = made.fold(policy=SMTP)
    return folded


def _content(body: str, enclosures: Sequence[Enclosure]) -> bytes:
    letter = EmailMessage()
    letter.set_content(body)
    enclose(letter, enclosures)
    return letter.as_bytes(policy=SMTP)


_enclosing = lru_cache(maxsize=2)(_content)

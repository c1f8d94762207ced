"""A mail address as people write one."""

import re

# One address and nothing else: no spaces, no lists, nothing that begins another header of a letter.
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None

"""Whether a password is one that everybody can know: from leaks, off a list that comes with the house."""

import string
from functools import lru_cache

from app.config import SEEDS

_LIST = SEEDS / "passwords" / "breached.txt"
_AROUND = string.digits + string.punctuation + " "
_SHORTEST_CORE = 5


def is_breached(password: str) -> bool:
    """Also what is one of them with figures and signs put around it, which is the first thing that is tried."""
    lowered = password.lower()
    core = lowered.strip(_AROUND)
    return lowered in _known() or (len(core) >= _SHORTEST_CORE and core in _known())


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(_LIST.read_text("ascii").split("\n")) - {""}

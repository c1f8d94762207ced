"""argon2id, off the event loop: a hash takes a good part of a second."""

import asyncio
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


@lru_cache(maxsize=4)
def hasher(cheap: bool = False) -> PasswordHash:
    # OWASP's floor for argon2id: 19 MiB, 2 passes, 1 lane. The cheap one is for test suites only.
    kind = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1) if cheap else Argon2Hasher(2, 19 * 1024, 1)
    return PasswordHash((kind,))


@lru_cache(maxsize=2)
def decoy(cheap: bool = False) -> str:
    """Checked when the account does not exist, so that the answer takes as long either way."""
    return hasher(cheap).hash("no such account")


async def hash_password(password: str, *, cheap: bool = False) -> str:
    return await asyncio.to_thread(hasher(cheap).hash, password)


async def verify(password: str, stored: str | None, *, cheap: bool = False) -> bool:
    matches = await asyncio.to_thread(hasher(cheap).verify, password, stored or decoy(cheap))
    return matches and stored is not None

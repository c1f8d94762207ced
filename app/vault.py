"""What is kept sealed in the database: a stolen table or backup opens nothing without the keys, which are elsewhere.

AES-256-GCM, each value under a fresh nonce and bound to what it is about, so that one row's value means nothing in
another row. The first key seals; every key opens, so that a new one can be put in front and the old one taken away once
everything has been sealed anew (`tidu keys reseal`).
"""

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Settings

_NAME, _NONCE = 4, 12  # bytes


class Unreadable(Exception):
    """Sealed under a key that is not there any more, or tampered with."""


class Vault:
    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: long random texts, the one that seals first."""
        drawn = [_key(secret) for secret in secrets]
        self._first = _name(drawn[0])
        self._keys = {_name(key): AESGCM(key) for key in drawn}

    def seal(self, plain: bytes, *, about: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._first + nonce + self._keys[self._first].encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Raises Unreadable."""
        name, nonce, rest = sealed[:_NAME], sealed[_NAME : _NAME + _NONCE], sealed[_NAME + _NONCE :]
        if name not in self._keys:
            raise Unreadable
        try:
            return self._keys[name].decrypt(nonce, rest, about.encode())
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error

    def is_current(self, sealed: bytes) -> bool:
        """Sealed under the first key."""
        return sealed[:_NAME] == self._first


def vault_of(settings: Settings) -> Vault:
    """The house's own key, never used as it is, opens what was sealed before keys of their own were given."""
    given = settings.encryption_keys.get_secret_value()
    return _vault(given, settings.secret_key.get_secret_value())


@lru_cache(maxsize=4)
def _vault(given: str, house: str) -> Vault:
    return Vault([*(part.strip() for part in given.split(",") if part.strip()), house])


def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tidu vault").derive(secret.encode())


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"name:" + key).digest()[:_NAME]

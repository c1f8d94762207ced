"""What is kept sealed in the database: a stolen table or backup opens nothing without the keys, which are elsewhere.

AES-256-GCM, each value under a nonce of its own and bound to what it is about, so that one row's value means nothing in
another row. The first key seals; every key opens, so that a new one can be put in front and the old one taken away once
everything has been sealed anew (`tidu keys reseal`).

A mark is a keyed hash by which the same value is found again without being opened (HMAC-SHA-256 under a key that is
drawn from the same secret and used for nothing else).
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Settings

_NAME, _NONCE, _MARK = 4, 12, 12  # bytes


class Unreadable(Exception):
    """Sealed under a key that is not there any more, or tampered with."""


class Vault:
    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: long random texts, the one that seals first."""
        self._secrets = tuple(secrets)
        drawn = [_key(secret) for secret in secrets]
        self._first = _name(drawn[0])
        self._keys = {_name(key): AESGCM(key) for key in drawn}
        self._markers = [_key(secret, b"tidu marks") for secret in secrets]
        self._nonces = _key(secrets[0], b"tidu nonces")

    def __reduce__(self) -> tuple[type["Vault"], tuple[tuple[str, ...]]]:
        """Ciphers do not travel to another process, what they are made of does."""
        return Vault, (self._secrets,)

    @property
    def name(self) -> str:
        """Of the key that seals, as `sealed_by` says it."""
        return self._first.hex()

    def knows(self, name: str) -> bool:
        return any(name == known.hex() for known in self._keys)

    def seal(self, plain: bytes, *, about: str, again: bool = False) -> bytes:
        """`again`: the same value about the same thing is sealed to the same bytes, its nonce being a hash of both; for
        what carries a mark of its value anyway."""
        if again:
            said = about.encode()
            nonce = hmac.digest(self._nonces, len(said).to_bytes(4) + said + plain, "sha256")[:_NONCE]
        else:
            nonce = os.urandom(_NONCE)
        return self._first + nonce + self._keys[self._first].encrypt(nonce, plain, about.encode())

    def mark(self, kind: str, value: str) -> str:
        return self.marks(kind, value)[0]

    def marks(self, kind: str, value: str) -> list[str]:
        """Under every key, the one that seals first: what is not sealed anew yet is found by the others."""
        said = f"{kind}\0{value}".encode()
        drawn = (hmac.digest(key, said, "sha256")[:_MARK] for key in self._markers)
        return [base64.urlsafe_b64encode(digest).decode() for digest in drawn]

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


def _key(secret: str, info: bytes = b"tidu vault") -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"name:" + key).digest()[:_NAME]

"""Pure rules of access: which passwords are taken, how long a failed log-in must wait, how secrets are hashed."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_LENGTH = 12
MIN_CLASSES = 3
PAIR_LIMIT, ADDRESS_LIMIT = 5, 20
WINDOW = timedelta(minutes=15)
# OWASP ASVS 5.0, 6.4.1: a password that somebody else made up expires soon, or at its first use.
ONE_TIME_HOURS = 72
_COMMON = ("password", "123456", "qwerty", "admin", "kaiping", "tidu", "woaini", "iloveyou", "abc123", "111111")


def password_faults(password: str, *, login: str) -> list[str]:
    """Profile 等保 (GB/T 22239-2019 8.1.4.1 a): twelve characters or more, three of four classes, nothing guessable."""
    faults = []
    if len(password) < MIN_LENGTH:
        faults.append(f"口令至少 {MIN_LENGTH} 个字符。")
    if len(password) > 256:
        faults.append("口令请控制在 256 个字符以内。")
    tests = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(test(c) for c in password) for test in tests) < MIN_CLASSES:
        faults.append("口令要包含大写字母、小写字母、数字、符号中的三种。")
    lowered = password.lower()
    if (login and login.lower() in lowered) or any(word in lowered for word in _COMMON):
        faults.append("口令里有账号名或常见口令，容易被猜到。")
    return faults


@dataclass(frozen=True, slots=True)
class Failure:
    at: datetime
    login: str
    ip: str


def wait_seconds(failures: Sequence[Failure], *, login: str, ip: str, at: datetime) -> int:
    """Seconds until this person at this address may try again; 0 when now.

    Counted by account and address together, and by address, so that a stranger who tries somebody's account
    from elsewhere cannot lock that person out.
    """
    recent = [f for f in failures if at - f.at < WINDOW]
    pair = sorted(f.at for f in recent if f.login == login and f.ip == ip)
    address = sorted(f.at for f in recent if f.ip == ip)
    waits = [0.0]
    for hits, limit in ((pair, PAIR_LIMIT), (address, ADDRESS_LIMIT)):
        if len(hits) >= limit:
            waits.append((hits[-limit] + WINDOW - at).total_seconds())
    return max(0, round(max(waits)))


def one_time_until(at: datetime) -> datetime:
    return at + timedelta(hours=ONE_TIME_HOURS)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Tokens carry 256 random bits, so a plain hash keeps them; only passwords need a slow one."""
    return hashlib.sha256(token.encode()).digest()

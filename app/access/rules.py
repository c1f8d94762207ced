"""Pure rules of access: which passwords are taken, how long a failed log-in must wait, how secrets are hashed."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.access.sign_in_terms import PasswordProfile
from app.clock import BUSINESS_ZONE, business_day

LONGEST = 256
FORMER = 5  # so many of the former ones are not taken again
PAIR_LIMIT, ADDRESS_LIMIT = 5, 20
WINDOW = timedelta(minutes=15)
# OWASP ASVS 5.0, 6.4.1: a password that somebody else made up expires soon, or at its first use.
ONE_TIME_HOURS = 72
_COMMON = ("password", "123456", "qwerty", "admin", "kaiping", "tidu", "woaini", "iloveyou", "abc123", "111111")


@dataclass(frozen=True, slots=True)
class Demands:
    shortest: int
    classes: int  # of small letters, capitals, figures and signs; 0: any will do
    days: int | None  # until it must be changed

    @property
    def hint(self) -> str:
        kinds = "含大写字母、小写字母、数字、符号中的三种" if self.classes else "什么字符都行，一句话最好记"
        return f"至少 {self.shortest} 个字符，{kinds}；不要有账号名和常见的词。"


# The standard has no numbers; these are what assessors usually ask for. ASVS 5.0: V6.2.1, V6.2.5, V6.2.10.
DEMANDS = {
    PasswordProfile.DENGBAO: Demands(12, 3, 90),
    PasswordProfile.ASVS: Demands(15, 0, None),
}


def password_faults(password: str, *, login: str, profile: PasswordProfile = PasswordProfile.DENGBAO) -> list[str]:
    """Long, mixed where the profile wants it, and nothing guessable."""
    demands, faults = DEMANDS[profile], []
    if len(password) < demands.shortest:
        faults.append(f"口令至少 {demands.shortest} 个字符。")
    if len(password) > LONGEST:
        faults.append(f"口令请控制在 {LONGEST} 个字符以内。")
    tests = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(test(c) for c in password) for test in tests) < demands.classes:
        faults.append("口令要包含大写字母、小写字母、数字、符号中的三种。")
    lowered = password.lower()
    if (login and login.lower() in lowered) or any(word in lowered for word in _COMMON):
        faults.append("口令里有账号名或常见口令，容易被猜到。")
    return faults


def is_worn_out(changed_at: datetime, *, profile: PasswordProfile, at: datetime) -> bool:
    """Whether it has been in use so long that it must be changed."""
    days = DEMANDS[profile].days
    return days is not None and changed_at + timedelta(days=days) <= at


@dataclass(frozen=True, slots=True)
class Failure:
    at: datetime
    login: str
    ip: str
    device: bytes | None = None  # where it was one that this account has been signed in from


def wait_seconds(
    failures: Sequence[Failure],
    *,
    login: str,
    ip: str,
    at: datetime,
    worked: bool = False,
    device: bytes | None = None,
) -> int:
    """Seconds until this person at this address may try again; 0 when now. `worked`: what others at the address have
    failed counts no more, see `app.access.proof`.

    Counted by account and address together, and by address, so that a stranger who tries somebody's account
    from elsewhere cannot lock that person out. A device that this person has been signed in from answers for what was
    failed on it and for nothing else, wherever it is: neither can a colleague at the same address.
    """
    recent = [f for f in failures if at - f.at < WINDOW]
    if device:
        own = sorted(f.at for f in recent if f.login == login and f.device == device)
        return _until(own, PAIR_LIMIT, at)
    pair = sorted(f.at for f in recent if f.login == login and f.ip == ip)
    address = sorted(f.at for f in recent if f.ip == ip)
    return max(_until(pair, PAIR_LIMIT, at), 0 if worked else _until(address, ADDRESS_LIMIT, at))


def _until(hits: Sequence[datetime], limit: int, at: datetime) -> int:
    return max(0, round((hits[-limit] + WINDOW - at).total_seconds())) if len(hits) >= limit else 0


def lasts_until(day: date) -> datetime:
    """The moment at which a last day is over."""
    return datetime.combine(day + timedelta(days=1), time.min, BUSINESS_ZONE)


def last_day(until: datetime) -> date:
    return business_day(until - timedelta(seconds=1))


def one_time_until(at: datetime) -> datetime:
    return at + timedelta(hours=ONE_TIME_HOURS)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Tokens carry 256 random bits, so a plain hash keeps them; only passwords need a slow one."""
    return hashlib.sha256(token.encode()).digest()

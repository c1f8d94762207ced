"""Pure rules of the second factor: RFC 6238 codes, recovery codes, and how long wrong ones must wait."""

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from urllib.parse import quote

import pyotp

from app.text.clean import halve, is_code

STEP = 30  # seconds a code stands
_NEAR = 1  # steps that a telephone's clock may be off, either way
DIGITS = 6
RECOVERY_CODES = 10
_RECOVERY_LENGTH = 16  # of 32 letters: 80 bits
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# Only who knows the password gets so far, so this locks nobody else out; a recovery code is taken all the while.
FREE_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
ISSUER = "梯度"


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, login: str) -> str:
    """What the picture says to an authenticator."""
    return f"otpauth://totp/{quote(f'{ISSUER}:{login}')}?secret={secret}&issuer={quote(ISSUER)}"


def grouped(code: str) -> str:
    """Four by four, as people read it aloud."""
    return " ".join(code[n : n + 4] for n in range(0, len(code), 4))


def read_code(typed: str) -> str:
    """Without the spaces and lines that people put between groups."""
    return "".join(c for c in halve(typed[:60]).upper() if not c.isspace() and c not in "-－—")


def is_recovery(code: str) -> bool:
    return len(code) == _RECOVERY_LENGTH


def step_of(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """The time step whose code this is, later than `after`: a code that was used, or is older than one, is none."""
    if len(code) != DIGITS or not is_code(code):
        return None
    now, generator = int(at.timestamp()) // STEP, pyotp.TOTP(secret)
    near = [n for n in range(now - _NEAR, now + _NEAR + 1) if n > after]
    return next((n for n in near if hmac.compare_digest(generator.generate_otp(n), code)), None)


def new_recovery_codes() -> list[str]:
    return ["".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]


def recovery_hash(user_id: uuid.UUID, code: str) -> bytes:
    """80 random bits need no slow hash; the person in it keeps equal codes of two people apart."""
    return hashlib.sha256(user_id.bytes + code.encode()).digest()


def code_wait(wrong: int, last: datetime | None, *, at: datetime) -> int:
    """Seconds until the next code may be tried, after so many wrong ones in a row."""
    if wrong < FREE_TRIES or last is None:
        return 0
    wait: timedelta = min(_FIRST_WAIT * 2 ** min(wrong - FREE_TRIES, 10), _LONGEST_WAIT)
    return max(0, round((last + wait - at).total_seconds()))

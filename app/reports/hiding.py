"""How a firm's people are reached, sealed: in what it types into a form, and beside what it has signed.

What was signed is never changed; a number has to be sealed anew under another key, and to go when its owner asks. So
the signed form holds a salted digest of the number. Number and salt lie sealed beside it, and where both were erased
a digest is left that nobody can try numbers against.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from app.errors import Conflict
from app.personal.terms import KEYS, Kind
from app.reports.reading import Answers
from app.sealed import UNREADABLE, seal, shown, unseal
from app.vault import Unreadable, Vault

SIGNED = "signed:"
GONE = "（已按本人要求删除）"
_TYPED, _PHONE, _SALT = "submissions.phone", "submission_rounds.phone", "submission_rounds.salt"
# Questions by which somebody is reached; no row of a list asks for one.
REACHED = tuple(code for code, kind in KEYS.items() if kind is Kind.PHONE and "." in code)
Beside = Mapping[str, Sequence[str]]  # by question: the number and the salt, both sealed


def hidden(vault: Vault, filing_id: uuid.UUID, answers: Answers) -> dict[str, Any]:
    """Raises Conflict for what could not be opened: it is nobody's number."""
    return {**answers, **{c: [seal(vault, _TYPED, filing_id, _known(n)), *more] for c, n, *more in _numbers(answers)}}


def opened(vault: Vault, filing_id: uuid.UUID, answers: Answers) -> dict[str, Any]:
    plain = {c: [shown(vault, n, column=_TYPED, row=filing_id), *more] for c, n, *more in _numbers(answers)}
    return {**answers, **plain}


def signed(
    vault: Vault, filing_id: uuid.UUID, nth: int, pages: Mapping[str, Answers]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """What is signed, by section, and what lies beside it. Raises Conflict as `hidden` does."""
    kept: dict[str, Any] = {section: dict(page) for section, page in pages.items()}
    beside = {}
    for page in kept.values():
        for code, number, *more in _numbers(page):
            salt = secrets.token_hex(16)
            page[code] = [_digest(salt, _known(number)), *more]
            row = f"{filing_id}/{nth}"
            beside[code] = [seal(vault, _PHONE, row, number), seal(vault, _SALT, row, salt)]
    return kept, beside


def told(
    vault: Vault, filing_id: uuid.UUID, nth: int, pages: Mapping[str, Answers], beside: Beside
) -> dict[str, dict[str, Any]]:
    """A signed form with its numbers. One that is not the number that was signed says so as one that does not open."""
    row = f"{filing_id}/{nth}"
    return {
        section: {**page, **{c: [_told(vault, row, n, beside.get(c)), *more] for c, n, *more in _numbers(page)}}
        for section, page in pages.items()
    }


def _told(vault: Vault, row: str, digest: str, beside: Sequence[str] | None) -> str:
    if not beside:
        return GONE
    try:
        number, salt = (unseal(vault, s, column=c, row=row) for s, c in zip(beside, (_PHONE, _SALT), strict=True))
    except (Unreadable, ValueError):
        return UNREADABLE
    return number if digest == _digest(salt, number) else UNREADABLE


def _digest(salt: str, number: str) -> str:
    return SIGNED + sha256(f"{salt}:{number}".encode()).hexdigest()


def _known(said: str) -> str:
    if said == UNREADABLE:
        raise Conflict("有电话用现在的密钥打不开，没有保存；请改填电话，或告诉系统管理员。")
    return said


def _numbers(answers: Answers) -> list[tuple[str, ...]]:
    """Each that is given: its question, itself and the unit that no number has."""
    return [(code, *map(str, typed)) for code in REACHED if (typed := answers.get(code)) and typed[0]]

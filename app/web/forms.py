"""One line of a form, cleaned at the door."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from app.errors import AppError, Invalid
from app.text import TextError, normalise

LONGEST_ADDRESS = 500  # of our own pages, carried through a sign-in


def clean_text(field: str, value: str, *, longest: int, required: str = "") -> str:
    """Raises Invalid with the field's sentence."""
    try:
        text = normalise(value, longest=longest, lines=True)
    except TextError as error:
        raise Invalid({field: str(error)}) from error
    if required and not text:
        raise Invalid({field: required})
    return text


async def raw_form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


def error_context(error: AppError | None, labels: Mapping[str, str]) -> dict[str, Any]:
    """What `error_summary` and the fields of a form show of what was wrong with it."""
    faults = error.fields if isinstance(error, Invalid) else {}
    return {
        "faults": faults,
        "errors": [(name, labels.get(name, ""), sentence) for name, sentence in faults.items()],
        "sentence": error.sentence if error and not faults else "",
    }


def version_in(raw: Mapping[str, str], field: str = "version") -> int:
    """What the form was made from; a number that nothing has when it says nothing we can read."""
    said = raw.get(field, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0

"""One line of a form, cleaned at the door."""

from app.errors import Invalid
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

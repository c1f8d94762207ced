"""A file's name, fit to be shown and to name a download."""

from app.text import TextError, normalise

LONGEST_NAME = 120


def clean_name(given: str) -> str:
    """The last part of whatever path came along, shortened before its suffix."""
    name = given.replace("\\", "/").rpartition("/")[2]
    try:
        name = normalise(name)
    except TextError:
        name = "".join(c for c in name if c.isprintable())
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(suffix)]}{dot}{suffix[:10]}" if dot else name[:LONGEST_NAME]

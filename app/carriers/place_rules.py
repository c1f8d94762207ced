"""When two spellings name one room: the floor as the screen shows it, or without its word; spaces and case aside."""

import re
import unicodedata
from functools import lru_cache

_NUMBER = r"([0-9]{1,3}|[一二三四五六七八九十首]{1,3})"
_ABOVE = re.compile(rf"(?:第?{_NUMBER}[层楼f]?|f([0-9]{{1,3}}))")
_BELOW = re.compile(rf"(?:-|b|负|地下)第?{_NUMBER}[层楼f]?")
_HAN = {"首": 1, **{word: n for n, word in enumerate("一二三四五六七八九", 1)}}
_BLOCK = re.compile(r"([0-9a-z]+)(?:号楼|[座栋幢号])")
_LETTERED = re.compile(r"([A-Za-z]+)\s*([座栋幢]|号楼)")
_ROOM = re.compile(r"([0-9a-z-]*[0-9])(?:号房|[室房号])")
_DASHES = str.maketrans(dict.fromkeys("－–—−‐‑", "-"))

Place = tuple[str, str, str]  # building, floor, room


def floor_of(typed: str) -> str:
    """As it is kept: of a numbered floor the number alone, of one under the ground B and the number."""
    text = _plain(typed)
    for pattern, mark in ((_ABOVE, ""), (_BELOW, "B")):
        if found := pattern.fullmatch(text):
            number = _count(next(part for part in found.groups() if part))
            if number is not None:
                return f"{mark}{number}"
    return typed


def building_of(typed: str) -> str:
    """As it is kept: a block that has a letter for its name as the others that have one, whoever wrote it."""
    text = unicodedata.normalize("NFKC", typed).strip()
    found = _LETTERED.fullmatch(text)
    return f"{found[1]} {found[2]}" if found else typed


@lru_cache(maxsize=4096)
def place_key(building: str, floor: str, room: str) -> Place:
    """The same of every spelling of one room."""
    block, name = _plain(building), _plain(room)
    return (
        found[1] if (found := _BLOCK.fullmatch(block)) else block,
        _plain(floor_of(floor)),
        found[1] if (found := _ROOM.fullmatch(name)) else name,
    )


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).translate(_DASHES).casefold().split())


def _count(text: str) -> int | None:
    """十 stands for one ten where nothing is before it, and for no units where nothing is after it."""
    if text.isdecimal():
        return int(text)
    tens, ten, units = text.rpartition("十")
    if not ten:
        return _HAN.get(text)
    parts = [_HAN.get(part, None if part else usual) for part, usual in ((tens, 1), (units, 0))]
    return None if None in parts else parts[0] * 10 + parts[1]  # type: ignore[operator]

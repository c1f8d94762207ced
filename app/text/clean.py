import re
import unicodedata


class TextError(ValueError):
    """Text that cannot be taken; the message is the sentence for the person."""


# Punctuation that Chinese writes full-width stays so; letters, digits and the rest of the block become ASCII.
_KEPT_WIDE = "！（），：；？"
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT_WIDE}
# Kangxi radicals look like the characters they stand for, come out of PDF files, and match nothing that is typed.
_RADICALS = {code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x2F00, 0x2FD6), 0x2E9F, 0x2EF3)}
_INVISIBLE = dict.fromkeys(
    (
        *range(0x200B, 0x2010),  # zero-width characters, LRM, RLM
        *range(0x202A, 0x202F),  # LRE, RLE, PDF, LRO, RLO
        *range(0x2060, 0x2070),  # word joiner, isolates, deprecated format characters
        *(0x00AD, 0x061C, 0x180E, 0xFEFF),
    )
)
_DOOR = {**_HALF, **_RADICALS, **_INVISIBLE, ord("("): "（", ord(")"): "）"}
_HALVES = {**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, **_INVISIBLE, 0x3000: " "}
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"\s+")
_SPACES_IN_LINE = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
# What nobody may write in the form of what the house seals: such a text would count as one that no key opens.
_HOUSE_FORM = re.compile(r"sealed:(?=[0-9a-f]{8}:)")
_NOT_WORD = re.compile(r"[\W_]+")


def normalise(value: str, *, longest: int | None = None, lines: bool = False) -> str:
    """Cleans what a person typed or pasted; `lines` keeps line breaks (remarks). Raises TextError.

    Not NFKC: that would turn ㎡ into m2 and the punctuation of Chinese into that of ASCII.
    """
    if bad := _REFUSED.search(value):
        raise TextError(f"内容里有不可见的控制字符（U+{ord(bad.group()):04X}），请删去后重填。")
    text = unicodedata.normalize("NFC", value).translate(_DOOR)
    if lines:
        kept = _SPACES_IN_LINE.sub(" ", _LINE_ENDS.sub("\n", text))
        text = "\n".join(line.strip() for line in kept.split("\n")).strip()
    else:
        text = _SPACES.sub(" ", text).strip()
    if longest is not None and len(text) > longest:
        raise TextError(f"最多 {longest} 个字，现在有 {len(text)} 个字。")
    return _nobodys_seal(text)


def _nobodys_seal(text: str) -> str:
    return _HOUSE_FORM.sub("sealed：", text)


def halve(value: str) -> str:
    """For codes, dates and numbers: everything full-width becomes ASCII, invisible characters go, ends are trimmed."""
    return value.translate(_HALVES).strip()


def is_code(value: str) -> bool:
    """ASCII digits and nothing else: `str.isdigit` alone also takes ² and full-width figures."""
    return value.isascii() and value.isdigit()


def excerpt(value: str, longest: int = 40) -> str:
    """What was typed, short enough to be quoted in a sentence."""
    text = value.strip()
    return _nobodys_seal(text if len(text) <= longest else text[:longest] + "…")


def key(value: str) -> str:
    """What two spellings of one name have in common: letters, digits and Han characters, case and width aside."""
    if value.isascii() and value.isalnum():
        return value.lower()
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", value).casefold())


def printable(value: str) -> str:
    """Text that may be kept and shown although it was refused: what no database takes becomes a visible mark."""
    return _nobodys_seal(_REFUSED.sub("�", value))

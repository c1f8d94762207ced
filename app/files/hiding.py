"""What a file does when it is opened, where its plain bytes and the names of its parts do not tell."""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

_ACTION = re.compile(rb"/(JavaScript|Launch|RichMedia)\b")
# ISO 32000-1, 7.3.5: any character of a name may be written as # and two digits, "/J#61vaScript".
_ESCAPED = re.compile(rb"/[^\s/<>\[\](){}%]*#[0-9A-Fa-f]{2}[^\s/<>\[\](){}%]*")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
# 7.5.7: objects, an action among them, may lie packed in a stream.
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_PACKED, _HEAD = b"/ObjStm", 400
_MOST_UNPACKED = 32 << 20
_MOST_OF_A_PART = 4 << 20
_PROGRAM = re.compile(r"macroEnabled|vbaProject|ms-office\.activeX", re.IGNORECASE)
# A > may stand within quotes, a < nowhere: so no start is read further than to the next one.
_LINK = re.compile(r"""<[^<>\s"']*Relationship\b(?:[^<>"']|"[^"<]*"|'[^'<]*')*>""", re.IGNORECASE)
_FETCHED = re.compile(r"/(attachedTemplate|oleObject|frame|subDocument)[\"']", re.IGNORECASE)
# A template beside which a document was written is named by its path on somebody's disk, and that is no harm.
_ELSEWHERE = re.compile(r"\bTarget\s*=\s*[\"']\s*(?:[a-z-]{2,}:(?!///?[a-z]:)|[\\/]{2})", re.IGNORECASE)


class _TooMuch(Exception):
    """More packed objects than a file of that size can have: they lie on each other, or swell."""


def pdf_acts(data: bytes) -> bool:
    try:
        return any(_ACTION.search(part) or _ACTION.search(_plain(part)) for part in _spelt_out(data))
    except _TooMuch:
        return True


def _spelt_out(data: bytes) -> Iterator[bytes]:
    packed, left = 2 * len(data), _MOST_UNPACKED
    yield data
    for found in _STREAM.finditer(data):
        if data.rfind(_PACKED, max(0, found.start() - _HEAD), found.start()) < 0:
            continue
        end = data.find(b"endstream", found.end())
        packed -= (end if end >= 0 else len(data)) - found.end()
        if packed < 0 or left <= 0:
            raise _TooMuch
        try:
            part = zlib.decompressobj().decompress(data[found.end() : end], left)
        except zlib.error:
            continue
        left -= len(part)
        yield part


def _plain(data: bytes) -> bytes:
    """The names that are written with escapes, without them."""
    names = (_ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), name) for name in _ESCAPED.findall(data))
    return b"\n".join(names)


def office_acts(data: bytes) -> bool:
    """Of a package that `open_package` has counted: macros under whatever name, and what is fetched as it is opened."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for entry in package.infolist():
            name = entry.filename.lower()
            if name != "[content_types].xml" and not name.endswith(".rels"):
                continue
            if entry.file_size > _MOST_OF_A_PART:
                return True
            # UTF-16 is XML too; what is looked for is plain letters in either.
            words = package.read(entry).replace(b"\0", b"").decode("latin-1")
            if _PROGRAM.search(html.unescape(words)) or any(_fetches(link) for link in _LINK.findall(words)):
                return True
    return False


def _fetches(link: str) -> bool:
    said = html.unescape(link)
    return bool(_FETCHED.search(said) and _ELSEWHERE.search(said))

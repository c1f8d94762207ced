"""What a file really is, by its content. Its name must agree; what could be two things at once is neither.

The house opens none of these files: it keeps them and hands them out as attachments. So what is refused here is what
would hurt whoever opens one: scripts, macros, embedded programs, bombs, and files that are something else as well.
"""

import re
import zlib
from pathlib import PurePath

from app.files.hiding import office_acts, pdf_acts
from app.files.terms import MAX_FILE, MB, SUFFIXES, FileKind, FileRefused
from app.sheets import SheetError, open_package

_PNG, _JPEG, _ZIP, _OLE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_ZIP = b"PK\x05\x06"
_TAIL = 1 << 16
_ACTIVE_PAGE = re.compile(rb"<\s*(!doctype\s+html|html|script|svg|iframe|\?php)", re.IGNORECASE)
_MARKUP = re.compile(rb"<\s*(!doctype\s+html|html|script|svg|iframe|\?php|\?xml)", re.IGNORECASE)
_ACTIVE_PART = re.compile(r"vbaproject|/activex/|/embeddings/.*\.(bin|exe|ole)$|\.(exe|dll|js|vbs|bat|ps1|hta)$")
_PACKED = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_OTHERS = ((b"MZ", "程序"), (b"\x7fELF", "程序"), *((magic, "压缩包") for magic in _PACKED))
_TAKEN = "PDF、JPG、PNG、WebP 图片，或 .xlsx、.docx 文件"
_BROKEN = "文件不完整或已损坏，请重新保存后再上传。"
_DOUBLE = "文件里夹带了另一种内容，没有保存。请重新导出一份再上传。"
_MACROS = "文件里有宏、内嵌的程序或打开时从网上取来的内容，没有保存。请另存为不含宏的文件，或导出为 PDF。"


def sniffed(data: bytes, name: str) -> FileKind:
    """Raises FileRefused with a sentence."""
    if not data:
        raise FileRefused("文件是空的（0 字节）。")
    if len(data) > MAX_FILE:
        raise FileRefused(f"文件超过 {MAX_FILE // MB} MB。图片请压缩，扫描件请降低分辨率。")
    kind = _kind(data)
    suffix = PurePath(name.lower()).suffix
    if SUFFIXES.get(suffix) is not kind:
        raise FileRefused(f"文件名以“{suffix or '（没有扩展名）'}”结尾，内容却是 {kind.label}。请改正扩展名。")
    return kind


def _kind(data: bytes) -> FileKind:
    if data.startswith(b"%PDF-"):
        return _pdf(data)
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith(_JPEG):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(_ZIP):
        return _office(data)
    raise FileRefused(_strange(data))


def _strange(data: bytes) -> str:
    if data.startswith(_OLE):
        return f"这是旧格式的 Office 文件（或加了打开密码），可能含有宏。请另存为 .xlsx、.docx 或 PDF；只收{_TAKEN}。"
    if _MARKUP.search(data[:1024]):
        return f"这个文件其实是网页或 SVG，里面可以藏脚本，不能上传。只收{_TAKEN}。"
    for magic, what in _OTHERS:
        if data.startswith(magic):
            return f"这个文件其实是{what}，不能上传。只收{_TAKEN}。"
    return f"认不出这是什么文件。只收{_TAKEN}。"


def _only(data: bytes, *, head: int = 1024) -> None:
    """Not an archive at its end nor a page at its beginning, whatever its first bytes say."""
    if _END_OF_ZIP in data[-_TAIL:] or _ACTIVE_PAGE.search(data[8:head]):
        raise FileRefused(_DOUBLE)


def _pdf(data: bytes) -> FileKind:
    if b"%%EOF" not in data[-2048:]:
        raise FileRefused(_BROKEN)
    if _END_OF_ZIP in data[-_TAIL:] or re.search(rb"<\s*(script|html|!doctype html)", data[:1024], re.IGNORECASE):
        raise FileRefused(_DOUBLE)
    if pdf_acts(data):
        raise FileRefused("这个 PDF 里有脚本或会启动程序的动作，没有保存。请用“打印为 PDF”重新导出。")
    return FileKind.PDF


def _png(data: bytes) -> FileKind:
    """From chunk to chunk; the picture's end is the file's."""
    at = len(_PNG)
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise FileRefused(_BROKEN)
        if name == b"IEND":
            if end != len(data):
                raise FileRefused(_DOUBLE)
            _only(data)
            return FileKind.PNG
        at = end
    raise FileRefused(_BROKEN)


def _jpeg(data: bytes) -> FileKind:
    # Telephones append things of their own after the picture; an archive or a page is not one of them.
    if b"\xff\xd9" not in data[2:]:
        raise FileRefused(_BROKEN)
    _only(data)
    if _ACTIVE_PAGE.search(data[data.rindex(b"\xff\xd9") :]):
        raise FileRefused(_DOUBLE)
    return FileKind.JPEG


def _webp(data: bytes) -> FileKind:
    size = int.from_bytes(data[4:8], "little") + 8
    if size > len(data):
        raise FileRefused(_BROKEN)
    if len(data) - size > 1:
        raise FileRefused(_DOUBLE)
    _only(data)
    return FileKind.WEBP


def _office(data: bytes) -> FileKind:
    end = data.rfind(_END_OF_ZIP)
    if end < 0 or end + 22 != len(data):
        raise FileRefused(_DOUBLE if end >= 0 else _BROKEN)
    try:
        names = [entry.filename.lower() for entry in open_package(data)]
    except SheetError as error:
        raise FileRefused(str(error)) from error
    if any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise FileRefused(_BROKEN)
    if any(_ACTIVE_PART.search(name) for name in names) or office_acts(data):
        raise FileRefused(_MACROS)
    kinds = {"xl/workbook.xml": FileKind.XLSX, "word/document.xml": FileKind.DOCX}
    found = [kind for part, kind in kinds.items() if part in names]
    if "[content_types].xml" not in names or len(found) != 1:
        raise FileRefused(f"这是压缩包或别的文件，不能上传。只收{_TAKEN}。")
    return found[0]

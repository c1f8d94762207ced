"""What is asked of a file before any parser sees it: its size, what it really is, and what it unpacks to."""

import io
import zipfile
import zlib
from pathlib import PurePath

from app.sheets.terms import MAX_ENTRIES, MAX_FILE, MAX_UNPACKED, MB, SUFFIXES, SheetError

_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHERS = {
    b"MZ": "一个程序",
    b"\x7fELF": "一个程序",
    b"%PDF": "PDF 文件",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"Rar!": "压缩包",
    b"7z\xbc\xaf": "压缩包",
    b"\x1f\x8b": "压缩包",
}
ENCRYPTED = "文件加了打开密码。请在 Excel 里取消密码、另存后再上传。"
SHAPE = "文件已损坏或不是真正的 Excel 工作簿。请在 Excel 里另存为 .xlsx 后再上传。"
_CHUNK = 1 << 16


def kind_of(data: bytes, name: str) -> str:
    """ "xlsx", "xls" or "csv", by content; the suffix must be one we take. Cheap: looks at the first bytes.

    Raises SheetError.
    """
    suffix = PurePath(name.lower()).suffix
    if suffix not in SUFFIXES:
        what = f"是“{suffix}”" if suffix else "没有扩展名"
        raise SheetError(f"只能读取 .xlsx、.xls、.csv 文件，这个文件{what}。")
    if not data:
        raise SheetError("文件是空的。")
    if len(data) > MAX_FILE:
        # Who takes uploads in stops reading a byte beyond the limit, and knows no more of their size than that.
        size = f"有 {len(data) / MB:.0f} MB" if len(data) > MAX_FILE + 1 else "太大"
        raise SheetError(f"文件{size}，最多 {MAX_FILE // MB} MB。请删去图片和多余的工作表再上传。")
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            raise SheetError(f"这个文件其实是{what}，不是表格。")
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise SheetError(ENCRYPTED)
        return _agreed("xls", suffix)
    if data.startswith(_ZIP):
        return _agreed("xlsx", suffix)
    return _text_kind(data, suffix)


def _text_kind(data: bytes, suffix: str) -> str:
    if suffix == ".csv":
        return "csv"
    head = data[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        raise SheetError("这个文件其实是网页，不是 Excel 工作簿。请用 Excel 打开后另存为 .xlsx 再上传。")
    raise SheetError(SHAPE)


def _agreed(kind: str, suffix: str) -> str:
    if suffix == ".csv":
        raise SheetError("文件名以 .csv 结尾，内容却是 Excel 工作簿。请把扩展名改回来再上传。")
    return kind


def check_package(data: bytes) -> None:
    """Raises SheetError for what is no workbook, or one too many."""
    if not any(e.filename.lower() == "xl/workbook.xml" for e in open_package(data)):
        raise SheetError("这个压缩文件不是 .xlsx 工作簿。")


def open_package(data: bytes) -> list[zipfile.ZipInfo]:
    """The directory's declared sizes first, then what really comes out, counted and thrown away. Raises SheetError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise SheetError(SHAPE) from error
    if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_UNPACKED:
        raise _too_big()
    if any(e.flag_bits & 0x1 for e in entries):
        raise SheetError(ENCRYPTED)
    left = MAX_UNPACKED
    for entry in entries:
        left -= _unpacked(data, entry, left)
    return entries


def _unpacked(data: bytes, entry: zipfile.ZipInfo, limit: int) -> int:
    """How much an entry really unpacks to. A directory can say what it likes."""
    start = entry.header_offset + 30
    header = data[entry.header_offset : start]
    if len(header) < 30 or header[:4] != _ZIP:
        raise SheetError(SHAPE)
    start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = memoryview(data)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        return len(packed)
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise SheetError(SHAPE)
    inflate, size, rest = zlib.decompressobj(-15), 0, bytes(packed)
    try:
        while rest and not inflate.eof:
            size += len(inflate.decompress(rest, _CHUNK * 16))
            rest = inflate.unconsumed_tail
            if size > limit:
                raise _too_big()
    except zlib.error as error:
        raise SheetError(SHAPE) from error
    return size


def _too_big() -> SheetError:
    return SheetError(f"文件解压后超过 {MAX_UNPACKED // MB} MB，没有打开。请只保留需要的内容，另存后再上传。")

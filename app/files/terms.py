"""What kinds of file the house keeps, and how far a file has been looked at."""

from collections.abc import Mapping

from app.labels import Labelled

MB = 1 << 20
MAX_FILE = 10 * MB


class FileKind(Labelled):
    PDF = "pdf", "PDF 文件"
    PNG = "png", "PNG 图片"
    JPEG = "jpeg", "JPG 图片"
    WEBP = "webp", "WebP 图片"
    XLSX = "xlsx", "Excel 工作簿"
    DOCX = "docx", "Word 文档"


_OOXML = "application/vnd.openxmlformats-officedocument"
MEDIA: Mapping[FileKind, str] = {
    FileKind.PDF: "application/pdf",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
    FileKind.WEBP: "image/webp",
    FileKind.XLSX: f"{_OOXML}.spreadsheetml.sheet",
    FileKind.DOCX: f"{_OOXML}.wordprocessingml.document",
}
SUFFIXES: Mapping[str, FileKind] = {
    ".pdf": FileKind.PDF,
    ".png": FileKind.PNG,
    ".jpg": FileKind.JPEG,
    ".jpeg": FileKind.JPEG,
    ".webp": FileKind.WEBP,
    ".xlsx": FileKind.XLSX,
    ".docx": FileKind.DOCX,
}
ACCEPT = ",".join(SUFFIXES)


class Scan(Labelled):
    """`unscanned`: there was no scanner to ask. Once there is one, such a file waits like any other."""

    UNSCANNED = "unscanned", "未查毒"
    WAITING = "waiting", "等待查毒"
    CLEAN = "clean", "已查毒"
    INFECTED = "infected", "有病毒，已隔离"


class FileRefused(Exception):
    """Why a file is not taken, for whoever sent it."""

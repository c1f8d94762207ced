"""What is taken as evidence and what is refused, by its content; hostile files get a sentence and no further."""

import io
import struct
import time
import zipfile
import zlib

import pytest

from app.files.naming import clean_name
from app.files.sniffing import sniffed
from app.files.terms import MAX_FILE, FileKind, FileRefused

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x01" * 50 + b"\xff\xd9"
WEBP = b"RIFF" + (4 + 20).to_bytes(4, "little") + b"WEBP" + b"VP8 " + b"\x00" * 16


def chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + chunk(b"IDAT", b"x") + chunk(b"IEND")


def package(*names, **more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name in names:
            book.writestr(name, more.get("fill", b"x"))
    return out.getvalue()


XLSX = package("[Content_Types].xml", "xl/workbook.xml")
DOCX = package("[Content_Types].xml", "word/document.xml")


def parts(**named):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "x")
        for name, content in {"[Content_Types].xml": "<Types/>", **named}.items():
            book.writestr(name, content)
    return out.getvalue()


def linked(kind, target):
    link = f'<Relationship Type="http://x/relationships/{kind}" Target="{target}" TargetMode="External"/>'
    return parts(**{"xl/_rels/workbook.xml.rels": f"<Relationships>{link}</Relationships>"})


MACRO = '<Override PartName="/xl/x.bin" ContentType="application/vnd.ms-office.&#118;baProject"/>'
ACTION = b"<</S/JavaScript/JS(app.alert(1))>>"
PACKED = b"2 0 obj<</Type/ObjStm/N 1/Filter/FlateDecode>>stream\r\n" + zlib.compress(ACTION) + b"\nendstream endobj"
GOOD = [
    (PDF, "a.pdf", FileKind.PDF),
    (PNG, "a.PNG", FileKind.PNG),
    (JPEG, "a.jpg", FileKind.JPEG),
    (JPEG + b"SEFT of a telephone", "a.jpeg", FileKind.JPEG),
    (WEBP, "a.webp", FileKind.WEBP),
    (XLSX, "a.xlsx", FileKind.XLSX),
    (DOCX, "a.docx", FileKind.DOCX),
    (linked("hyperlink", "https://x.example/"), "a.xlsx", FileKind.XLSX),
    (linked("externalLinkPath", "file:///D:/a.xlsx"), "a.xlsx", FileKind.XLSX),
    (linked("attachedTemplate", r"file:///C:\Users\Zhou\Normal.dotm"), "a.xlsx", FileKind.XLSX),
    (PDF.replace(b"trailer", PACKED.replace(zlib.compress(ACTION), b"broken") + b"trailer"), "a.pdf", FileKind.PDF),
]


@pytest.mark.parametrize(("data", "name", "kind"), GOOD, ids=[f"{k.value}-{len(d)}" for d, _, k in GOOD])
def test_the_ordinary_kinds_are_taken(data, name, kind):
    assert sniffed(data, name) is kind


SWOLLEN = b"/ObjStm>>stream\n" + zlib.compress(b"0" * (33 << 20)) + b"endstream"
BOMB = package("[Content_Types].xml", "xl/workbook.xml", *[f"xl/x{n}.xml" for n in range(3)], fill=b"\0" * (120 << 20))
HOSTILE = {
    "nothing": (b"", "a.pdf", "0 字节"),
    "one byte too much": (PDF + b" " * (MAX_FILE + 1 - len(PDF)), "a.pdf", "超过 10 MB"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.svg", "SVG"),
    "svg called png": (b'<?xml version="1.0"?><svg onload="x"/>', "a.png", "SVG"),
    "html called pdf": (b"<!DOCTYPE html><script>x</script>", "a.pdf", "网页"),
    "wrong suffix": (PDF, "a.png", "内容却是 PDF"),
    "no suffix": (PDF, "a", "没有扩展名"),
    "double suffix": (PDF, "a.pdf.exe", "结尾"),
    "program": (b"MZ\x90\x00", "a.pdf", "程序"),
    "archive": (package("a.txt"), "a.xlsx", "压缩包"),
    "rar": (b"Rar!\x1a\x07", "a.pdf", "压缩包"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "a.doc", "旧格式"),
    "macros": (package("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "a.xlsx", "宏"),
    "embedded": (package("[Content_Types].xml", "word/document.xml", "word/embeddings/o.bin"), "a.docx", "内嵌"),
    "climbing": (package("[Content_Types].xml", "xl/workbook.xml", "../../x"), "a.xlsx", "损坏"),
    "bomb": (BOMB, "a.xlsx", "解压后超过"),
    "both": (package("[Content_Types].xml", "xl/workbook.xml", "word/document.xml"), "a.xlsx", "压缩包"),
    "zip with a tail": (XLSX + b"<script>", "a.xlsx", "夹带"),
    "pdf and zip": (PDF + package("x") + b"\n%%EOF", "a.pdf", "夹带"),
    "pdf and page": (b"%PDF-1.7\n<script>x</script>\n%%EOF", "a.pdf", "夹带"),
    "pdf that runs": (PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"), "a.pdf", "脚本"),
    "pdf that runs, spelt otherwise": (PDF.replace(b"/Catalog", b"/Catalog/AA<</S/J#61vaScr#69pt>>"), "a.pdf", "脚本"),
    "pdf that runs, packed": (PDF.replace(b"trailer", PACKED + b"trailer"), "a.pdf", "脚本"),
    "pdf of streams upon each other": (PDF + b"/ObjStm stream\n" * 99 + b"x" * 999 + b"\n%%EOF", "a.pdf", "脚本"),
    "pdf that swells": (PDF.replace(b"trailer", SWOLLEN * 2 + b"trailer"), "a.pdf", "脚本"),
    "macros by another name": (parts(**{"[Content_Types].xml": MACRO}), "a.xlsx", "宏"),
    "macros in another encoding": (parts(**{"[Content_Types].xml": MACRO.encode("utf-16")}), "a.xlsx", "宏"),
    "a template from elsewhere": (linked("attachedTemplate", "https://x.example/t.dotm"), "a.xlsx", "从网上取来"),
    "a template of a share": (linked("attachedTemplate", r"\\x.example\t.dotm"), "a.xlsx", "从网上取来"),
    "a template behind a sign": (linked('frame" Id="a>&gt;', "https://x.example/t.dotm"), "a.xlsx", "从网上取来"),
    "a template by a name of its own": (
        parts(**{"xl/_rels/a.rels": '<件.x:Relationship Type="/frame" Target="http://x"/>'.encode()}),
        *("a.xlsx", "从网上取来"),
    ),
    "half a pdf": (PDF[:20], "a.pdf", "不完整"),
    "png with a tail": (PNG + b"PK\x03\x04", "a.png", "夹带"),
    "half a png": (PNG[:-6], "a.png", "不完整"),
    "png with a bad sum": (PNG[:-1] + b"\0", "a.png", "不完整"),
    "jpeg and zip": (JPEG + package("x"), "a.jpg", "夹带"),
    "jpeg and page": (JPEG + b"<html>", "a.jpg", "夹带"),
    "half a jpeg": (JPEG[:-2], "a.jpg", "不完整"),
    "webp with a tail": (WEBP + b"more", "a.webp", "夹带"),
    "half a webp": (WEBP[:-4], "a.webp", "不完整"),
    "text": (b"hello", "a.pdf", "认不出"),
}


@pytest.mark.parametrize("which", HOSTILE)
def test_what_would_hurt_whoever_opens_it_is_refused_with_a_sentence(which):
    data, name, words = HOSTILE[which]
    with pytest.raises(FileRefused, match=words):
        sniffed(data, name)


def test_links_that_never_end_take_no_time():
    data, began = parts(**{"xl/_rels/a.rels": "<Relationship " * 30_000}), time.perf_counter()
    assert sniffed(data, "a.xlsx") is FileKind.XLSX
    assert time.perf_counter() - began < 1.5


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("辅助账.pdf", "辅助账.pdf"),
        ("C:\\Users\\周\\Desktop\\审计.pdf", "审计.pdf"),
        ("../../etc/passwd.png", "passwd.png"),
        ("a\u202egnp.pdf", "agnp.pdf"),
        ("报告.pdf\r\nX: y", "报告.pdfX: y"),
    ],
)
def test_a_name_is_the_last_part_of_its_path_and_fit_to_be_shown(given, kept):
    assert "/" not in clean_name(given)
    assert clean_name(given).replace(" ", "")[:4] == kept.replace(" ", "")[:4]
    assert all(c.isprintable() for c in clean_name(given))


def test_a_name_of_three_hundred_characters_keeps_its_suffix():
    assert clean_name("长" * 296 + ".pdf") == "长" * 117 + ".pdf"

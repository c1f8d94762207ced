"""Files that mean harm or are simply broken: one sentence each, in bounded memory and time, and nothing is run."""

import io
import struct
import sys
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from app.sheets import SheetError
from app.sheets.annotating import Mark, Notes
from app.sheets.isolated import annotate_isolated, read_isolated
from app.sheets.reading import read
from app.sheets.terms import MAX_FILE, MAX_ROWS
from tests.rosters import CODE, NAME, workbook

GOOD = workbook([[NAME, CODE], ["甲公司", "91440783M159083022"]])
SHEET = "xl/worksheets/sheet1.xml"


def repacked(**parts: bytes) -> bytes:
    """The good workbook with some of its parts replaced, or others added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, parts.get(entry.filename, old.read(entry.filename)))
        for name in parts.keys() - set(old.namelist()):
            new.writestr(name, parts[name])
    return out.getvalue()


def part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as package:
        return package.read(name)


def sheet_of(cells: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def refused(data: bytes, name: str = "名册.xlsx") -> str:
    began = time.monotonic()
    with pytest.raises(SheetError) as fault:
        read(data, name)
    assert time.monotonic() - began < 5
    sentence = str(fault.value)
    assert sentence.endswith("。")
    return sentence


def test_a_zip_bomb_is_refused_by_its_directory() -> None:
    assert "解压后超过" in refused(repacked(**{"xl/media/image1.bin": bytes(300 << 20)}))


def test_a_bomb_whose_directory_lies_is_refused_by_what_comes_out() -> None:
    honest = repacked(**{"xl/media/image1.bin": bytes(300 << 20)})
    lying = honest.replace(struct.pack("<I", 300 << 20), struct.pack("<I", 4_096))
    assert lying != honest
    assert "解压后超过" in refused(lying)


def test_too_many_entries_are_refused() -> None:
    assert "解压后超过" in refused(repacked(**{f"xl/media/{n}.bin": b"" for n in range(2_100)}))


# Named, because the workbook holds the moment it was made and its length varies with it.
@pytest.mark.parametrize(
    "kept", [10, 200, len(GOOD) // 2, len(GOOD) - 30], ids=["signature", "head", "half", "directory"]
)
def test_a_truncated_workbook_is_refused(kept: int) -> None:
    assert "损坏" in refused(GOOD[:kept])


def test_a_corrupted_part_is_refused() -> None:
    broken = bytearray(GOOD)
    at = GOOD.index(SHEET.encode()) + len(SHEET) + 20
    broken[at : at + 40] = bytes(40)
    assert "损坏" in refused(bytes(broken))


def test_billion_laughs_are_refused_before_anything_is_expanded() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "哈">{entities}]><x>&l9;</x>'.encode()
    for name in (SHEET, "xl/sharedStrings.xml", "docProps/app.xml"):
        assert "不安全的 XML" in refused(repacked(**{name: bomb}))


def test_an_external_entity_is_refused() -> None:
    text = part("xl/sharedStrings.xml").decode()
    evil = text.replace("?>", '?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1).replace("甲公司", "&e;")
    assert "不安全的 XML" in refused(repacked(**{"xl/sharedStrings.xml": evil.encode()}))


def test_a_cell_at_the_far_end_of_the_sheet_does_not_make_a_table_of_seventeen_billion() -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert "太大" in refused(repacked(**{SHEET: sheet_of(cells)}))


def test_formatting_down_to_the_last_row_is_no_content() -> None:
    text = part(SHEET).decode()
    styled = "".join(f'<row r="{r}"><c r="A{r}" s="0"/><c r="XFD{r}" s="0"/></row>' for r in (1_000, 1_048_576))
    sheets = read(repacked(**{SHEET: text.replace("</sheetData>", styled + "</sheetData>").encode()}), "名册.xlsx")
    assert len(sheets[0].rows) == 2


def test_more_rows_than_a_roster_has_are_refused() -> None:
    most = f"最多 {MAX_ROWS:,} 行"
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>1</v></c></row>' for r in range(1, MAX_ROWS + 2))
    assert most in refused(repacked(**{SHEET: sheet_of(rows)}))
    assert most in refused(b"a,b\n" * (MAX_ROWS + 1), "名册.csv")
    assert len(read(b"a,b\n" * MAX_ROWS, "名册.csv")[0].rows) == MAX_ROWS


def test_a_file_of_fifty_megabytes_is_refused_by_its_size() -> None:
    assert "文件有 50 MB" in refused(GOOD + bytes(50 << 20))
    assert "MB" in refused(b"a" * (MAX_FILE + 1), "名册.csv")


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"MZ\x90\x00" + bytes(100), "名册.xlsx", "程序"),
        (b"MZ\x90\x00" + bytes(100), "名册.csv", "程序"),
        (b"\x7fELF" + bytes(100), "名册.xls", "程序"),
        (b"%PDF-1.7", "名册.xlsx", "PDF"),
        (b"<html><table><tr><td>a", "名册.xls", "网页"),
        (b"hello", "名册.xlsx", "损坏"),
        (b"", "名册.xlsx", "空的"),
        (GOOD, "名册.csv", "扩展名"),
        (GOOD, "名册.docx", "只能读取"),
        (GOOD, "名册", "只能读取"),
        (bytes(range(256)) * 40, "名册.csv", "不是文本"),
        (b"\xff\xff\xff\xff" * 10, "名册.csv", "不是文本"),
    ],
)
def test_a_file_of_another_kind_gets_a_sentence(data: bytes, name: str, said: str) -> None:
    assert said in refused(data, name)


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("word/document.xml", "<x/>")
    assert "不是 .xlsx 工作簿" in refused(out.getvalue())


def test_an_encrypted_workbook_is_told_apart_from_a_broken_one() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    assert "打开密码" in refused(ole)


def test_a_broken_old_workbook_gets_a_sentence() -> None:
    assert "损坏" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000), "名册.xls")


def test_long_cells_control_characters_and_markup_come_through_as_text() -> None:
    odd = ["长" * 10_000, "<script>alert(1)</script>", "甲\u202e乙", "a\x07b"]
    data = workbook([[NAME, CODE], *([name, "x"] for name in odd)])
    assert [row[0] for row in read(data, "名册.xlsx")[0].rows[1:]] == odd
    text = f"{NAME},{CODE}\n甲\x00乙,x\n" + "甲公司,x\n" * 50
    assert read(text.encode(), "名册.csv")[0].rows[1][0] == "甲\x00乙"


def test_a_csv_cell_without_an_end_is_refused() -> None:
    assert "CSV" in refused(f'{NAME},{CODE}\n"{"长" * ((1 << 20) + 1)}'.encode(), "名册.csv")


def test_a_stranger_s_file_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(GOOD)
    assert read_isolated(path, "名册.xlsx") == read(GOOD, "名册.xlsx")
    path.write_bytes(GOOD[:100])
    with pytest.raises(SheetError, match="损坏"):
        read_isolated(path, "名册.xlsx")


def test_a_file_that_overwhelms_its_parser_takes_only_the_child_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An interpreter that dies at once stands for a parser that a file has killed.
    path = tmp_path / "upload"
    path.write_bytes(GOOD)
    killer = tmp_path / "dies"
    killer.write_text("#!/bin/sh\nkill -9 $$\n")
    killer.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killer))
    with pytest.raises(SheetError, match="内存或时间"):
        read_isolated(path, "名册.xlsx")


def test_the_annotated_copy_keeps_the_workbook_and_says_why(tmp_path: Path) -> None:
    data = workbook([["名单"], [NAME, CODE], ["=1+1", "坏"], ["甲公司", "好"]], [["别动"]], names=["名册", "另一张"])
    path = tmp_path / "upload"
    path.write_bytes(data)
    notes = Notes("名册", 2, "原因", {3: "企业名称是公式。\n=不会运行"}, [Mark(3, 1, True), Mark(3, 2, False)])
    book = load_workbook(io.BytesIO(annotate_isolated(path, "名册.xlsx", notes)))
    page = book["名册"]
    assert book["另一张"]["A1"].value == "别动"
    assert (page["A3"].value, page["C2"].value, page["C3"].value) == ("=1+1", "原因", "企业名称是公式。\n=不会运行")
    assert (page["A3"].fill.fgColor.rgb, page["B3"].fill.fgColor.rgb) == ("00F8C9C4", "00FFE2B3")
    assert page["A4"].fill.fill_type is None
    again = Notes("名册", 2, "原因", {4: "现在是这一行。"}, [])
    path.write_bytes(annotate_isolated(path, "名册.xlsx", notes))
    page = load_workbook(io.BytesIO(annotate_isolated(path, "名册.xlsx", again)))["名册"]
    assert (page["C3"].value, page["C4"].value, page["D2"].value) == (None, "现在是这一行。", None)


def test_an_annotated_csv_comes_back_as_a_workbook_with_the_same_cells(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(f"{NAME},{CODE}\n=1+1,914403001922038216\n".encode())
    notes = Notes("名册.csv", 1, "原因", {2: "是公式。"}, [Mark(2, 1, True)])
    page = load_workbook(io.BytesIO(annotate_isolated(path, "名册.csv", notes))).worksheets[0]
    rows = [[c.value for c in row] for row in page.iter_rows()]
    assert rows == [[NAME, CODE, "原因"], ["=1+1", "914403001922038216", "是公式。"]]
    assert page["A2"].data_type == "s"


def test_a_workbook_without_its_directory_is_refused() -> None:
    assert "损坏" in refused(GOOD.replace(b"PK\x01\x02", b"PK\x01\x03"))

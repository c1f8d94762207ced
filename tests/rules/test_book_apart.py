"""A workbook that another process writes is whole, or is not there and says why."""

import errno

import openpyxl
import psutil
import pytest

from app.sheets.apart import book_apart

HEAD = ("企业", ("企业名称", "注册资本（万元）"), (30, 12))
AMOUNT = frozenset({1})


def children():
    return [child for child in psutil.Process().children() if "app.sheets.apart" in " ".join(child.cmdline())]


async def written(path, *pieces, amid=lambda: None, mark=""):
    async with book_apart(path, *HEAD, numeric=AMOUNT, mark=mark) as book:
        for rows in pieces:
            await book.write(rows)
            amid()


def broken_off():
    raise LookupError


def killed():
    children()[0].kill()


async def test_what_is_sent_in_pieces_is_one_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    await written(path, [["甲", "12.5"], ["乙", None]], [["=丙\n二行", "1234567890123456"]], mark="李明 导出")
    sheet = openpyxl.load_workbook(path).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        *(["企业名称", "注册资本（万元）"], ["甲", 12.5], ["乙", None], ["=丙\n二行", "1234567890123456"])
    ]
    assert "李明 导出" in sheet.oddFooter.left.text
    assert children() == []


async def test_one_that_cannot_be_written_says_what_the_system_said(tmp_path):
    many = [[["甲" * 1000, "1"]] * 100] * 50  # the child has long gone; whoever writes is not told in the middle of it
    with pytest.raises(OSError, check=lambda error: error.errno == errno.ENOENT):
        await written(tmp_path / "nowhere" / "a.xlsx", *many)
    assert children() == []


async def test_one_that_is_broken_off_leaves_neither_a_file_nor_a_process(tmp_path):
    with pytest.raises(LookupError):
        await written(tmp_path / "a.xlsx", [["甲", "1"]], amid=broken_off)
    assert children() == []
    assert not (tmp_path / "a.xlsx").exists()


async def test_one_whose_writer_is_killed_is_a_failure(tmp_path):
    with pytest.raises(ChildProcessError):
        await written(tmp_path / "a.xlsx", [["甲", "1"]], amid=killed)
    assert children() == []

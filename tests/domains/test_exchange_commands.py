"""`tidu import` and `tidu export` as scripts rely on them: what they print, and how they end."""

import asyncio
import io
import json
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select, text

from app.cli import main
from app.db import Database
from app.firms.models import Firm
from tests.rosters import CODE, DATA, NAME

pytestmark = pytest.mark.db_commit
REAL, SAMPLE, TWIN = (str(DATA / n) for n in ("firms-real.xlsx", "roster-sample.xlsx", "roster-sample-gbk.csv"))
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tidu(fresh_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("TIDU_DATABASE_URL", fresh_url)
    monkeypatch.setenv("TIDU_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as left:
            code = int(str(left.code))
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    return run


def firms_in(url: str) -> int:
    async def count() -> int:
        database = Database(url, pool_size=2)
        async with database.reading() as conn:
            found = (await conn.execute(select(func.count()).select_from(Firm))).scalar_one()
        await database.dispose()
        return int(found)

    return asyncio.run(count())


def answer(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_roster_without_a_fault_ends_with_zero(tidu: Run, fresh_url: str) -> None:
    code, out, _ = tidu("import", "firms", REAL)
    told = answer(out)
    uuid.UUID(told.pop("batch"))
    assert (code, told) == (0, {"created": 106, "updated": 0, "unchanged": 0, "warned": 0, "rejected": 0})
    assert firms_in(fresh_url) == 106


def test_refused_rows_end_with_one_and_the_good_ones_arrive(tidu: Run, fresh_url: str) -> None:
    code, out, err = tidu("import", "firms", SAMPLE)
    assert (code, answer(out)["created"], answer(out)["rejected"]) == (1, 392, 8)
    assert "第 34 行 开平市示例0032号卫浴有限公司：“雅瑶镇”不是开平市的镇街" in err
    assert firms_in(fresh_url) == 392
    code, out, _ = tidu("import", "firms", TWIN)
    assert (answer(out)["created"], answer(out)["unchanged"]) == (0, 392)


def test_a_dry_run_says_the_same_and_writes_nothing(tidu: Run, fresh_url: str) -> None:
    code, out, _ = tidu("import", "firms", SAMPLE, "--dry-run")
    assert (code, answer(out)["created"], answer(out)["rejected"], answer(out)["batch"]) == (1, 392, 8, None)
    assert firms_in(fresh_url) == 0

    async def batches() -> int:
        database = Database(fresh_url, pool_size=2)
        async with database.reading() as conn:
            found = (await conn.execute(text("SELECT count(*) FROM import_batches"))).scalar_one()
        await database.dispose()
        return int(found)

    assert asyncio.run(batches()) == 0


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_json_is_one_line_of_six_keys_and_nothing_beside_it(tidu: Run, more: list[str]) -> None:
    code, out, err = tidu("import", "firms", SAMPLE, "--json", *more)
    assert (code, err, out.count("\n")) == (1, "", 1)
    assert list(answer(out)) == ["created", "updated", "unchanged", "warned", "rejected", "batch"]


@pytest.mark.parametrize("dry", [True, False])
def test_the_report_is_the_workbook_with_its_reasons(tidu: Run, tmp_path: Path, dry: bool) -> None:
    report = tmp_path / "报告.xlsx"
    tidu("import", "firms", SAMPLE, "--report", report, *(["--dry-run"] if dry else []))
    page = load_workbook(report).worksheets[0]
    assert page["P2"].value == "原因"
    assert {r for r in range(3, 403) if page.cell(r, 16).value} >= {10, 22, 34, 46, 58, 70, 82, 94, 106}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("没有.xlsx", None, "读不到文件"),
        ("坏.xlsx", b"PK\x03\x04", "损坏"),
        ("别的.txt", b"abc", "只能读取"),
        ("天气.csv", b"a,b\n1,2\n", "没有找到表头"),
        ("大.csv", bytes(21 << 20), "最多 20 MB"),
    ],
)
def test_an_unreadable_file_ends_with_two_and_one_sentence(
    tidu: Run, fresh_url: str, tmp_path: Path, name: str, data: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    code, out, err = tidu("import", "firms", path)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert firms_in(fresh_url) == 0


def test_unknown_columns_are_reported_and_not_fatal(tidu: Run, tmp_path: Path) -> None:
    path = tmp_path / "名册.csv"
    path.write_text(f"{NAME},{CODE},法定代表人\n甲公司,91440783M159083022,某某\n")
    code, _, err = tidu("import", "firms", path)
    assert code == 0
    assert "不认识的列“法定代表人”" in err


def test_an_import_is_undone_by_its_batch(tidu: Run, fresh_url: str) -> None:
    _, out, _ = tidu("import", "firms", REAL)
    batch = answer(out)["batch"]
    code, out, _ = tidu("import", "undo", batch)
    assert (code, answer(out)) == (0, {"restored": 106, "left": [], "batch": batch})
    assert firms_in(fresh_url) == 0
    code, out, err = tidu("import", "undo", batch)
    assert (code, out) == (1, "")
    assert "已撤销" in err


@pytest.mark.parametrize(("batch", "code"), [("abc", 2), (str(uuid.UUID(int=7)), 1)])
def test_a_batch_that_does_not_exist_gets_a_sentence(tidu: Run, batch: str, code: int) -> None:
    ended, out, err = tidu("import", "undo", batch)
    assert (ended, out, err.count("\n")) == (code, "", 1)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_out_and_in_again_changes_nothing(tidu: Run, tmp_path: Path, form: str) -> None:
    tidu("import", "firms", SAMPLE)
    tidu("import", "firms", REAL)
    out = tmp_path / f"全部.{form}"
    code, told, _ = tidu("export", "firms", "-o", out)
    assert (code, told) == (0, f"已导出 498 家企业到 {out}。\n")
    code, told, _ = tidu("import", "firms", out)
    assert (code, answer(told)["unchanged"], answer(told)["updated"]) == (0, 498, 0)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "data") == [out.name]


def test_an_export_is_filtered_by_tier_and_region(tidu: Run, tmp_path: Path) -> None:
    tidu("import", "firms", SAMPLE)
    out = tmp_path / "a.csv"
    tidu("export", "firms", "-o", out, "--tier", "gazelle", "--region", "440783109")
    lines = out.read_text("utf-8-sig").splitlines()[1:]
    assert lines
    assert all("瞪羚企业" in line and "赤坎镇" in line for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "a.txt"],
        ["-o", "a.csv", "--tier", "unicorn"],
        ["-o", "a.csv", "--region", "999999"],
        ["-o", "/nowhere/a.csv"],
        [],
    ],
)
def test_an_export_that_is_asked_for_wrongly_ends_with_two(tidu: Run, arguments: list[str]) -> None:
    code, out, err = tidu("export", "firms", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)

"""Workbooks as people send them: wherever the header is, however it is spelled, whatever stands around it."""

import io
from datetime import date

import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from app.exchange.columns import COLUMNS, IGNORED, NAMES, REQUIRED
from app.sheets import Formula, RawSheet, SheetError, Table, find_table, rows_of
from app.sheets.csvs import read_csv
from app.sheets.headers import Row
from app.sheets.reading import read
from tests.rosters import CODE, DATA, NAME, workbook

QUOTED = '"两\n行"'
LINE = ["甲公司", "91440783M159083022"]


def table_in(*sheets: RawSheet) -> Table:
    return find_table(sheets, NAMES, required=REQUIRED, ignored=IGNORED)


def rows_in(sheets: list[RawSheet]) -> list[Row]:
    return list(rows_of(table_in(*sheets), NAMES, identity=REQUIRED, code="uscc"))


def test_the_real_list_has_its_header_in_the_third_row_and_106_firms_above_its_total() -> None:
    sheets = read((DATA / "firms-real.xlsx").read_bytes(), "firms-real.xlsx")
    assert table_in(*sheets).header_row == 3
    rows = rows_in(sheets)
    assert (len(rows), rows[0].number, rows[-1].number) == (106, 4, 109)


def test_a_header_below_merged_titles_on_the_second_sheet_is_found() -> None:
    data = workbook(
        [["说明"], ["本表请于月底前报送"]],
        [["企业名单"], ["填报单位："], ["序号", NAME, CODE], [1, *LINE]],
        names=["说明", "名单"],
    )
    table = table_in(*read(data, "a.xlsx"))
    assert (table.sheet.name, table.header_row) == ("名单", 3)


def test_of_two_sheets_the_one_that_says_more_is_read() -> None:
    data = workbook([[NAME, CODE], LINE], [[NAME, CODE, "备注"], [*LINE, "好"]], names=["简", "全"])
    assert table_in(*read(data, "a.xlsx")).sheet.name == "全"


_NOISE = st.text(alphabet=" 　\t\n*：:", max_size=3)
_WIDE = {i: i + 0xFEE0 for i in range(0x21, 0x7F)}


@given(
    st.data(),
    st.lists(st.sampled_from([c for c in COLUMNS if c.field not in REQUIRED]), unique=True, max_size=8),
    st.booleans(),
)
def test_every_synonym_is_found_with_stray_spaces_and_in_full_width(
    data: st.DataObject, more: list[object], wide: bool
) -> None:
    chosen = [*(c for c in COLUMNS if c.field in REQUIRED), *more]
    header = []
    for column in chosen:
        name = data.draw(st.sampled_from([column.title, *column.synonyms]))  # type: ignore[attr-defined]
        inner = data.draw(st.integers(0, len(name)))
        spaced = name[:inner] + data.draw(st.sampled_from(["", " ", "　"])) + name[inner:]
        text = data.draw(_NOISE) + spaced + data.draw(_NOISE)
        header.append(text.translate(_WIDE) if wide else text.replace("（", "(").replace("）", ")"))
    table = table_in(RawSheet("名册", [header, LINE]))
    assert dict(table.columns) == {c.field: n for n, c in enumerate(chosen)}  # type: ignore[attr-defined]
    assert table.unknown == []


def test_unknown_and_doubled_columns_are_reported_and_the_first_of_two_is_used() -> None:
    table = table_in(RawSheet("名册", [["序号", NAME, CODE, "单位名称", "法定代表人"], [1, *LINE, "乙公司", "丙"]]))
    assert (table.unknown, table.doubled) == (["法定代表人"], ["单位名称"])
    assert table.columns["name"] == 1


def test_empty_rows_totals_footnotes_and_a_second_header_are_no_firms() -> None:
    sheet = RawSheet(
        "名册",
        [
            ["序号", NAME, CODE],
            [1.0, *LINE],
            [None, "  ", None],
            ["小计", "1家", None],
            ["序号", NAME, CODE],
            [2.0, "乙公司", "91440783M90996031R"],
            [3.0, None, None],
            ["合  计：", 2.0, None],
            ["注：数据截至年底", None, None],
        ],
    )
    assert [r.number for r in rows_in([sheet])] == [2, 6]


@pytest.mark.parametrize(
    ("alone", "kept"), [(80.0, True), ("８０.5", True), ("1,200", True), ("填表人：张三", False), ("2026年12月", False)]
)
def test_a_number_alone_under_a_column_of_the_list_is_a_row_whose_name_was_forgotten(
    alone: str | float, kept: bool
) -> None:
    sheet = RawSheet("名册", [[NAME, CODE, "注册资本（万元）"], [*LINE, 30.0], [None, None, alone]])
    assert [r.number for r in rows_in([sheet])] == ([2, 3] if kept else [2])


@pytest.mark.parametrize(
    ("code", "rows"), [("106家", 1), (106.0, 1), ("共 106 家企业", 1), ("9144078", 2), ("公司", 2)]
)
def test_a_count_below_the_codes_is_a_total_where_nothing_but_a_total_is_named(code: str | float, rows: int) -> None:
    for total in ("合计", "合  计：", "总计"):
        sheet = RawSheet("名册", [[NAME, CODE], LINE, [total, code]])
        assert len(rows_in([sheet])) == rows
        assert len(rows_in([RawSheet("名册", [[NAME, CODE], LINE, ["汇总通", code]])])) == 2


def test_a_firm_whose_name_begins_like_a_total_is_a_firm() -> None:
    sheet = RawSheet("名册", [[NAME, CODE], ["合计科技（开平）股份有限责任公司", LINE[1]]])
    assert len(rows_in([sheet])) == 1


@pytest.mark.parametrize("name", ["汇总通科技公司", "累计科技", "总计", "合计"])
def test_a_row_with_a_code_is_a_firm_whatever_its_name_begins_with(name: str) -> None:
    sheet = RawSheet("名册", [["序号", NAME, CODE], [1.0, name, LINE[1]], [None, "合计", None], [name, "106家", None]])
    (row,) = rows_in([sheet])
    assert row.cells["name"] == name
    assert len(rows_in([RawSheet("名册", [[NAME, CODE], [name, LINE[1]]])])) == 1


def test_a_row_without_a_name_is_still_a_row() -> None:
    sheet = RawSheet("名册", [[NAME, CODE, "所属镇街"], [None, LINE[1], "水口镇"], [None, None, "水口镇"]])
    assert [r.number for r in rows_in([sheet])] == [2]


@pytest.mark.parametrize("given_name", ["名册.xlsx", "名册.XLSX", "名册.xls"])
def test_a_workbook_is_known_by_its_content(given_name: str) -> None:
    assert len(rows_in(read(workbook([[NAME, CODE], LINE]), given_name))) == 1


def test_an_old_xls_workbook_is_read_like_a_new_one() -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("名册")
    for column, title in enumerate([NAME, CODE, "成立日期"]):
        page.write(0, column, title)
    page.write(1, 0, LINE[0])
    page.write(1, 1, LINE[1])
    page.write(1, 2, date(2015, 3, 1), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    out = io.BytesIO()
    book.save(out)
    (row,) = rows_in(read(out.getvalue(), "名册.xls"))
    assert row.cells["registered_on"] == date(2015, 3, 1)


def test_dates_numbers_and_formulas_keep_what_they_are() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, [NAME, CODE, "成立日期", "注册资本（万元）", "是否规上"])
        page.write_formula(1, 0, '=HYPERLINK("http://example.invalid","x")', value="x")
        page.write_string(1, 1, LINE[1])
        page.write_datetime(1, 2, date(2015, 3, 1), book.add_format({"num_format": "yyyy/m/d"}))
        page.write_formula(1, 3, "=40+2", value=42)
        page.write_boolean(1, 4, True)
    (row,) = rows_in(read(out.getvalue(), "名册.xlsx"))
    assert row.cells == {
        "name": Formula('=HYPERLINK("http://example.invalid","x")', "x"),
        "uscc": LINE[1],
        "registered_on": date(2015, 3, 1),
        "registered_capital": Formula("=40+2", 42.0),
        "above_designated_size": True,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_csv_is_read_in_every_encoding_and_with_every_common_delimiter(encoding: str, mark: str) -> None:
    text = f"{mark.join([NAME, CODE, '备注'])}\r\n{mark.join(['甲公司', LINE[1], QUOTED])}\r\n"
    (row,) = rows_in([read_csv(text.encode(encoding), "名册.csv", NAMES)])
    assert row.cells == {"name": "甲公司", "uscc": LINE[1], "remark": "两\n行"}


@pytest.mark.parametrize("mark", [",", "\t", ";", "，"])
@pytest.mark.parametrize("other", [",", "\t", ";", "，"])
def test_a_remark_full_of_another_delimiter_divides_nothing(mark: str, other: str) -> None:
    remark = other.join("一二三四五六七八") if other != mark else "好"
    text = f"名册{other}二〇二六年{other}\n{NAME}{mark}{CODE}{mark}备注\n" + mark.join([*LINE, remark]) + "\n"
    (row,) = rows_in([read_csv(text.encode(), "名册.csv", NAMES)])
    assert (row.cells["name"], row.cells["uscc"], row.cells["remark"]) == (*LINE, remark)


def test_a_csv_row_carries_the_number_of_the_line_it_begins_on() -> None:
    text = f'{NAME},{CODE},备注\n甲,{LINE[1]},"一\n二\n三"\n乙,91440783M90996031R,\n'
    assert [r.number for r in rows_in([read_csv(text.encode(), "名册.csv")])] == [2, 5]


def test_a_formula_in_a_csv_is_one_and_what_our_own_export_escaped_is_text() -> None:
    text = f"{NAME},{CODE}\n=1+1,{LINE[1]}\n'=1+1,91440783M90996031R\n'小灵通,91440783M93518190B\n"
    names = [r.cells["name"] for r in rows_in([read_csv(text.encode(), "名册.csv")])]
    assert names == [Formula("=1+1"), "=1+1", "'小灵通"]


def test_a_sheet_without_the_two_columns_is_told_which_one_is_missing() -> None:
    with pytest.raises(SheetError, match="第 1 行像是表头，但缺少“统一社会信用代码”"):
        table_in(RawSheet("名册", [[NAME, "备注"], ["甲", ""]]))
    with pytest.raises(SheetError, match="没有找到表头"):
        table_in(RawSheet("名册", [["今天", "天气"], ["晴", "好"]]))

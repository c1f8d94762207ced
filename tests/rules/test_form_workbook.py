"""A form taken home as a workbook: what comes back is told from what stood there, and what colleagues did."""

import io

import pytest
from openpyxl import load_workbook

from app.config import SEEDS
from app.errors import Invalid
from app.reports.catalogue import form_of, read_forms
from app.reports.comparing import compare, merged
from app.reports.reading import examine
from app.reports.workbook import GUIDE, ONCE, Sent, write_workbook
from app.reports.workbook_reading import read_workbook
from app.sheets.reading import read

FORM = form_of(next(body for body in read_forms(SEEDS) if body["form"] == "annual"))
USCC = "91440783M159083022"
DRAFT = {
    "operations": {"sales_revenue": ["4000", "wan_yuan"], "net_profit": ["-125000", "yuan"]},
    "people": {"headcount": ["120 人", ""]},
    "projects": {"rows": [{"project.name": ["节水阀芯", ""], "project.spent": ["600", "thousand_yuan"]}]},
    "ip": {"rows": [{"ip.kind": ["utility_model", ""], "ip.number": ["ZL1", ""]}]},
}


def sent(**more):
    return Sent(USCC, "开平市金丝雀有限公司", 2025, **({"answers": DRAFT, "last": {}} | more))


TAKEN = write_workbook(FORM, sent())


class Home:
    """What somebody does to the workbook in Excel."""

    def __init__(self, data=TAKEN):
        self.book = load_workbook(io.BytesIO(data))
        self.once = self.book[ONCE]
        self.rows = {cell.value: cell.row for cell in self.once["A"]}

    def figure(self, code, value, unit=None):
        self.once.cell(self.rows[code], 4).value = value
        if unit:
            self.once.cell(self.rows[code], 5).value = unit
        return self

    def row(self, sheet, n, **cells):
        page = next(s for s in self.book if s.title.startswith(sheet))
        columns = {cell.value: cell.column for cell in page[1]}
        for code, value in cells.items():
            page.cell(2 + n, columns[code.replace("_", ".", 1)]).value = value
        return self

    def back(self, uscc=USCC, year=2025):
        out = io.BytesIO()
        self.book.save(out)
        return read_workbook(read(out.getvalue(), "a.xlsx"), FORM, uscc=uscc, year=year)


def beside(filled, draft=DRAFT, locked=()):
    return compare(FORM, draft, filled, frozenset(locked))


def changes(found):
    return {c.code: (c.now, c.contested) for c in found.changes}


def test_what_came_back_as_it_left_changes_nothing_and_every_question_is_there():
    filled = Home().back()
    assert set(filled.figures) == {q.code for q in FORM.questions.values() if not q.of}
    assert beside(filled).changes == []
    assert merged(FORM, DRAFT, {})["operations"] == DRAFT["operations"]


def test_the_workbook_says_how_to_fill_it_and_locks_what_is_not_to_be_filled():
    book = Home().book
    assert book.sheetnames[0] == GUIDE
    assert "2025 年度" in book[GUIDE]["A1"].value
    page = book[ONCE]
    assert page.protection.sheet
    head = {cell.value: cell.column for cell in page[1]}
    row = Home().rows["sales_revenue"]
    assert page.cell(row, head["代码"]).protection.locked
    assert not page.cell(row, head["填写"]).protection.locked
    assert page.cell(Home().rows["rd.total"], head["填写"]).protection.locked
    hidden = [sheet.title for sheet in book if sheet.sheet_state == "veryHidden"]
    assert len(hidden) == 1


def test_numbers_units_formulas_and_emptied_cells_are_read_as_they_are_meant():
    home = Home().figure("total_income", 3800.5, "千元").figure("net_profit", None).figure("rd_staff", 15)
    home.figure("total_assets", 0.1 + 0.2).figure("sales_revenue", "40,000,000", "元")
    found = beside(home.back())
    assert changes(found) == {
        "total_income": (["3800.5", "thousand_yuan"], False),
        "net_profit": (["", "yuan"], False),
        "total_assets": (["0.3", "wan_yuan"], False),
        "rd_staff": (["15", ""], False),
    }
    whole = merged(FORM, DRAFT, {c.code: c.now for c in found.changes})
    assert whole["operations"]["sales_revenue"] == ["4000", "wan_yuan"]
    assert "net_profit" not in whole["operations"]
    assert examine(FORM, whole, {}).figures["total_income"] == "3800500"


def test_what_a_colleague_saved_since_is_neither_undone_nor_hidden():
    draft = DRAFT | {"people": {"headcount": ["125", ""], "rd_staff": ["20", ""]}}
    untouched = beside(Home().figure("total_income", 1).back(), draft)
    assert list(changes(untouched)) == ["total_income"]
    both = beside(Home().figure("headcount", 130).figure("rd_staff", 20).back(), draft)
    assert changes(both) == {"headcount": (["130", ""], True)}
    assert both.changes[0].theirs == ["125", ""]


def test_rows_are_added_changed_and_dropped_as_one():
    home = Home().row("RD", 1, project_spent=65).row("RD", 2, project_name="陶瓷阀芯", project_began="2025-03-01")
    home.row("IP", 1, ip_kind=None, ip_number=None)
    found = beside(home.back())
    rows = {c.code: c.now for c in found.changes}
    assert rows["projects"] == [
        {"project.name": ["节水阀芯", ""], "project.spent": ["65", "wan_yuan"]},
        {"project.name": ["陶瓷阀芯", ""], "project.began": ["2025-03-01", ""]},
    ]
    assert rows["ip"] == []
    assert merged(FORM, DRAFT, rows)["ip"] == {"rows": []}


def test_what_cannot_be_read_is_left_out_with_its_place_and_a_sentence():
    home = (
        Home()
        .figure("headcount", "一百")
        .figure("rd_staff", 15)
        .row("IP", 1, ip_kind="发明")
        .row("IP", 2, ip_kind="外观")
    )
    found = beside(home.back())
    assert list(changes(found)) == ["rd_staff"]
    assert {w.label for w in found.wrong} == {"职工总数", "IP01 类别", "IP02 类别"}
    assert all("行" in w.place for w in found.wrong)
    broken = Home()
    broken.once.cell(broken.rows["sales_revenue"], 1).value = "turnover"
    assert [w.sentence for w in beside(broken.back()).wrong] == ["填报表里没有这一项。"]


def test_after_a_return_only_what_was_asked_back_is_taken():
    home = Home(write_workbook(FORM, sent(locked=frozenset({"headcount"}), comments={"rd_staff": "请核对"})))
    row = home.rows["headcount"]
    assert home.once.cell(row, 4).protection.locked
    assert home.once.cell(home.rows["rd_staff"], 9).value == "请核对"
    found = beside(home.figure("headcount", 1).figure("rd_staff", 15).back(), locked={"headcount"})
    assert (list(changes(found)), found.shut) == (["rd_staff"], ["职工总数"])


def test_a_workbook_that_does_not_say_how_it_left_empties_nothing():
    home = Home().figure("headcount", None).figure("rd_staff", 15)
    del home.book["原值"]
    assert list(changes(beside(home.back()))) == ["rd_staff"]


@pytest.mark.parametrize("wrong", [{"uscc": "91440783MA4W0HTN0G"}, {"year": 2024}])
def test_another_firms_or_years_workbook_is_refused(wrong):
    with pytest.raises(Invalid) as refused:
        Home().back(**wrong)
    assert "另一家企业或另一年度" in refused.value.fields["file"]


def test_another_version_of_the_form_a_code_twice_and_no_form_at_all_are_refused():
    old = Home()
    old.book["原值"]["C1"] = "9"
    double = Home()
    double.once.cell(double.rows["headcount"], 1).value = "rd_staff"
    empty = Home()
    for sheet in [s for s in empty.book if s.title not in (GUIDE, "原值")]:
        del empty.book[sheet.title]
    for home, words in ((old, "第 9 版"), (double, "出现了两次"), (empty, "没有找到")):
        with pytest.raises(Invalid) as refused:
            home.back()
        assert words in refused.value.fields["file"]

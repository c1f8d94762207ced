"""誊抄单: what is on the national screens, in their order and units, from what was reported once."""

from decimal import Decimal

import pytest

from app.config import SEEDS
from app.policy.terms import Grade
from app.reports.catalogue import CatalogueError, form_of, read_forms
from app.reports.copying import copied, read_layouts, unknown_codes
from app.reports.reading import examine
from app.sheets.tables import Table, write_tables

FORMS = {body["form"]: form_of(body) for body in read_forms(SEEDS)}
FORM = FORMS["annual"]
OURS = {"name": "开平市金丝雀有限公司", "uscc": "91440783M159083022"}
LAYOUTS = read_layouts(SEEDS / "sheets")
RD = {
    "personnel": "100",
    "direct_input": "60",
    "depreciation": "0",
    "intangible_amortisation": "0",
    "design": "0",
    "commissioning_testing": "0",
    "outsourced_domestic": "50",
    "outsourced_overseas": "10",
    "other": "100",
}
ANSWERS = {
    "people": {"headcount": ["120", ""], "rd_staff": ["15", ""]},
    "rd": {f"rd.{line}": [text, "wan_yuan"] for line, text in RD.items()},
    "projects": {"rows": [{"project.name": ["节水阀芯", ""], "project.spent": ["60.5", "wan_yuan"]}]},
    "ip": {"rows": [{"ip.kind": ["software_copyright", ""], "ip.granted": ["2024年5月1日", ""]}]},
}


def sheet(name, earlier=None):
    blocks = copied(LAYOUTS[name], FORM, ANSWERS, examine(FORM, ANSWERS, {}), earlier or {}, OURS)
    return {line.label: line for block in blocks for line in block.lines}


def value(name, label, n=0, earlier=None):
    return sheet(name, earlier)[label].cells[n].value


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_layout_names_its_source_and_only_what_the_form_asks(name):
    layout = LAYOUTS[name]
    assert unknown_codes(layout, FORMS[layout.form]) == []
    assert layout.doc
    assert layout.grade is not Grade.OFFICIAL or "http" not in layout.doc
    assert set(LAYOUTS) == {"107-1", "107-2", "tech_sme", "hnte", "hnte_annual", "incubator_tenant"}


def test_statistics_are_in_thousands_in_full_and_in_the_forms_order():
    assert value("107-2", "研究开发费用合计") == "3200"
    assert value("107-2", "7. 委托外部研究开发费用") == "600"
    assert sheet("107-2")["研究开发费用合计"].unit == "千元"
    labels = list(sheet("107-2"))
    assert labels.index("7. 委托外部研究开发费用") < labels.index("④委托境外机构") < labels.index("8. 其他费用")


def test_what_is_not_filled_in_is_empty_and_never_nought():
    assert value("107-2", "1. 企业自筹") == ""
    assert value("hnte", "销售收入") == ""


def test_what_the_house_does_not_ask_keeps_its_place_and_is_marked():
    lines = sheet("107-1")
    assert value("107-1", "项目经费支出") == "605"
    assert [c.known for c in lines["其中：企业自主开展"].cells] == [False]
    assert [c.known for c in lines["项目来源"].cells] == [True]


def test_each_title_has_rd_on_its_own_basis():
    # 高企: 160 + 80 % of 60 = 208, 其他费用 at most a quarter of that; 加计扣除: 其他 at most a ninth of 160.
    assert value("hnte", "研究开发费用总额（高企口径）") == "260"
    assert value("hnte", "其中：在中国境内的研究开发费用") == "252"
    assert value("tech_sme", "研发费用总额（财税〔2015〕119号口径）") == "225.777778"


def test_three_years_stand_side_by_side_newest_first():
    earlier = {1: {"sales_revenue": Decimal(40_000_000)}, 2: {}}
    cells = sheet("hnte", earlier)["销售收入"].cells
    assert [c.value for c in cells] == ["", "4000", ""]


def test_choices_are_in_words_and_dates_as_dates():
    blocks = copied(LAYOUTS["hnte"], FORM, ANSWERS, examine(FORM, ANSWERS, {}), {}, OURS)
    rights = next(b for b in blocks if b.title == "知识产权")
    assert [line.cells[0].value for line in rights.lines] == ["软件著作权", "", "", "2024-05-01", ""]
    products = next(b for b in blocks if b.title.startswith("高新技术产品"))
    assert products.empty


def test_the_newest_version_of_a_layout_is_the_one_and_a_broken_one_is_refused(tmp_path):
    text = (SEEDS / "sheets" / "107-1.yaml").read_text("utf-8")
    (tmp_path / "b.yaml").write_text(text.replace("version: 1", "version: 2"), "utf-8")
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    assert read_layouts(tmp_path)["107-1"].version == 2
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "x.yaml").write_text("sheet: x\nversion: one", "utf-8")
    with pytest.raises(CatalogueError, match=r"x\.yaml"):
        read_layouts(tmp_path / "c")


def test_a_workbook_of_tables_keeps_numbers_as_numbers_and_runs_nothing():
    import io

    import openpyxl

    rows = [["=1+1", "0012", "605"], ["b", "=cmd", ""]]
    book = openpyxl.load_workbook(io.BytesIO(write_tables([Table("一/二", ["说明"], ["项", "a", "b"], rows)] * 2)))
    assert book.sheetnames == ["一 二", "一 二2"]
    cells = [[c.value for c in row] for row in book.worksheets[0].iter_rows(min_row=3)]
    assert cells == [["=1+1", "0012", 605], ["b", "=cmd", None]]
    assert book.worksheets[0]["A3"].data_type == "s"


def test_a_tenants_sheet_is_in_thousands_and_says_words_and_measures_as_they_are():
    form, layout = FORMS["incubator_tenant"], LAYOUTS["incubator_tenant"]
    typed = {
        "basics": {"tenant.graduated": ["no", ""], "tenant.founded": ["2020年5月6日", ""]},
        "economy": {"tenant.area": ["120.5平方米", ""], "total_income": ["12.5", "wan_yuan"]},
    }
    blocks = copied(layout, form, typed, examine(form, typed, {}), {}, OURS)
    lines = {line.label: (line.cells[0].value, line.unit) for block in blocks for line in block.lines}
    assert lines["1. 企业名称"] == (OURS["name"], "")
    assert lines["3. 成立时间"] == ("2020-05-06", "")
    assert lines["10. 是否毕业企业"] == ("否", "")
    assert lines["17. 占用场地面积"] == ("120.5", "平方米")
    assert lines["19. 总收入"] == ("125", "千元")
    assert lines["24. 从业人员"] == ("", "人")


@pytest.mark.parametrize("name", ["hnte_annual", "incubator_tenant"])
def test_every_question_of_a_form_that_goes_to_one_screen_stands_on_its_sheet(name):
    listed = {code for block in LAYOUTS[name].blocks for line in block.lines for code in line.of}
    assert listed == set(FORMS[name].questions)

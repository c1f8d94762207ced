"""The catalogue and its forms: complete, sourced, and hanging together."""

import copy
from decimal import Decimal

import pytest

from app.config import SEEDS
from app.policy.figures import RD_LINES, IpKind, ObtainedBy, Unit
from app.policy.terms import Grade
from app.reports.catalogue import CatalogueError, Kind, Level, form_of, read_forms
from app.reports.reading import ROWS, examine, read
from app.reports.terms import REPORTED

BODIES = {body["form"]: body for body in read_forms(SEEDS)}
BODY = BODIES["annual"]
FORMS = {code: form_of(body) for code, body in BODIES.items()}
FORM = FORMS["annual"]


def test_every_figure_that_a_policy_reads_is_asked_under_its_own_name_and_unit():
    asked = {code: q for code, q in FORM.questions.items() if q.policy}
    assert set(asked) == set(REPORTED)
    for code, figure in REPORTED.items():
        question = asked[code]
        assert (question.label, question.unit) == (figure.label, figure.unit.label)
        assert question.money == (figure.unit is Unit.YUAN)
        assert (question.kind is Kind.SIGNED) == figure.signed
        assert not question.optional


def test_every_question_has_a_source_and_a_grade():
    for form in FORMS.values():
        for section in form.sections:
            for question in section.questions:
                assert question.source
                assert Grade(question.grade)


def test_choices_are_the_houses_own_words():
    ip = {q.code: dict(q.options) for q in FORM.section("ip").questions if q.options}
    assert ip["ip.kind"] == dict(IpKind.options())
    assert ip["ip.way"] == dict(ObtainedBy.options())


def broken(change):
    body = copy.deepcopy(BODY)
    change(body["sections"][0]["questions"])
    return body


@pytest.mark.parametrize(
    "change",
    [
        lambda questions: questions.append(dict(questions[0])),
        lambda questions: questions[0].update(type="colour"),
        lambda questions: questions[0].update(basis="mine"),
        lambda questions: questions[0].update(checks=[{"kind": "like", "level": "hard"}]),
        lambda questions: questions[0].update(checks=[{"kind": "at_most", "of": ["nowhere"], "level": "hard"}]),
        lambda questions: questions[0].update(grade="sure"),
        lambda questions: questions[0].pop("source"),
    ],
)
def test_a_form_that_does_not_hang_together_is_refused(change):
    with pytest.raises(CatalogueError):
        form_of(broken(change))


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("38.2", "wan_yuan", 382000),
        ("38.2", "thousand_yuan", 38200),
        ("38.2", "yuan", "38.2"),
        ("38.2万", "yuan", 382000),
    ],
)
def test_a_figure_is_what_was_typed_in_the_unit_beside_it_or_in_the_text(text, unit, yuan):
    assert read(FORM.questions["sales_revenue"], (text, unit)).number == Decimal(yuan)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sales_revenue", "-1"),
        ("sales_revenue", "NaN"),
        ("headcount", "1.5"),
        ("headcount", "-3"),
        ("headcount", "1e9"),
        ("headcount", "十"),
    ],
)
def test_what_cannot_be_is_said_and_stands_as_typed(code, text):
    value = read(FORM.questions[code], (text, "yuan"))
    assert value.number is None
    assert value.fault
    assert "金额" not in value.fault or code != "headcount"
    assert value.text == text


def test_a_sum_is_of_what_is_known_and_nothing_is_a_pass_for_want_of_a_figure():
    found = examine(FORM, {"rd": {"rd.personnel": ["10", "wan_yuan"]}, "people": {"rd_staff": ["9", ""]}}, {})
    assert found.figures["rd.total"] == "100000"
    assert not [f for f in found.faults if f.field == "rd_staff"]
    assert [f for f in found.faults if f.field == "headcount" and f.missing]


def test_what_stands_in_rows_cannot_be_checked_softly_nor_against_another_section():
    for check in (
        {"kind": "at_most", "of": ["project.spent"], "level": "soft"},
        {"kind": "at_most", "of": ["rd.total"], "level": "hard"},
    ):
        body = copy.deepcopy(BODY)
        projects = next(s for s in body["sections"] if s["code"] == "projects")
        projects["questions"][-1]["checks"] = [check]
        with pytest.raises(CatalogueError):
            form_of(body)


CHECKS = [
    (form, section, question, check)
    for form in FORMS.values()
    for section in form.sections
    for question in section.questions
    for check in question.checks
    if check.kind not in ("change", "not_before", "needed_if")
]


def put(form, answers, code, number):
    """`number` as the answer to `code`: of a sum its first line, of a row's question in two rows."""
    for section in form.sections:
        question = next((q for q in section.questions if q.code == code), None)
        if question is None:
            continue
        if question.kind is Kind.SUM:
            put(form, answers, question.of[0], number)
        elif section.group:
            rows = answers.setdefault(section.code, {}).setdefault(ROWS, [{}, {}])
            rows[0][code], rows[1][code] = ([str(n), "yuan"] for n in (number - 40, 40))
        else:
            answers.setdefault(section.code, {})[code] = [str(number), "yuan" if question.money else ""]


def answered(form, section, question, check, mine):
    if section.group:
        row = {code: ["100", "yuan"] for code in check.of} | {question.code: [str(mine), "yuan"]}
        return {section.code: {ROWS: [row]}}
    answers = {}
    for code in check.of:
        put(form, answers, code, Decimal(100))
    put(form, answers, question.code, mine)
    return answers


@pytest.mark.parametrize(
    ("form", "section", "question", "check"),
    CHECKS,
    ids=[f"{f.code} {q.code} {c.kind} {'+'.join(c.of)}" for f, _, q, c in CHECKS],
)
def test_each_check_holds_on_its_boundary_and_not_a_step_beyond(form, section, question, check):
    step = Decimal("0.01") if question.money else Decimal(1)
    edge = Decimal(100) * len(check.of)

    def said(mine):
        found = examine(form, answered(form, section, question, check, mine), {})
        told = found.doubts if check.level is Level.SOFT else found.faults
        return any(one.sentence.startswith(check.says) for one in told)

    assert not said(edge)
    assert said(edge + step) == (check.kind != "at_least")
    assert said(edge - step) == (check.kind != "at_most")


@pytest.mark.parametrize(("change", "said"), [("1.5", False), ("1.51", True), ("0.5", False), ("0.49", True)])
def test_a_change_of_more_than_half_since_last_year_wants_a_word(change, said):
    last = {"headcount": Decimal(100)}
    found = examine(FORM, {"people": {"headcount": [f"{Decimal(change) * 100:f}", ""]}}, last)
    assert [d.key for d in found.doubts] == (["headcount.change"] if said else [])


PROJECT = {"project.began": ["2025-03-01", ""], "project.ends": ["2025-02-28", ""], "project.spent": ["60", "wan_yuan"]}


def test_a_project_does_not_end_before_it_begins():
    def at(ends):
        rows = {"projects": {ROWS: [PROJECT | {"project.ends": [ends, ""]}]}}
        return [f.field for f in examine(FORM, rows, {}).faults if f.field == "project.ends.0"]

    assert at("2025-02-28") == ["project.ends.0"]
    assert at("2025-03-01") == []


def test_projects_that_do_not_come_to_the_whole_are_a_doubt_with_both_sums_and_no_projects_are_none():
    rd = {"rd": {"rd.personnel": ["100", "wan_yuan"]}}
    rows = [PROJECT | {"project.ends": ["2025-12-31", ""]}] * 2
    (doubt,) = examine(FORM, rd | {"projects": {ROWS: rows}}, {}).doubts
    assert (doubt.key, doubt.section) == ("rd.total.equals", "rd")
    assert "各条合计 120 万元，这里 100 万元" in doubt.sentence
    assert not examine(FORM, rd, {}).doubts
    unreadable = [*rows, PROJECT | {"project.spent": ["约五十", ""]}]
    assert not examine(FORM, rd | {"projects": {ROWS: unreadable}}, {}).doubts


HNTE, TENANT = FORMS["hnte_annual"], FORMS["incubator_tenant"]


def test_what_two_forms_ask_is_one_question_and_no_form_has_receipts_of_another():
    shared = set(HNTE.questions) & set(FORM.questions)
    assert {"headcount", "rd_staff", "total_income", "sales_revenue", "high_tech_income"} == shared
    assert {"total_income", "net_profit"} == set(TENANT.questions) & set(FORM.questions)
    assert len({form.mark for form in FORMS.values()}) == len(FORMS)


def test_what_differs_from_what_was_told_elsewhere_wants_a_word_and_what_agrees_wants_none_again():
    told, last = {"headcount": Decimal(120)}, {"headcount": Decimal(40)}

    def doubts(count):
        return [d.key for d in examine(HNTE, {"people": {"headcount": [str(count), ""]}}, last, told).doubts]

    assert doubts(120) == []  # three times last year's, and explained where it was told
    assert doubts(119) == ["headcount.told", "headcount.change"]
    assert doubts(121) == ["headcount.told", "headcount.change"]


def test_the_expense_on_the_basis_of_the_title_is_worked_out_and_held_against():
    lines = dict.fromkeys(RD_LINES, Decimal(0)) | {"personnel": Decimal(800), "outsourced_overseas": Decimal(100)}
    told = {f"rd.{line}": value for line, value in lines.items()}

    def doubts(whole, home):
        typed = {"rd": {"hnte.rd": [whole, "yuan"], "hnte.rd_home": [home, "yuan"]}}
        return [d.key for d in examine(HNTE, typed, {}, told).doubts]

    assert doubts("880", "800") == []
    assert doubts("880.01", "800") == ["hnte.rd.told"]
    assert doubts("880", "799.99") == ["hnte.rd_home.told"]
    del told["rd.other"]
    assert doubts("1", "1") == []  # not known whole: nothing to hold it against


def test_who_has_graduated_says_when_and_not_before_they_came():
    def faults(graduated, on):
        basics = {"tenant.graduated": [graduated, ""], "tenant.entered": ["2022-05-01", ""]}
        basics |= {"tenant.graduated_on": [on, ""]} if on else {}
        return [f.sentence for f in examine(TENANT, {"basics": basics}, {}).faults if f.field == "tenant.graduated_on"]

    assert faults("no", "") == []
    assert faults("yes", "") == ["毕业企业要填毕业时间。"]
    assert faults("yes", "2022-04-30") == ["毕业时间早于入驻时间。"]
    assert faults("yes", "2022-05-01") == []


@pytest.mark.parametrize(("text", "number"), [("120.5", "120.5"), ("１２０ 平方米", "120"), ("0", "0"), ("-1", None)])
def test_a_measure_may_have_a_fraction(text, number):
    value = read(TENANT.questions["tenant.area"], (text, ""))
    assert value.number == (Decimal(number) if number else None)
    assert bool(value.fault) == (number is None)

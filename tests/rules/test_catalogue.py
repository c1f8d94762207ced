"""The catalogue and its forms: complete, sourced, and hanging together."""

import copy
from decimal import Decimal

import pytest

from app.config import SEEDS
from app.policy.figures import IpKind, ObtainedBy, Unit
from app.policy.terms import Grade
from app.reports.catalogue import CatalogueError, Kind, Level, form_of, read_forms
from app.reports.reading import ROWS, examine, read
from app.reports.terms import REPORTED

BODY = next(body for body in read_forms(SEEDS) if body["form"] == "annual")
FORM = form_of(BODY)


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
    for section in FORM.sections:
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
        lambda questions: questions[0].update(type="number"),
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
    ],
)
def test_what_cannot_be_is_said_and_stands_as_typed(code, text):
    value = read(FORM.questions[code], (text, "yuan"))
    assert value.number is None
    assert value.fault
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
    (section, question, check)
    for section in FORM.sections
    for question in section.questions
    for check in question.checks
    if check.kind not in ("change", "not_before")
]


def put(answers, code, number):
    """`number` as the answer to `code`: of a sum its first line, of a row's question in two rows."""
    for section in FORM.sections:
        question = next((q for q in section.questions if q.code == code), None)
        if question is None:
            continue
        if question.kind is Kind.SUM:
            put(answers, question.of[0], number)
        elif section.group:
            rows = answers.setdefault(section.code, {}).setdefault(ROWS, [{}, {}])
            rows[0][code], rows[1][code] = ([str(n), "yuan"] for n in (number - 40, 40))
        else:
            answers.setdefault(section.code, {})[code] = [str(number), "yuan" if question.money else ""]


def answered(section, question, check, mine):
    if section.group:
        return {section.code: {ROWS: [{code: ["100", "yuan"] for code in check.of} | {question.code: [mine, "yuan"]}]}}
    answers = {}
    for code in check.of:
        put(answers, code, Decimal(100))
    put(answers, question.code, Decimal(mine))
    return answers


@pytest.mark.parametrize(
    ("section", "question", "check"), CHECKS, ids=[f"{q.code} {c.kind} {'+'.join(c.of)}" for _, q, c in CHECKS]
)
def test_each_check_holds_on_its_boundary_and_not_a_step_beyond(section, question, check):
    step = Decimal("0.01") if question.money else Decimal(1)
    edge = Decimal(100) * len(check.of)

    def said(mine):
        found = examine(FORM, answered(section, question, check, str(mine)), {})
        sentences = (
            [d.sentence for d in found.doubts] if check.level is Level.SOFT else [f.sentence for f in found.faults]
        )
        return any(sentence.startswith(check.says) for sentence in sentences)

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

"""誊抄单: the firm's figures in the order, under the names and in the units of a national screen, to be copied there.

A layout is data (seeds/sheets), one file a version, with its source and grade. What the house does not ask for stands
in its place, empty and marked, so that nobody loses their place on the screen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.policy.exact import EXACT
from app.policy.terms import Grade
from app.policy.yamls import YamlError, load
from app.reports.basis import BASES, on_basis
from app.reports.catalogue import WORDED, CatalogueError, Form, Question
from app.reports.reading import Answers, Examined, read, rows_of
from app.reports.terms import ANNUAL
from app.units import Unit, from_yuan


@dataclass(frozen=True, slots=True)
class Line:
    """`of`: codes, added up; `figure`: on a basis of its own; `firm`: "name" or "uscc"; none: nobody knows."""

    label: str
    of: tuple[str, ...] = ()
    figure: str = ""
    deep: int = 0
    firm: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    title: str
    lines: tuple[Line, ...]
    group: str = ""
    years: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    sheet: str
    version: int
    title: str
    doc: str
    grade: Grade
    unit: Unit
    note: str
    blocks: tuple[Block, ...]
    form: str = ANNUAL


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is what is pasted; `known` is false where the house does not ask for it."""

    value: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class CopiedLine:
    label: str
    unit: str
    deep: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class CopiedBlock:
    """One line a question and one cell a year; or, of a group, one cell a row."""

    title: str
    heads: Sequence[str]
    lines: Sequence[CopiedLine]
    empty: bool = False


@lru_cache(maxsize=4)
def read_layouts(folder: Path) -> Mapping[str, Layout]:
    """The newest version of each sheet, in the order of their names. Raises CatalogueError."""
    found: dict[str, Layout] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            layout = _layout(load(path.read_text("utf-8"))[1])
        except (OSError, UnicodeDecodeError, YamlError, KeyError, TypeError, ValueError) as error:
            raise CatalogueError(f"誊抄单 {path.name} 读不懂：{error}") from error
        if layout.sheet not in found or found[layout.sheet].version < layout.version:
            found[layout.sheet] = layout
    return found


def _layout(body: Mapping[str, Any]) -> Layout:
    blocks = tuple(
        Block(b["title"], tuple(_line(line) for line in b["lines"]), b.get("group", ""), int(b.get("years", 1)))
        for b in body["blocks"]
    )
    named = {name: body[name] for name in ("title", "doc", "note")}
    return Layout(
        body["sheet"],
        int(body["version"]),
        **named,
        grade=Grade(body["grade"]),
        unit=Unit(body["unit"]),
        blocks=blocks,
        form=body.get("form", ANNUAL),
    )


def _line(body: Mapping[str, Any]) -> Line:
    of, figure, firm = body.get("of", ()), body.get("figure", ""), body.get("firm", "")
    if (figure and figure not in BASES) or firm not in ("", "name", "uscc"):
        raise ValueError(figure or firm)
    return Line(body["label"], (of,) if isinstance(of, str) else tuple(of), figure, int(body.get("deep", 0)), firm)


def unknown_codes(layout: Layout, form: Form) -> list[str]:
    """Codes that the form does not ask for, or not where the layout looks for them."""
    found = []
    for block in layout.blocks:
        section = form.section(block.group) if block.group else None
        known = {q.code for q in section.questions} if section else set(form.questions) if not block.group else set()
        found += [code for line in block.lines for code in line.of if code not in known]
    return found


def copied(
    layout: Layout,
    form: Form,
    answers: Mapping[str, Answers],
    found: Examined,
    earlier: Mapping[int, Mapping[str, Decimal]],
    firm: Mapping[str, str],
) -> list[CopiedBlock]:
    """`earlier`: the figures of one and two years before, by how many years before; `firm`: its "name" and "uscc"."""
    now = {code: v.number for code, v in found.values.items() if v.number is not None}
    figures = {0: now, **earlier}
    words = {code: v.text for code, v in found.values.items() if not v.fault} | dict(firm)
    return [
        _rows(block, form, answers, layout.unit) if block.group else _once(block, form, figures, words, layout.unit)
        for block in layout.blocks
    ]


def _once(
    block: Block, form: Form, figures: Mapping[int, Mapping[str, Decimal]], words: Mapping[str, str], unit: Unit
) -> CopiedBlock:
    lines = []
    for line in block.lines:
        if text := line.firm or next((code for code in line.of if form.questions[code].kind in WORDED), ""):
            lines.append(CopiedLine(line.label, "", line.deep, [Cell(words.get(text, ""))]))
            continue
        question = form.questions.get(line.of[0]) if line.of else None
        money = bool(line.figure) or (question is not None and question.money)
        known = bool(line.of or line.figure)
        numbers = (_number(line, figures.get(back, {})) for back in range(block.years))
        cells = [Cell(_shown(number, money, unit), known) for number in numbers]
        word = unit.label if money else question.unit if question else ""
        lines.append(CopiedLine(line.label, word, line.deep, cells))
    return CopiedBlock(block.title, [str(-back) for back in range(block.years)], lines)


def _shown(number: Decimal | None, money: bool, unit: Unit) -> str:
    if number is None:
        return ""
    return f"{from_yuan(number, unit):f}" if money else f"{number:f}"


def _number(line: Line, figures: Mapping[str, Decimal]) -> Decimal | None:
    """Nothing where a part of it is not known: a sum of what happens to be there would be a wrong figure."""
    if line.figure:
        return on_basis(line.figure, figures)
    numbers = [figures.get(code) for code in line.of]
    known = [number for number in numbers if number is not None]
    return EXACT.create_decimal(sum(known)) if numbers and len(known) == len(numbers) else None


def _rows(block: Block, form: Form, answers: Mapping[str, Answers], unit: Unit) -> CopiedBlock:
    section = form.section(block.group)
    rows = rows_of(answers.get(block.group, {})) if section else []
    questions = {q.code: q for q in section.questions} if section else {}
    heads = [f"{section.group}{n + 1:02d}" for n in range(len(rows))] if section else []
    lines = []
    for line in block.lines:
        question = questions.get(line.of[0]) if line.of else None
        if question is None:
            lines.append(CopiedLine(line.label, "", line.deep, [Cell("", known=False)] * len(rows)))
            continue
        cells = [Cell(_said(question, row, unit)) for row in rows]
        lines.append(CopiedLine(line.label, unit.label if question.money else question.unit, line.deep, cells))
    return CopiedBlock(block.title, heads, lines, empty=not rows)


def _said(question: Question, row: Mapping[str, Sequence[str]], unit: Unit) -> str:
    value = read(question, row.get(question.code))
    if value.fault:
        return ""
    return value.text if question.kind in WORDED else _shown(value.number, question.money, unit)

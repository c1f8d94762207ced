"""The catalogue of indicators, and forms as selections of it: read whole from the seeds, or refused with a sentence.

A form's version is kept with everything it asks, so that whoever began under it ends under it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from app.labels import Labelled
from app.policy.terms import Grade
from app.policy.yamls import YamlError, load
from app.reports.basis import BASES
from app.units import Unit


class Kind(Labelled):
    AMOUNT = "amount", "金额"
    SIGNED = "signed", "金额，可为负"
    COUNT = "count", "计数"
    NUMBER = "number", "数量"
    TEXT = "text", "文字"
    DATE = "date", "日期"
    CHOICE = "choice", "选一项"
    SUM = "sum", "自动合计"


class Level(Labelled):
    HARD = "hard", "不符不能提交"
    SOFT = "soft", "请写说明"


class Owing(Labelled):
    EVERY_FIRM = "every_firm", "每家企业"
    HNTE_HOLDER = "hnte_holder", "年末高新技术企业证书有效的企业"
    TENANT = "tenant", "当年在孵化器里的企业"


MONEY = frozenset({Kind.AMOUNT, Kind.SIGNED, Kind.SUM})
WORDED = frozenset({Kind.TEXT, Kind.DATE, Kind.CHOICE})
_CHECKS = frozenset({"at_most", "at_least", "equals", "change", "not_before", "needed_if"})
Body = Mapping[str, Any]


class CatalogueError(Exception):
    """What is wrong with a catalogue or a form, for whoever writes them."""


@dataclass(frozen=True, slots=True)
class Check:
    """`of`: codes asked once; of a section with rows, all its rows' sum; between questions of a row, the same row's."""

    kind: str
    level: Level
    of: tuple[str, ...] = ()
    ratio: Decimal = Decimal(0)
    says: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    code: str
    label: str
    kind: Kind
    unit: str = ""
    help: str = ""
    source: str = ""
    grade: str = ""
    optional: bool = False
    policy: bool = False
    of: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()
    basis: str = ""  # worked out from the lines of the R&D expense, and must agree with them
    like: str = ""  # begun with another's figure, from which it may differ
    spoken: Unit = Unit.WAN_YUAN  # the unit of an amount that nobody has chosen one for

    @property
    def money(self) -> bool:
        return self.kind in MONEY


@dataclass(frozen=True, slots=True)
class Section:
    """`group` begins the numbers of its rows (RD01); empty for a section that is asked once."""

    code: str
    title: str
    questions: tuple[Question, ...]
    hint: str = ""
    group: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """`mark` tells its receipts from another form's of the same year."""

    code: str
    version: int
    title: str
    sections: tuple[Section, ...]
    mark: str = ""
    owed_by: Owing = Owing.EVERY_FIRM

    def section(self, code: str) -> Section | None:
        return next((s for s in self.sections if s.code == code), None)

    @property
    def questions(self) -> Mapping[str, Question]:
        """Those asked once, by code."""
        return {q.code: q for s in self.sections if not s.group for q in s.questions}


def read_forms(folder: Path) -> list[Body]:
    """Bodies of the forms beside the catalogue, complete and checked. Raises CatalogueError."""
    if not (folder / "indicators.yaml").is_file():
        return []
    catalogue = _yaml(folder / "indicators.yaml")
    known = {one["code"]: one for one in catalogue["indicators"]}
    if len(known) != len(catalogue["indicators"]):
        raise CatalogueError("指标目录里有两个指标用同一个代码。")
    bodies = []
    for path in sorted((folder / "forms").glob("*.yaml")):
        body = _complete(_yaml(path), known, catalogue["documents"])
        form_of(body)
        bodies.append(body)
    return bodies


def _yaml(path: Path) -> Any:
    try:
        return load(path.read_text("utf-8"))[1]
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise CatalogueError(f"{path.name} 读不懂：{error}") from error


def _complete(form: Body, known: Mapping[str, Body], documents: Mapping[str, Body]) -> Body:
    """With all that each question says of itself; a check with what this form does not ask is none of this form's."""
    asked = {code for section in form["sections"] for code in section["questions"]}

    def full(code: str) -> Body:
        if code not in known:
            raise CatalogueError(f"表单 {form['form']} 里的 {code} 不在指标目录里。")
        one = dict(known[code])
        document = documents.get(one.pop("source", ""))
        if document is None:
            raise CatalogueError(f"指标 {code} 没有写明来源。")
        if strange := {other for check in one.get("checks", ()) for other in check.get("of", ())} - known.keys():
            raise CatalogueError(f"指标 {code} 核对的 {'、'.join(sorted(strange))} 不在指标目录里。")
        checks = [check for check in one.pop("checks", ()) if asked.issuperset(check.get("of", ()))]
        if checks:
            one["checks"] = checks
        article = one.pop("article", "")
        return {**one, "source": f"{document['doc']} {article}".strip(), "grade": document["grade"]}

    sections = [{**s, "questions": [full(code) for code in s["questions"]]} for s in form["sections"]]
    return {**form, "sections": sections}


def form_of(body: Body) -> Form:
    """Raises CatalogueError."""
    try:
        spoken = Unit(body.get("unit", Unit.WAN_YUAN.value))
        sections = tuple(_section(s, spoken) for s in body["sections"])
        owing = Owing(body.get("owed_by", Owing.EVERY_FIRM.value))
        form = Form(body["form"], int(body["version"]), body["title"], sections, body.get("mark", ""), owing)
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise CatalogueError(f"表单缺少内容或写错了：{error}") from error
    _must_hang_together(form)
    return form


def _section(body: Body, spoken: Unit) -> Section:
    questions = tuple(_question(q, spoken) for q in body["questions"])
    group = body.get("group", "")
    return Section(body["code"], body["title"], questions, body.get("hint", ""), group, int(body.get("most", 0)))


def _question(body: Body, spoken: Unit) -> Question:
    kind = Kind(body["type"])
    if (basis := body.get("basis", "")) and basis not in BASES:
        raise ValueError(basis)
    return Question(
        code=body["code"],
        label=body["label"],
        kind=kind,
        unit=body.get("unit", "元" if kind in MONEY else ""),
        help=body.get("help", ""),
        source=body["source"],
        grade=Grade(body["grade"]).value,
        optional=bool(body.get("optional")),
        policy=bool(body.get("policy")),
        of=tuple(body.get("of", ())),
        options=tuple(body.get("options", {}).items()),
        checks=tuple(_check(c) for c in body.get("checks", ())),
        basis=basis,
        like=body.get("like", ""),
        spoken=spoken,
    )


def _check(body: Body) -> Check:
    if body["kind"] not in _CHECKS:
        raise ValueError(body["kind"])
    ratio = Decimal(body.get("ratio", 0))
    of, says, when = tuple(body.get("of", ())), body.get("says", ""), body.get("when", "")
    return Check(body["kind"], Level(body["level"]), of, ratio, says, when)


def _must_hang_together(form: Form) -> None:
    codes = [q.code for s in form.sections for q in s.questions]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise CatalogueError(f"表单里重复了：{'、'.join(sorted(twice))}。")
    asked = form.questions
    for section in form.sections:
        beside = {q.code for q in section.questions} if section.group else set(codes)
        for question in section.questions:
            used = {*(code for check in question.checks for code in check.of)}
            if strange := (set(question.of) - asked.keys()) | (used - beside):
                raise CatalogueError(
                    f"{question.code} 用到的 {'、'.join(sorted(strange))} 不在表单里，或不在同一条里。"
                )
            softly = [check.kind for check in question.checks if check.level is Level.SOFT]
            if section.group and softly:
                raise CatalogueError(f"{question.code} 分条填，写不下说明：只能有硬性核对。")
            if len(set(softly)) < len(softly):
                raise CatalogueError(f"{question.code} 有两条同样的软性核对，说明会写在一处。")

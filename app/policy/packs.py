"""Policy packs: policies as data, one file a policy, its versions with their sources and worked examples.

A pack that cannot be read is refused at the door with file, line and reason; it never reaches a firm.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import app.policy.measures  # noqa: F401 - enters the measures that a pack is checked against
from app.policy.criteria import BaseCriterion
from app.policy.criteria.base import AnyCriterion
from app.policy.criteria.scoring import SumOfScores
from app.policy.faults import reason
from app.policy.registry import MEASURES
from app.policy.soundness import faults_of_bounds
from app.policy.sources import Source, faults_of_sources
from app.policy.terms import LOCAL_DEFAULT, Case, Outcome
from app.policy.yamls import YamlError, load

Subject = Literal["firm", "carrier"]
_RATES, _HIGHEST_RATE = ("rate", "enhanced_rate", "manufacturing_rate", "tech_sme_rate"), Decimal(2)


class PackError(Exception):
    """One sentence: file, line, reason."""


class Example(BaseModel):
    """A worked case that goes with a version and must come out as written before it is published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    as_of: date
    case: Case = Case.NEW
    facts: dict[str, Any]
    outcome: Outcome | None = None
    criteria: dict[str, Outcome] = {}
    score: tuple[int, int] | None = None
    items: dict[str, tuple[int, int]] = {}  # points of single lines of the score sheet
    amounts: dict[str, str] = {}  # of a deduction, as printed
    source: str = ""


class DeductionRules(BaseModel):
    """`rate` on top of the expense itself; `excluded` by the beginning of the industry code (财税〔2015〕119号)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: Decimal
    enhanced_rate: Decimal | None = None  # 集成电路和工业母机, 公告2023年第44号
    manufacturing_rate: Decimal | None = None  # industry codes of 制造业, 公告2021年第13号
    tech_sme_rate: Decimal | None = None  # 科技型中小企业, 财税〔2017〕34号, 公告2022年第16号
    excluded: tuple[str, ...] = ()
    pooled: bool = True  # 其他相关费用的限额 over all projects together, since 公告2021年第28号
    overseas: bool = True  # work outsourced abroad counts at all, since 财税〔2018〕64号
    note: str = ""  # what a person must still check


class Version(BaseModel):
    """One text of a policy. `effective_to` is the last day; `cases` empty means every case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(min_length=1)
    document: str = Field(min_length=1)
    effective_from: date
    effective_to: date | None = None
    cases: tuple[Case, ...] = ()
    region: str = ""
    label: str = ""
    source: Source
    note: str = ""
    criteria: tuple[AnyCriterion, ...] = ()
    either: tuple[tuple[str, ...], ...] = ()  # criteria of which one is enough for the whole
    deduction: DeductionRules | None = None
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to 早于 effective_from。")
        if bool(self.criteria) == (self.deduction is not None):
            raise ValueError("写 criteria 或 deduction，二者取一。")
        codes = [criterion.code for criterion in self.criteria]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"条件代码重复：{'、'.join(twice)}。")
        if unknown := {code for group in self.either for code in group} - set(codes):
            raise ValueError(f"either 里没有这样的条件：{'、'.join(sorted(unknown))}。")
        if unknown := {name for criterion in self.criteria for name in _measures(criterion)} - set(MEASURES):
            raise ValueError(f"没有这样的度量：{'、'.join(sorted(unknown))}。")
        if sum(isinstance(criterion, SumOfScores) for criterion in self.criteria) > 1:
            raise ValueError("一个版本只能有一张评分表。")
        return self

    @property
    def official(self) -> bool:
        return self.label != LOCAL_DEFAULT

    def in_force(self, day: date, case: Case) -> bool:
        begun = self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)
        return begun and (not self.cases or case in self.cases)


def _measures(criterion: BaseCriterion) -> Sequence[str]:
    return [*criterion.measures(), *(name for part in criterion.parts_of() for name in _measures(part))]


class Pack(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    subject: Subject = "firm"
    versions: tuple[Version, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_text_at_a_time(self) -> Self:
        """Two versions never answer for the same day and case."""
        for place, one in enumerate(self.versions):
            for other in self.versions[place + 1 :]:
                shared = not one.cases or not other.cases or set(one.cases) & set(other.cases)
                apart = _ends_before(one, other) or _ends_before(other, one)
                if shared and not apart and one.region == other.region:
                    raise ValueError(f"版本 {one.version} 与 {other.version} 的有效期重叠。")
        return self

    def version_on(self, day: date, case: Case) -> Version | None:
        for version in self.versions:
            if version.in_force(day, case):
                return version
        return None


def _ends_before(one: Version, other: Version) -> bool:
    return one.effective_to is not None and one.effective_to < other.effective_from


Packs = Mapping[str, Pack]


def read_packs(folder: Path) -> dict[str, Pack]:
    """Every `*.yaml` of a folder. Raises PackError for the first that cannot be used."""
    packs: dict[str, Pack] = {}
    for file in sorted(folder.glob("*.yaml")):
        pack = read_pack(file.read_text("utf-8"), file.name)
        if pack.policy in packs:
            raise PackError(f"{file.name}：政策 {pack.policy} 已在另一个文件里。")
        packs[pack.policy] = pack
    if not packs:
        raise PackError(f"{folder} 里没有政策文件。")
    return packs


def read_pack(text: str, name: str) -> Pack:
    try:
        node, data = load(text)
    except YamlError as error:
        where = f" 第 {error.line} 行" if error.line else ""
        raise PackError(f"{name}{where}：{error.sentence}") from error
    try:
        pack = Pack.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise _wrong(name, node, fault["loc"], reason(fault)) from error
    for n, version in enumerate(pack.versions):
        for path, sentence in faults_at_the_door(version).items():
            raise _wrong(name, node, ("versions", n, *_steps(path)), sentence)
    return pack


def faults_at_the_door(version: Version) -> dict[str, str]:
    """What the models let through and no text may have, by the field's path."""
    faults = faults_of_sources(version.source, version.criteria) | dict(faults_of_bounds(version.criteria))
    for name in _RATES if version.deduction else ():
        rate = getattr(version.deduction, name)
        if rate is not None and not 0 <= rate <= _HIGHEST_RATE:
            faults[f"deduction.{name}"] = "加计比例应在 0 到 200% 之间。"
    return faults


def _wrong(name: str, node: Any, steps: Sequence[Any], sentence: str) -> PackError:
    where = f"（{'.'.join(str(step) for step in steps)}）" if steps else ""
    return PackError(f"{name} 第 {_line(node, steps)} 行{where}：{sentence}")


def _steps(path: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in path.split(".")]


def _line(node: Any, steps: Sequence[Any]) -> int:
    """The line of the deepest place on the way that the file has."""
    line: int = node.start_mark.line + 1 if node is not None else 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        if node is None:
            break
        line = node.start_mark.line + 1
    return line

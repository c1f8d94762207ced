"""What a source must carry before anybody relies on it: a grade of the list, and a confirmation that can be followed.

Held to where a text comes in, not where it is read back: what was kept before stays readable, and is not confirmed.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from app.policy.criteria import BaseCriterion
from app.policy.field_words import GRADES
from app.policy.terms import Grade, grade_of
from app.text import DateError, parse_date

_WHO_AND_WHEN = re.compile(r"(?P<who>.*\S)[\s，,]+(?P<day>\d{4}-\d{2}-\d{2})", re.ASCII)
_OFFICIAL_HOSTS = (".gov.cn",)


class Source(BaseModel):
    """Where a version's numbers were read, how far that can be trusted, and who has confirmed it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grade: str
    url: str = ""
    confirmed_by: str = ""
    note: str = ""

    @property
    def confirmed(self) -> bool:
        """A name beside a lesser grade, or without a page to follow it to, confirms nothing."""
        return bool(self.confirmed_by) and not any(_of_source(self))


def faults_of_sources(source: Source, criteria: Sequence[BaseCriterion]) -> dict[str, str]:
    """A sentence by the path of the field."""
    return dict([*_of_source(source), *_of_conditions(criteria, "criteria")])


def _of_source(source: Source) -> Iterator[tuple[str, str]]:
    if grade_of(source.grade) is None:
        yield "source.grade", _unknown(source.grade)
    if source.url and not _official_page(source.url):
        yield "source.url", "官方页面的地址应在政府网站（以 .gov.cn 结尾）；在转载处读到的不填地址。"
    if not source.confirmed_by:
        return
    if grade_of(source.grade) is not Grade.OFFICIAL:
        yield "source.confirmed_by", "填了核对人，来源等级就要是官方页面（O）；没有对照官方页面核对过的，核对人不填。"
    elif not _names_a_person_and_a_day(source.confirmed_by):
        yield "source.confirmed_by", "写明谁、在哪一天核对的，如 王五 2027-03-01。"
    if not source.url:
        yield "source.url", "核对过的来源要写官方页面的地址。"


def _of_conditions(criteria: Sequence[BaseCriterion], above: str) -> Iterator[tuple[str, str]]:
    for n, criterion in enumerate(criteria):
        if criterion.grade and grade_of(criterion.grade) is None:
            yield f"{above}.{n}.grade", _unknown(criterion.grade)
        yield from _of_conditions(criterion.parts_of(), f"{above}.{n}.criteria")


def _unknown(grade: str) -> str:
    return f"没有“{grade[:20]}”这个来源等级，可用的有：{'、'.join(GRADES)}。"


def _names_a_person_and_a_day(said: str) -> bool:
    found = _WHO_AND_WHEN.fullmatch(said.strip())
    if found is None:
        return False
    try:
        parse_date(found["day"])
    except DateError:
        return False
    return True


def _official_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and host.endswith(_OFFICIAL_HOSTS)

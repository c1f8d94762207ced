"""What a firm holds, is, or has had happen to it: certificates, lists, awards, flags, events."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.policy.context import Context, Lack, shown, years_on
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.exact import Quotient
from app.policy.facts import CertificateFact
from app.policy.figures import EVENTS, FLAGS
from app.policy.terms import MANUAL, MET, NOT_MET, UNKNOWN, Outcome
from app.policy.wording import path_label


class CertificateInForce(BaseCriterion):
    """One of the kinds, in force on the day. `of_year`: the number was given out in that year (0: the current one)."""

    kind: Literal["certificate"]
    known_as: ClassVar[str] = "certificate"
    certificates: tuple[str, ...] = Field(min_length=1)
    absent: bool = False  # asks that none is in force
    noun: str = "证书"
    otherwise: Literal["not_met", "manual"] = "not_met"  # what it means that none is; the hint says what to look at

    def examine(self, ctx: Context) -> Finding:
        try:
            held = ctx.once("in force", 0, _in_force)
        except Lack as lack:
            return Finding(self, UNKNOWN, lack=lack.paths)
        for kind in self.certificates:
            if kind in held:
                return Finding(self, NOT_MET if self.absent else MET)
        return Finding(self, MET if self.absent else Outcome(self.otherwise))

    def says(self, finding: Finding, ctx: Context) -> str:
        held = ctx.once("in force", 0, _in_force)
        current = next((held[kind] for kind in self.certificates if kind in held), None)
        if current:
            return f"{self.noun} {current.number} 有效期至 {current.expires_on}。"
        if self.absent:
            return ""
        return self._lapsed([c for c in ctx.facts.certificates if c.kind in self.certificates], ctx.as_of) + self.hint

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return [
            (f"certificates.{place}", f"{c.number}，{c.issued_on} 至 {c.expires_on}")
            for place, c in enumerate(ctx.facts.certificates)
            if c.kind in self.certificates
        ]

    def _lapsed(self, held: list[CertificateFact], as_of: date) -> str:
        last = max(held, key=lambda c: c.expires_on, default=None)
        if last is None:
            return f"没有登记过{self.noun}；登记证书编号和发证日期后，{as_of} 有效即可通过。"
        if last.issued_on > as_of:
            return f"{self.noun} {last.number} 发证日期 {last.issued_on}，晚于 {as_of}。"
        ended = last.revoked_on if last.revoked_on and last.revoked_on <= as_of else last.expires_on
        return f"{self.noun} {last.number} 已于 {ended} 失效，{as_of} 没有有效的{self.noun}。"


def _in_force(ctx: Context) -> dict[str, CertificateFact]:
    """Of each kind the one that holds longest."""
    held: dict[str, CertificateFact] = {}
    for one in ctx.need("certificates")[0]:
        other = held.get(one.kind)
        if one.in_force(ctx.as_of) and (other is None or one.expires_on > other.expires_on):
            held[one.kind] = one
    return held


class Listed(BaseCriterion):
    """A code within a list, or outside one, by whole value or by prefix."""

    kind: Literal["listed"]
    known_as: ClassVar[str] = "listed"
    fact: Literal["status", "region_code", "industry_code", "high_tech_field", "size_class"]
    one_of: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    not_starting_with: tuple[str, ...] = ()
    otherwise: Literal["not_met", "manual"] = "not_met"  # what being outside the list means

    @model_validator(mode="after")
    def _has_a_list(self) -> Self:
        if sum(map(bool, (self.one_of, self.starts_with, self.not_starting_with))) != 1:
            raise ValueError("one_of、starts_with、not_starting_with 写且只写一个。")
        return self

    def examine(self, ctx: Context) -> Finding:
        try:
            (value,) = ctx.need(self.fact)
        except Lack as lack:
            return Finding(self, UNKNOWN, lack=lack.paths)
        if self.one_of:
            inside = value in self.one_of
        elif self.starts_with:
            inside = value.startswith(self.starts_with)
        else:
            inside = not value.startswith(self.not_starting_with)
        return Finding(self, MET) if inside else Finding(self, Outcome(self.otherwise), why=self.hint)

    def required(self, finding: Finding | None = None) -> str:
        if self.one_of:
            return "in " + ", ".join(self.one_of)
        if self.starts_with:
            return "starts with " + ", ".join(self.starts_with)
        return "not starting with " + ", ".join(self.not_starting_with)

    def asks(self, finding: Finding | None = None) -> str:
        return self.title

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return [(self.fact, shown(ctx.values[self.fact]))] if self.fact in ctx.values else []


LONGEST_YEARS = 100  # a period that reaches back before the calendar would break on the first firm that has the event


class Counted(BaseCriterion):
    """Awards, standards, institutions of certain levels, within some years, up to some rank; at least so many."""

    kind: Literal["counted"]
    known_as: ClassVar[str] = "counted"
    fact: Literal["standards_led", "science_awards", "rd_institutions", "platforms", "competition_awards"]
    levels: tuple[str, ...] = ()
    within_years: int | None = Field(default=None, ge=1, le=LONGEST_YEARS)
    max_rank: int | None = Field(default=None, ge=1)
    at_least: int = Field(default=1, ge=1)

    def examine(self, ctx: Context) -> Finding:
        try:
            (entries,) = ctx.need(self.fact)
        except Lack as lack:
            return Finding(self, UNKNOWN, lack=lack.paths)
        sure, unsure = 0, []
        for place, entry in enumerate(entries):
            lacking = self._lacking(entry)
            if self._counts(entry, ctx.as_of):
                sure += not lacking
                unsure += [f"{self.fact}.{place}.{name}" for name in lacking]
        if sure >= self.at_least:
            return Finding(self, MET, value=Quotient(Decimal(sure)))
        if unsure:
            return Finding(self, UNKNOWN, lack=tuple(unsure))
        return Finding(self, NOT_MET, why=self.hint)

    def says(self, finding: Finding, ctx: Context) -> str:
        return f"已有 {finding.value.shown()} 项。" if finding.value else finding.why

    def _lacking(self, entry: Any) -> list[str]:
        wanted = {"on": self.within_years, "rank": self.max_rank}
        return [name for name, limit in wanted.items() if limit and getattr(entry, name) is None]

    def _counts(self, entry: Any, as_of: date) -> bool:
        """Whether it counts, giving what is not known the benefit until it is asked for."""
        if self.levels and entry.level not in self.levels:
            return False
        if entry.on is not None and entry.on > as_of:
            return False
        if self.within_years and entry.on is not None and entry.on < years_on(as_of, -self.within_years):
            return False
        return not (self.max_rank and entry.rank is not None and entry.rank > self.max_rank)

    def required(self, finding: Finding | None = None) -> str:
        return f">= {self.at_least}"

    def asks(self, finding: Finding | None = None) -> str:
        return f"至少 {self.at_least} 项"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return [(self.fact, shown(ctx.values[self.fact]))] if self.fact in ctx.values else []


class Flags(BaseCriterion):
    """Yes-or-no facts that must all have the value `want`; a veto wants False."""

    kind: Literal["flags"]
    known_as: ClassVar[str] = "flags"
    flags: tuple[str, ...] = Field(min_length=1)
    want: bool
    unstated: Literal["unknown", "manual"] = "unknown"  # what it means that nobody has said so

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := [flag for flag in self.flags if flag not in FLAGS]:
            raise ValueError(f"没有这样的事实：{'、'.join(unknown)}。")
        return self

    def examine(self, ctx: Context) -> Finding:
        values, lack, against = ctx.values, [], False
        for flag in self.flags:
            value = values.get(flag)
            if value is None:
                lack.append(flag)
            elif value is not self.want:
                against = True
        if against:
            return Finding(self, NOT_MET)
        if not lack:
            return Finding(self, MET)
        if self.unstated == "manual":
            return Finding(self, MANUAL)
        return Finding(self, UNKNOWN, lack=tuple(lack))

    def says(self, finding: Finding, ctx: Context) -> str:
        if finding.outcome is not NOT_MET:
            return self.hint if finding.outcome is MANUAL else ""
        told = "、".join(path_label(flag) for flag in self.flags if ctx.values.get(flag) is (not self.want))
        return self.hint or (f"资料里记的是“否”：{told}。" if self.want else f"{told}。")

    def asks(self, finding: Finding | None = None) -> str:
        return self._worded

    @cached_property
    def _worded(self) -> str:
        return ("均为是：" if self.want else "均为否：") + "、".join(path_label(flag) for flag in self.flags)

    def required(self, finding: Finding | None = None) -> str:
        return f"{', '.join(self.flags)} = {str(self.want).lower()}"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return [(flag, shown(ctx.values[flag])) for flag in self.flags if flag in ctx.values]


class NoEvent(BaseCriterion):
    """None of the events in a period that ends with the day: the last `days`, or since 1 January `years_back` ago."""

    kind: Literal["no_event"]
    known_as: ClassVar[str] = "no_event"
    events: tuple[str, ...] = Field(min_length=1)
    days: int | None = Field(default=None, ge=1, le=LONGEST_YEARS * 366)
    years: int | None = Field(default=None, ge=1, le=LONGEST_YEARS)
    years_back: int | None = Field(default=None, ge=0, le=LONGEST_YEARS)

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if sum(period is not None for period in (self.days, self.years, self.years_back)) != 1:
            raise ValueError("days、years、years_back 写且只写一个。")
        if unknown := [event for event in self.events if event not in EVENTS]:
            raise ValueError(f"没有这样的事实：{'、'.join(unknown)}。")
        return self

    def begins(self, as_of: date) -> date:
        """The first day of the period; it belongs to it."""
        if self.days is not None:
            return as_of - timedelta(days=self.days)
        if self.years is not None:
            return years_on(as_of, -self.years)
        return date(as_of.year - (self.years_back or 0), 1, 1)

    def examine(self, ctx: Context) -> Finding:
        if any(ctx.values.get(event) is not None for event in self.events) and self._happened(ctx):
            return Finding(self, NOT_MET)
        lack = tuple([event for event in self.events if event not in ctx.values])
        return Finding(self, UNKNOWN, lack=lack) if lack else Finding(self, MET)

    def _happened(self, ctx: Context) -> list[tuple[str, date]]:
        first = self.begins(ctx.as_of)
        days = ((event, ctx.values.get(event)) for event in self.events)
        return [(event, on) for event, on in days if on is not None and first <= on <= ctx.as_of]

    def says(self, finding: Finding, ctx: Context) -> str:
        if finding.outcome is not NOT_MET:
            return ""
        return "；".join(f"{on} 有{path_label(event)}" for event, on in self._happened(ctx)) + "。"

    def required(self, finding: Finding | None = None) -> str:
        return f"none of {', '.join(self.events)}"

    def asks(self, finding: Finding | None = None) -> str:
        return self._worded

    @cached_property
    def _worded(self) -> str:
        if self.days is not None:
            period = f"此前 {self.days} 天内"
        else:
            period = f"此前 {self.years} 年内" if self.years is not None else f"自 {self.years_back} 年前的 1 月 1 日起"
        if self.years_back is not None:
            period = {0: "当年", 1: "上一年和当年"}.get(self.years_back, period)
        return f"{period}没有" + "、".join(path_label(event) for event in self.events)

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return [(event, shown(ctx.values[event])) for event in self.events if event in ctx.values]

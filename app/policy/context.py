"""A firm on a day, as the criteria see it: facts by path, measures computed once, and why one cannot be had."""

from collections.abc import Hashable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, Self

from app.policy.exact import Quotient
from app.policy.facts import Facts
from app.policy.registry import MEASURES, Compute
from app.policy.terms import Case


class Unknowable(Exception):
    """Why a measure has no value."""

    def kept(self) -> Self:
        """What has been raised holds its frames and they the context that keeps it: a ring with a firm's facts in it,
        which only the collector would open. Kept, it lets go of them."""
        self.__traceback__ = self.__context__ = None
        return self


class Lack(Unknowable):
    """Facts that are not known, by path."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)


class Unregulated(Unknowable):
    """The facts are known, and the text does not say what they mean: a person judges."""

    def __init__(self, why: str) -> None:
        self.why = why


class TooYoung(Unregulated):
    """Years are asked for in which the firm did not exist yet: no report will ever bring them."""


class Value(Protocol):
    """A measure's value: knows its side of a limit exactly, and how to be shown."""

    def against(self, limit: Decimal) -> int: ...
    def shown(self, *limits: Decimal) -> str: ...


class Between(NamedTuple):
    """A count of which only the ends are known: some of what is there does not say whether it counts."""

    least: Quotient
    most: Quotient | None  # None: there may be any number more
    lack: tuple[str, ...]

    def ends(self, limit: Decimal) -> tuple[int, int]:
        return self.least.against(limit), 1 if self.most is None else self.most.against(limit)

    def against(self, limit: Decimal) -> int:
        """Raises Lack where what is not known would decide."""
        low, high = self.ends(limit)
        if low != high:
            raise Lack(self.lack)
        return low

    def shown(self, *limits: Decimal) -> str:
        return self.least.shown(*limits)


class Context:
    """`year` is the latest closed accounting year, the 近一年 of 国科发火〔2016〕195号 三(一)."""

    __slots__ = (
        "_asked",
        "_computed",
        "_read",
        "_shared",
        "as_of",
        "brief",
        "case",
        "facts",
        "in_full",
        "today",
        "values",
        "year",
    )

    def __init__(
        self,
        facts: Facts,
        as_of: date,
        case: Case = Case.NEW,
        *,
        today: date | None = None,
        brief: bool = False,
        in_full: bool = False,
    ) -> None:
        self.facts, self.values, self.as_of, self.case = facts, facts.values, as_of, case
        self.today = today or as_of  # which years are over, when a future day is asked about
        self.year = as_of.year - 1
        self.brief = brief  # one alternative that is met is enough: for an outcome, not for telling it
        self.in_full = in_full  # what is judged will be told: what each measure reads is noted while it is computed
        self._computed: dict[str, Value | Unknowable] = {}
        self._shared: dict[tuple[str, Hashable], Any] = {}
        self._asked: list[str] | None = None
        self._read: dict[str, list[tuple[str, str]]] = {}

    def need(self, *paths: str) -> list[Any]:
        """The facts at these paths. Raises Lack with all that are missing, not only the first."""
        values = self.values
        if self._asked is not None:
            self._asked += paths
        try:
            return [values[path] for path in paths]
        except KeyError:
            missing = [path for path in paths if path not in values]
            # What can be filled in is asked for first, and never for a year before the firm's own.
            if owed := [path for path in missing if not self._before_its_time(path)]:
                raise Lack(owed) from None
            year = min(path[6:10] for path in missing)
            raise TooYoung(f"{values['registered_on']} 才成立，没有 {year} 年的数据。") from None

    def before_founding(self, year: int) -> bool:
        """The latest closed year is only not in yet, whenever the firm was registered."""
        registered = self.values.get("registered_on")
        return registered is not None and year < min(registered.year, self.year)

    def _before_its_time(self, path: str) -> bool:
        return path.startswith("years.") and self.before_founding(int(path[6:10]))

    def known(self, path: str) -> Any:
        """The fact, or None where nothing is known or nothing is there."""
        if self._asked is not None and path in self.values:
            self._asked.append(path)
        return self.values.get(path)

    def found(self, name: str) -> "Value | Unknowable":
        """The measure's value, or why there is none; computed once."""
        found = self._computed.get(name)
        if found is None:
            found = self._computed[name] = self._noted(name) if self.in_full else self._compute(name)
        return found

    def _compute(self, name: str) -> "Value | Unknowable":
        try:
            return MEASURES[name].compute(self)  # type: ignore[no-any-return]
        except Unknowable as failed:
            return failed.kept()

    def _noted(self, name: str) -> "Value | Unknowable":
        asked: list[str] = []
        self._asked = asked
        found = self._compute(name)
        self._asked = None
        self._read[name] = [(path, shown(self.values[path])) for path in dict.fromkeys(asked) if path in self.values]
        return found

    def measure(self, name: str) -> Value:
        """Raises Lack or Unregulated."""
        found = self.found(name)
        if isinstance(found, Unknowable):
            raise found.kept()
        return found

    def once(self, what: str, of: Hashable, compute: Compute) -> Any:
        """A part that several measures are made of, computed once; what it lacks is found out each time."""
        found = self._shared.get((what, of))
        if found is None or self._asked is not None:
            found = self._shared[what, of] = compute(self)
        return found

    def inputs_of(self, name: str) -> list[tuple[str, str]]:
        """The facts that a measure reads here, with their values, in the order it reads them."""
        if name not in self._read:
            self._noted(name)
        return self._read[name]

    def a_year_later(self) -> "Context":
        """The same facts on the same day of the next year, and that day as today: every year before it is over."""
        return Context(self.facts, years_on(self.as_of, 1), self.case, brief=True)

    def with_facts(self, facts: Facts) -> "Context":
        """For trying what a change would do; nobody reads how."""
        return Context(facts, self.as_of, self.case, today=self.today, brief=self.brief)


def years_on(day: date, years: int) -> date:
    """The corresponding day; 28 February where the year has no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def shown(value: Any) -> str:
    """A fact as a person reads it in a list of inputs."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, tuple):
        return f"{len(value)} 项"
    if value is None:
        return "无"
    return str(value)

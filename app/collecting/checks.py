"""What has to agree before the forms are sent: pure decisions on the values of the carrier's form and on its tenants'.

Which lines belong together the bureaus' notices name (团队与团队人员, 初创企业与就业, 在孵企业数与从业人员, 千元);
that a part is not more than its whole is the form's own arithmetic. At which factor a unit is doubted is our own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from app.collecting.items import BY_CODE, GROWING, Item
from app.units import Unit, from_yuan

UNIT_FACTOR = 500  # so many times last year's looks like 元 typed for 千元, or the other way round
Numbers = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Problem:
    """`hard`: the form's arithmetic does not hold, or something is missing; otherwise it may be so and wants a look."""

    sentence: str
    codes: tuple[str, ...] = ()
    hard: bool = True
    unlogged: tuple[str, str] | None = None  # a tenant, and by how many 元 its answer is more than the carrier's log

    @property
    def asks(self) -> str:
        return "须改正" if self.hard else "请核对"


def counted(problems: Sequence[Problem]) -> str:
    """The one count of them, for every page and sheet: what has to be put right, and what wants a look."""
    asked = [p.asks for p in problems]
    return "、".join(f"{word} {asked.count(word)} 处" for word in ("须改正", "请核对") if word in asked)


@dataclass(frozen=True, slots=True)
class Labels:
    by_code: Mapping[str, str]

    def __getitem__(self, code: str) -> str:
        return self.by_code[code].removeprefix("其中：")


# A whole and what it consists of, to the last yuan.
_SUMS = (("b00", ("b01", "b04", "b02", "b03")), ("e00", ("e01", "e02", "e03", "e04")))
# What cannot be more than another.
_PARTS = (
    *(("c10", "c00"), ("b16", "b15"), ("d10", "d00"), ("d11", "d00"), ("d12", "d00")),
    *(("t.returned", "t.firms"), ("t.fresh", "t.staff"), ("t.graduated", "t.graduated_ever")),
)
# So many of the first have at least as many of the second, and where there is none there is nobody.
_PAIRS = (("m.teams", "m.members"), ("m.startups", "m.jobs"), ("t.firms", "t.staff"))


def numbers_of(values: Mapping[str, str]) -> dict[str, Decimal]:
    """Those that are numbers."""
    found = {}
    for code, value in values.items():
        try:
            found[code] = Decimal(value)
        except InvalidOperation:
            continue
    return found


def check_form(values: Mapping[str, str], labels: Mapping[str, str]) -> list[Problem]:
    """`labels` by code, of every line that the form has, in its order."""
    numbers, said = numbers_of(values), Labels(labels)
    missing = [code for code in labels if code not in values]
    found = [Problem(f"还有 {len(missing)} 栏没有填：{'、'.join(said[code] for code in missing)}。", tuple(missing))]
    found = found if missing else []
    found += [p for whole, parts in _SUMS for p in _sum(numbers, said, whole, parts)]
    found += [p for part, whole in _PARTS for p in _part(numbers, said, part, whole)]
    found += [p for some, people in _PAIRS for p in _pair(numbers, said, some, people)]
    return found


def _sum(numbers: Numbers, said: Labels, whole: str, parts: Sequence[str]) -> list[Problem]:
    if not numbers.keys() >= {whole, *parts} or numbers[whole] == sum(numbers[part] for part in parts):
        return []
    words = "、".join(said[part] for part in parts)
    return [Problem(f"{said[whole]}不等于{words}之和。", (whole, *parts))]


def _part(numbers: Numbers, said: Labels, part: str, whole: str) -> list[Problem]:
    if not numbers.keys() >= {part, whole} or numbers[part] <= numbers[whole]:
        return []
    return [Problem(f"{said[part]}大于{said[whole]}。", (part, whole))]


def _pair(numbers: Numbers, said: Labels, some: str, people: str) -> list[Problem]:
    if not numbers.keys() >= {some, people}:
        return []
    if not numbers[some] and numbers[people]:
        return [Problem(f"{said[some]}是 0，{said[people]}却有 {numbers[people]:f}。", (some, people))]
    if numbers[people] < numbers[some]:
        return [Problem(f"{said[people]} {numbers[people]:f} 少于{said[some]} {numbers[some]:f}。", (some, people))]
    return []


def check_units(
    values: Mapping[str, str], last: Mapping[str, str], labels: Mapping[str, str], money: Sequence[str]
) -> list[Problem]:
    """Beside the time before; `money`: the codes of amounts."""
    now, before, said = numbers_of(values), numbers_of(last), Labels(labels)
    found = []
    for code in money:
        mine, theirs = abs(now.get(code, Decimal(0))), abs(before.get(code, Decimal(0)))
        if mine and theirs and max(mine, theirs) >= UNIT_FACTOR * min(mine, theirs):
            words = f"{said[code]}与上一期相差 {UNIT_FACTOR} 倍以上，请核对是不是按千元填的。"
            found.append(Problem(words, (code,), hard=False))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant's line: what it gave, and what the ledgers know."""

    name: str
    figures: Mapping[str, str]
    since: date | None
    graduated_on: date | None
    invested: Decimal
    holder: str = ""  # the firm or team, as the carrier's log knows it
    before: Mapping[str, str] = field(default_factory=dict)  # of the same year's quarter before
    before_label: str = ""


_KINDS = ("tenant.inventions", "tenant.software", "tenant.varieties", "tenant.layouts")


def check_tenant(row: Row, items: Sequence[Item]) -> list[Problem]:
    found, numbers = [], numbers_of(row.figures)
    if missing := [item.label for item in items if item.code not in row.figures]:
        found.append(f"还缺 {'、'.join(missing)}")
    for item in items:
        whole = numbers.get(item.part_of)
        if whole is not None and item.code in numbers and numbers[item.code] > whole:
            found.append(f"{item.label.removeprefix('其中：')}大于它所在的合计")
    kinds = sum((numbers[code] for code in _KINDS if code in numbers), Decimal(0))
    if "tenant.ip_held" in numbers and kinds > numbers["tenant.ip_held"]:
        found.append("发明专利、软件著作权、植物新品种、集成电路布图之和大于拥有有效知识产权数")
    if row.graduated_on and row.since and row.graduated_on < row.since:
        found.append("毕业时间早于入驻时间")
    problems = [Problem(f"{row.name}：{sentence}。") for sentence in found]
    problems += [
        Problem(f"{row.name}：{words}", hard=False) for words in doubts_of(row.figures, row.before, row.before_label)
    ]
    venture = numbers.get("tenant.venture")
    if venture is not None and venture != row.invested:
        said, kept = (f"{_thousands(amount)} 千元" for amount in (venture, row.invested))
        words = f"{row.name}：报的获天使或风险投资额是 {said}，载体的投资记录里是 {kept}；"
        words += "获投家数和金额按投资记录统计，请补记，或请企业更正。"
        more = (row.holder, f"{venture - row.invested:f}") if venture > row.invested and row.holder else None
        problems.append(Problem(words, hard=False, unlogged=more))
    return problems


def doubts_of(figures: Mapping[str, str], before: Mapping[str, str], before_label: str) -> list[str]:
    """What may be so and is mostly a slip: said when it is given, and again before the forms are sent. `before`: of the
    same year's quarter before, none for anything else."""
    now, then = numbers_of(figures), numbers_of(before)
    fallen = [
        f"{BY_CODE[code].label} {_thousands(now[code])} 千元，少于 {before_label}报的 {_thousands(then[code])} 千元"
        for code in GROWING
        if code in now and code in then and now[code] < then[code]
    ]
    found = [f"{'；'.join(fallen)}：季报填年初到期末的累计数，请核对。"] if fallen else []
    income, rd = now.get("total_income"), now.get("tenant.rd")
    if income is not None and rd is not None and rd > income:
        found.append(f"R&D 经费支出 {_thousands(rd)} 千元，大于总收入 {_thousands(income)} 千元，请核对。")
    return found


def _thousands(amount: Decimal) -> str:
    return f"{from_yuan(amount, Unit.THOUSAND_YUAN):,f}"


def check_unlisted(names: Sequence[str]) -> list[Problem]:
    """Who came in since the list was made: nobody has asked them. Each by name: the sheet that says so is signed."""
    if not names:
        return []
    return [Problem(f"还有 {len(names)} 家在孵的不在名单里：{'、'.join(names)}；请先补充名单。")]


def check_answers(waiting: Sequence[str]) -> list[Problem]:
    """Who has not answered, by name: sums without them are not whole."""
    if not waiting:
        return []
    return [Problem(f"还有 {len(waiting)} 家没有报：{'、'.join(waiting)}；合计没有算上它们。")]


def check_exempt(exempt: Sequence[str]) -> list[Problem]:
    """Who is inside and need not answer: counted among the tenants, in none of the sums."""
    if not exempt:
        return []
    return [Problem(f"{'、'.join(exempt)}不用报：算在在孵的家数里，各项合计没有它们的数。", hard=False)]

"""Lists about firms that are here already: what the kinds of them share, from a row that is read to one taken back."""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from app.access.terms import Actor, Viewer
from app.db import Conn
from app.exchange.columns import Column
from app.exchange.examining import Bureau
from app.exchange.naming import Names
from app.exchange.rules import RowReader, read_code
from app.exchange.terms import MERGED, BatchKind, Change, Message, RowOutcome, Severity
from app.firms.locking import known_by_code
from app.firms.terms import FirmDetail, FirmStatus
from app.sheets import Value
from app.text import key
from app.text.clean import printable

_ERROR = Severity.ERROR
FIRM_COLUMNS = (
    Column(
        "uscc",
        "统一社会信用代码",
        ("社会信用代码", "信用代码"),
        "必填。18 位，请设为文本格式；企业须已在库里。",
        "91440783M159083022",
        24,
    ),
    Column(
        "name",
        "企业名称",
        ("单位名称", "公司名称"),
        "只供核对，可以不填；与库里的不同会提醒。",
        "开平市示例科技有限公司",
        34,
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """What a row says: dates as dates, all else as text, and nothing for an empty cell. `key`: what it is about, the
    same for two rows about one thing."""

    row_no: int
    uscc: str
    name: str
    values: Mapping[str, Any]
    key: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def faulty(self) -> bool:
        return any(m.severity is Severity.ERROR for m in self.messages)

    def saying(self, name: str, sentence: str, severity: Severity = Severity.ERROR, *, repeats: bool = False) -> "Line":
        return replace(self, messages=(*self.messages, Message(name, sentence, severity, repeats)))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a row would do. `seen`: what it was judged by, found again when it is written; `does` is its kind's."""

    line: Line
    outcome: RowOutcome
    firm: FirmDetail | None = None
    changes: Sequence[Change] = ()
    seen: str = ""
    does: Any = None

    def kept(self) -> dict[str, Any]:
        """As `service.keep_rows` writes it."""
        values = {k: v.isoformat() if isinstance(v, date) else v for k, v in self.line.values.items()}
        messages = [m.to_json() for m in self.line.messages]
        return {
            "row_no": self.line.row_no,
            "outcome": self.outcome.value,
            "uscc": printable(self.line.uscc),
            "name": printable(self.line.name or (self.firm.name if self.firm else "")),
            "firm_id": self.firm.id if self.firm else None,
            "values": {"values": values, "key": list(self.line.key), "messages": messages, "seen": self.seen},
            "changes": [c.to_json() for c in self.changes],
            "messages": messages,
        }


@dataclass(frozen=True, slots=True)
class World:
    """What rows are judged in; with `lock` their firms stay as they are until the transaction ends."""

    bureau: Bureau
    viewer: Viewer
    filename: str
    today: date
    lock: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """Who writes, when, and as what."""

    bureau: Bureau
    by: Actor
    at: datetime
    source: str
    applied_at: datetime | None = None  # of the batch that is taken back


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that was written, as its undoing finds it."""

    row_no: int
    name: str
    firm_id: uuid.UUID
    undo: Mapping[str, Any]


Undone = Sequence[Taken]  # those that had to be left


@dataclass(frozen=True, slots=True)
class ListKind:
    kind: BatchKind
    columns: Sequence[Column]
    required: tuple[str, ...]
    dates: frozenset[str]
    rules: Sequence[str]  # how the template is filled in
    read: Callable[[RowReader], tuple[Mapping[str, Any], tuple[str, ...]]]
    # All rows of a firm come at once, to be judged and to be written.
    judge: Callable[[Conn, Sequence[Line], World], Awaitable[list[Judged]]]
    write: Callable[[Conn, Sequence[Judged], Deed], Awaitable[Mapping[int, Mapping[str, Any]]]]
    take_back: Callable[[Conn, Sequence[Taken], Deed], Awaitable[Undone]]
    lists: Callable[[Bureau], Sequence[tuple[str, Sequence[str]]]] = lambda _: ()
    one_firms: str = ""  # the field of which two firms cannot have the same
    titles: Mapping[str, str] = field(init=False)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "titles", {c.field: c.title for c in self.columns})
        named = {key(name): c.field for c in self.columns for name in (c.title, *c.synonyms)}
        object.__setattr__(self, "names", named)

    def line(self, row_no: int, cells: Mapping[str, Value], names: Names) -> Line:
        reader = RowReader(cells, names, self.titles)
        uscc = read_code(reader)
        values, about = self.read(reader)
        name = reader.text("name") or ""
        said = {k: v for k, v in values.items() if v is not None}
        return Line(row_no, uscc, name, said, (uscc, *about), tuple(reader.messages))

    def again(self, row_no: int, uscc: str, name: str, kept: Mapping[str, Any]) -> Line:
        values = {k: date.fromisoformat(v) if k in self.dates else v for k, v in kept["values"].items()}
        messages = tuple(Message(m["field"], m["sentence"], Severity(m["severity"])) for m in kept["messages"])
        return Line(row_no, uscc, name, values, tuple(kept["key"]), messages)


def compare_lines(lines: Iterable[Line], kind: ListKind) -> list[Line]:
    """The same thing again: other content is refused, the same content is said once. A firm's rows lie together."""
    taken: dict[tuple[str, ...], Line] = {}
    whose: dict[tuple[str, ...], Line] = {}
    found = []
    for original in lines:
        line = original
        earlier = taken.get(line.key) if not line.faulty else None
        if earlier is not None and earlier.values != line.values:
            line = line.saying("uscc", f"与第 {earlier.row_no} 行说的是同一件事，内容却不同；请只保留一行。")
        elif earlier is not None:
            sentence = f"与第 {earlier.row_no} 行重复，只导入一次。"
            line = line.saying("uscc", sentence, Severity.WARNING, repeats=True)
        elif not line.faulty:
            taken[line.key] = line
            first = whose.setdefault(line.key[1:], line)
            if kind.one_firms and first.uscc != line.uscc:
                title = kind.titles[kind.one_firms]
                line = line.saying(kind.one_firms, f"第 {first.row_no} 行把这个{title}写在另一家企业名下，请核对。")
        found.append(line)
    return sorted(found, key=lambda one: (one.uscc, one.row_no))


def codes_of(lines: Sequence[Line]) -> list[str]:
    """Those that are codes at all, of faulty rows too: the firm's name tells whose row has to be mended."""
    unread = {line.row_no for line in lines for m in line.messages if m.field == "uscc" and m.severity is _ERROR}
    return [line.uscc for line in lines if line.row_no not in unread]


async def firms_of(conn: Conn, lines: Sequence[Line], world: World) -> Mapping[str, FirmDetail]:
    """Those in sight, by code."""
    return (await known_by_code(conn, codes_of(lines), viewer=world.viewer, lock=world.lock)).firms


def settled(line: Line, firms: Mapping[str, FirmDetail]) -> tuple[Line, FirmDetail | None]:
    """With the firm, or with a sentence when there is none in sight: the same whether it is elsewhere or nowhere."""
    firm = firms.get(line.uscc)
    if firm is None:
        if not line.faulty:
            line = line.saying("uscc", "库里没有这个代码的企业，或不在您的管辖范围内；请先登记企业。")
        return line, None
    if firm.status == FirmStatus.MERGED and not line.faulty:
        line = line.saying("uscc", MERGED)
    if line.name and key(line.name) != key(firm.name):
        said = f"库里这个代码的企业是“{firm.name}”，与表里写的不同；按代码导入，请核对。"
        line = line.saying("name", said, Severity.WARNING)
    return line, firm


def rejected(line: Line, firm: FirmDetail | None = None) -> Judged:
    return Judged(line, RowOutcome.REJECTED, firm)


def repeats(line: Line) -> bool:
    return any(m.repeats for m in line.messages)

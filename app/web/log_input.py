"""A line of an operator's logs as people and programs send it: one reading for form, API and list."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.carriers.log_terms import FIELDS, SHAPES, Holder, LogEntry, LogKind, LogLine, LogSort
from app.carriers.logs import Known
from app.text import AmountError, key, parse_amount
from app.text.uscc import check
from app.units import Unit, plain
from app.web.carrier_input import Reader


def read_log(raw: Mapping[str, Any], kind: LogKind, known: Known) -> LogEntry:
    """What the kind does not ask is not read. Raises Invalid by field."""
    shape = SHAPES[kind]
    asked = {field: raw.get(field) for field in FIELDS if shape.asks(field)}
    r = Reader(asked)
    on = r.day("on", required=f"请填写{shape.on}。")
    title = r.text("title", required=f"请填写{shape.title}。")
    sort = r.some_word("sort", LogSort) if shape.sorts else None
    if shape.sorts and sort not in shape.sorts and "sort" not in r.faults:
        r.faults["sort"] = f"请从{'、'.join(word.label for word in shape.sorts)}里选。"
    entry = LogEntry(
        kind=kind,
        on=on or date.min,
        title=title,
        sort=sort,
        holder=_holder(r, known.holders),
        mentor=_mentor(r, known.mentors, on),
        party=r.text("party"),
        people=r.count("people"),
        amount=_amount(r, needed=bool(shape.amount)),
        until=r.day("until"),
        note=r.text("note", longest=2000),
    )
    r.done()
    return entry


def same_of(raw: Mapping[str, Any], kind: LogKind, known: Known) -> tuple[date, str, UUID | None]:
    """Which line it is about: by day, title and holder. Raises Invalid by field."""
    shape = SHAPES[kind]
    r = Reader({**raw, "holder": raw.get("holder") if shape.holder else ""})
    on = r.day("on", required=f"请填写{shape.on}。")
    title, holder = r.text("title", required=f"请填写{shape.title}。"), _holder(r, known.holders)
    r.done()
    return on or date.min, title, holder


def _holder(r: Reader, holders: Sequence[Holder]) -> UUID | None:
    """By its id, its code or its name. Of two of a name nobody is chosen."""
    said = str(r.raw.get("holder") or "").strip()
    if not said:
        return None
    code = check(said).code
    found = [h for h in holders if str(h.id) == said or (h.uscc and h.uscc == code)]
    found = found or [h for h in holders if key(h.name) == key(said)]
    if len(found) == 1:
        return found[0].id
    r.faults["holder"] = "有两家同名，请填信用代码。" if found else "这个载体没有这家企业或团队。"
    return None


def _mentor(r: Reader, mentors: Sequence[LogLine], on: date | None) -> UUID | None:
    """By id or name; of one appointed twice the term that holds the day."""
    said = str(r.raw.get("mentor") or "").strip()
    if not said:
        return None
    found = [m for m in mentors if str(m.id) == said or key(m.title) == key(said)]
    running = [m for m in found if on and m.on <= on and (m.until is None or m.until >= on)]
    if found:
        return (running or found)[-1].id
    r.faults["mentor"] = "这个载体没有这位导师，请先在“导师”里登记。"
    return None


def _amount(r: Reader, *, needed: bool) -> Any:
    """In 万元 unless a unit is written beside it."""
    given = r.raw.get("amount")
    if given is None or not str(given).strip():
        if needed:
            r.faults["amount"] = "请填写到账金额。"
        return None
    try:
        return parse_amount(given if isinstance(given, int | float) else str(given), Unit.WAN_YUAN)
    except AmountError as error:
        r.faults["amount"] = str(error)
        return None


def as_typed(line: LogLine) -> dict[str, str]:
    """As a form has it: whom it names by id, the amount in 万元."""
    said: dict[str, Any] = {field: getattr(line, field) for field in FIELDS}
    said["sort"] = line.sort.value if line.sort else ""
    said["amount"] = in_wan(line)
    return {name: "" if value is None else str(value) for name, value in said.items()}


def as_listed(line: LogLine) -> dict[str, str]:
    """As a sheet has it: whom it names by name, or by the code where there is one."""
    said = as_typed(line)
    said["sort"] = line.sort.label if line.sort else ""
    return said | {"holder": line.uscc or line.holder_name, "mentor": line.mentor_name}


def in_wan(line: LogLine) -> str:
    return "" if line.amount is None else f"{plain(line.amount / 10_000):f}"


def kept_beneath(raw: Mapping[str, Any], held: LogLine | None) -> dict[str, Any]:
    """An empty cell says nothing: what is known stays."""
    beneath = as_typed(held) if held else {}
    return {**beneath, **{name: value for name, value in raw.items() if value not in (None, "")}}

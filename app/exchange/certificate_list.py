"""证书: by kind and number; what another firm holds is left, and a date that differs is set right."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import any_, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Date, Text, Uuid

from app.attachments.queries import attachments_of
from app.attachments.terms import ObjectKind
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict
from app.exchange.columns import Column
from app.exchange.lines import (
    FIRM_COLUMNS,
    Deed,
    Judged,
    Line,
    ListKind,
    Taken,
    Undone,
    World,
    firms_of,
    rejected,
    repeats,
    settled,
)
from app.exchange.rules import RowReader
from app.exchange.terms import BatchKind, Change, RowOutcome
from app.firms.locking import lock_by_id
from app.firms.terms import FirmDetail
from app.recognitions.models import Certificate
from app.recognitions.rules import HNTE_YEARS, expiry, number_of, problems
from app.recognitions.service import name_in_search
from app.recognitions.terms import CertificateKind
from app.text import key, parse_date

_DATES = ("issued_on", "expires_on", "revoked_on")
_KINDS: Mapping[str, str] = {key(word): k.value for k in CertificateKind for word in (k.label, k.value)} | {
    key("高企"): CertificateKind.HNTE.value,
    key("科小"): CertificateKind.TECH_SME.value,
    key("专精特新"): CertificateKind.SRDI.value,
    key("小巨人"): CertificateKind.LITTLE_GIANT.value,
}
COLUMNS = (
    *FIRM_COLUMNS,
    Column("kind", "证书类型", ("类型", "证书种类"), "必填，从下拉列表选择。", "高新技术企业", 22),
    Column(
        "number",
        "证书编号",
        ("编号", "入库登记编号"),
        "必填，请设为文本格式。按类型和编号认证书。",
        "GR202444001918",
        22,
    ),
    Column("issued_on", "发证日期", ("发证时间", "认定日期"), "必填。如 2024-11-28。", "2024-11-28"),
    Column("expires_on", "有效期至", ("有效期止", "到期日期"), "高企三年，可以不填；其他证书必填。", "2027-11-28"),
    Column("revoked_on", "撤销日期", (), "没有撤销的留空。", ""),
    Column("recorder", "原登记人", ("原录入人",), "从别的系统或台账迁来的，写当时是谁登记的，会保留。", "李四"),
    Column("recorded", "原登记日期", ("原录入日期",), "同上，当时登记的日期。", "2024-12-02"),
)
_RULES = (
    "一行一份证书；企业须已在库里，按统一社会信用代码认企业，按证书类型和编号认证书。",
    "已登记的同一份证书只改日期；登记在别的企业名下的不动，并写明原因。",
)


def _read(reader: RowReader) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    kind = reader.named("kind", lambda text: _KINDS.get(key(text)), "没有“{}”这种证书。")
    said = reader.text("number")
    number = number_of(CertificateKind(kind), said) if kind and said else None
    if said and kind and number is None:
        reader.error("number", f"看不懂这个证书编号：{said}。")
    days = {name: reader.parsed(name, parse_date) for name in (*_DATES, "recorded")}
    for name, value in (("kind", kind), ("number", said), ("issued_on", days["issued_on"])):
        if value is None and not any(m.field == name for m in reader.messages):
            reader.error(name, f"没有填{reader.titles[name]}。")
    if kind == CertificateKind.HNTE and days["issued_on"] and not days["expires_on"]:
        days["expires_on"] = expiry(days["issued_on"], HNTE_YEARS)
    elif kind and not days["expires_on"] and not any(m.field == "expires_on" for m in reader.messages):
        reader.error("expires_on", "没有填有效期至。")
    values = {"kind": kind, "number": number, "recorder": reader.text("recorder"), **days}
    return values, (kind or "", number or "")


async def _judge(conn: Conn, lines: Sequence[Line], world: World) -> list[Judged]:
    sound = [line for line in lines if not line.faulty]
    firms = await firms_of(conn, lines, world)
    mine = [firm.id for firm in firms.values()] if world.lock else []
    held = await _held(conn, [(s.values["kind"], s.values["number"]) for s in sound], mine)
    found = []
    for line in lines:
        said, firm = settled(line, firms)
        if said.faulty or firm is None:
            found.append(rejected(said, firm))
            continue
        there = held.get((said.values["kind"], said.values["number"]))
        found.append(_one(_dated(said, there, world.today), firm, there))
    return found


async def _held(conn: Conn, named: Sequence[tuple[str, str]], mine: Sequence[uuid.UUID]) -> dict[tuple[str, str], Any]:
    """`mine`: the firms that are under lock. What somebody sets right of theirs just now is not written over; of other
    firms' nothing is locked, or the list would wait for whoever has that firm and waits for the certificate."""
    c = Certificate
    if not named:
        return {}
    given: dict[str, Any] = {"numbers": [number for _, number in named], "mine": list(mine)}
    wanted = c.number == any_(bindparam("numbers", type_=ARRAY(Text())))
    if mine:
        own = select(c.id).where(wanted, c.firm_id == any_(bindparam("mine", type_=ARRAY(Uuid())))).order_by(c.id)
        await conn.execute(own.with_for_update(), given)
    query = select(c.id, c.firm_id, c.kind, c.number, c.issued_on, c.expires_on, c.revoked_on).where(wanted)
    rows = await conn.execute(query, given)
    return {(row.kind, row.number): row for row in rows}


def _dated(line: Line, there: Any, today: date) -> Line:
    """What the row leaves empty of a certificate that is on file stays; then the dates must fit together."""
    kept = {"revoked_on": there.revoked_on} if there is not None else {}
    days: dict[str, Any] = {name: line.values.get(name) or kept.get(name) for name in _DATES}
    wrong = problems(CertificateKind(line.values["kind"]), **days, today=today)
    for name, sentence in wrong.items():
        line = line.saying(name, sentence)
    recorded = line.values.get("recorded")
    if recorded is not None and recorded > today:
        line = line.saying("recorded", "原登记日期不能晚于今天。")
    return line


def _one(line: Line, firm: FirmDetail, there: Any) -> Judged:
    if there is not None and there.firm_id != firm.id and not line.faulty:
        # The same whether that firm is in sight or not.
        sentence = "这个证书编号不能登记在这家企业名下；请核对编号，或与上级部门核对。"
        line = line.saying("number", sentence)
    if line.faulty:
        return rejected(line, firm)
    kind = CertificateKind(line.values["kind"]).label
    if there is None:
        seen, until = "", line.values["expires_on"]
        said = f"{kind} {line.values['number']}（{line.values['issued_on']} 至 {until}）"
        changes = [Change("number", "证书", "", said)]
    else:
        seen = "|".join(str(getattr(there, name)) for name in _DATES)
        changes = [
            Change(name, title, str(getattr(there, name) or ""), str(line.values[name]))
            for name, title in (("issued_on", "发证日期"), ("expires_on", "有效期至"), ("revoked_on", "撤销日期"))
            if line.values.get(name) and line.values[name] != getattr(there, name)
        ]
    if repeats(line) or not changes:
        return Judged(line, RowOutcome.UNCHANGED, firm, (), seen, there)
    return Judged(line, RowOutcome.UPDATED if there is not None else RowOutcome.CREATED, firm, changes, seen, there)


async def _write(conn: Conn, judged: Sequence[Judged], deed: Deed) -> Mapping[int, Mapping[str, Any]]:
    undo: dict[int, Mapping[str, Any]] = {}
    new, events, firm_ids = [], [], set()
    dated: dict[uuid.UUID, Mapping[str, date | None]] = {}
    for one in judged:
        assert one.firm is not None
        line, there = one.line, one.does
        days = {name: line.values.get(name) or (getattr(there, name) if there is not None else None) for name in _DATES}
        if there is None:
            row = {"id": new_id(), "firm_id": one.firm.id, "kind": line.values["kind"], "number": line.values["number"]}
            who = deed.by.viewer.id if deed.by.viewer.login else None
            row |= {"source": _source(line, deed), "recorded_at": deed.at, "recorded_by": who, **days}
            new.append(row)
        else:
            dated[there.id] = days
        firm_ids.add(one.firm.id)
        events.append(_event(one, days, deed))
        former = {name: _iso(getattr(there, name)) for name in _DATES} if there is not None else None
        certificate_id = str(there.id if there is not None else new[-1]["id"])
        undo[line.row_no] = {"id": certificate_id, "former": former, "now": {n: _iso(d) for n, d in days.items()}}
    if new:
        made = insert(Certificate).on_conflict_do_nothing(index_elements=["kind", "number"]).returning(Certificate.id)
        if len((await conn.execute(made, new)).all()) < len(new):
            raise Conflict("有一份证书刚被别人登记，这一次什么都没有写入；请再确认一次。")
    await _set_dates(conn, dated)
    await name_in_search(conn, sorted(firm_ids))
    await record(conn, *events)
    return undo


_SET_DATES = text(
    """
UPDATE certificates AS c SET issued_on = d.issued_on, expires_on = d.expires_on, revoked_on = d.revoked_on
FROM unnest(:ids, :issued_on, :expires_on, :revoked_on) AS d (id, issued_on, expires_on, revoked_on) WHERE c.id = d.id
"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), *(bindparam(name, type_=ARRAY(Date())) for name in _DATES))


async def _set_dates(conn: Conn, dated: Mapping[uuid.UUID, Mapping[str, date | None]]) -> None:
    if dated:
        days = {name: [of[name] for of in dated.values()] for name in _DATES}
        await conn.execute(_SET_DATES, {"ids": list(dated), **days})


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _source(line: Line, deed: Deed) -> str:
    """Who wrote it down first, where that is told: the house's own recorder is whoever brings it."""
    first = " ".join(str(line.values[name]) for name in ("recorder", "recorded") if line.values.get(name))
    return f"{deed.source}；原登记：{first}" if first else deed.source


def _event(one: Judged, days: Mapping[str, date | None], deed: Deed) -> dict[str, Any]:
    assert one.firm is not None
    said = {"kind": one.line.values["kind"], "number": one.line.values["number"], "source": _source(one.line, deed)}
    verb = "recorded" if one.does is None else "corrected"
    before = {n: _iso(getattr(one.does, n)) for n in _DATES} if one.does is not None else None
    return event_row(
        f"firm:certificate:{verb}",
        by=deed.by,
        at=deed.at,
        object_type="firm",
        object_id=one.firm.id,
        object_label=one.firm.name,
        before=before,
        after=said | {n: _iso(d) for n, d in days.items()},
    )


async def _take_back(conn: Conn, rows: Sequence[Taken], deed: Deed) -> Undone:
    """Left: one whose dates somebody has changed since, or hung evidence on, or that is another firm's by now."""
    firms = await lock_by_id(conn, [r.firm_id for r in rows], viewer=deed.by.viewer)
    c = Certificate
    ids = [uuid.UUID(r.undo["id"]) for r in rows]
    # Of the firms that are under lock: one that a merge has taken elsewhere is another's, and is left.
    query = select(c.id, c.firm_id, *(getattr(c, n) for n in _DATES)).where(
        c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))), c.firm_id == any_(bindparam("firms", type_=ARRAY(Uuid())))
    )
    given = {"ids": ids, "firms": list(firms)}
    held = {row.id: row for row in await conn.execute(query.order_by(c.id).with_for_update(), given)}
    papers = await attachments_of(conn, ObjectKind.CERTIFICATE, ids)
    left, gone, events = [], [], []
    dated: dict[uuid.UUID, Mapping[str, date | None]] = {}
    for row, certificate_id in zip(rows, ids, strict=True):
        there = held.get(certificate_id)
        mine = there is not None and there.firm_id == row.firm_id  # a merge may have taken it elsewhere
        same = mine and all(_iso(getattr(there, n)) == row.undo["now"][n] for n in _DATES)
        if not same or row.firm_id not in firms or (row.undo["former"] is None and papers.get(certificate_id)):
            left.append(row)
            continue
        if row.undo["former"] is None:
            gone.append(certificate_id)
        else:
            former = row.undo["former"].items()
            dated[certificate_id] = {n: date.fromisoformat(v) if v else None for n, v in former}
        events.append(_back(row, firms[row.firm_id], deed))
    await _set_dates(conn, dated)
    if gone:
        await conn.execute(delete(c).where(c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))), {"ids": gone})
    stays = {r.row_no for r in left}
    await name_in_search(conn, sorted({r.firm_id for r in rows if r.row_no not in stays}))
    await record(conn, *events)
    return left


def _back(row: Taken, firm: FirmDetail, deed: Deed) -> dict[str, Any]:
    return event_row(
        "firm:certificate:taken_back",
        by=deed.by,
        at=deed.at,
        object_type="firm",
        object_id=row.firm_id,
        object_label=firm.name,
        before=dict(row.undo["now"]),
        after=row.undo["former"],
    )


CERTIFICATES = ListKind(
    BatchKind.CERTIFICATES,
    COLUMNS,
    ("uscc", "kind", "number", "issued_on"),
    frozenset({*_DATES, "recorded"}),
    _RULES,
    _read,
    _judge,
    _write,
    _take_back,
    lambda _: (("kind", tuple(k.label for k in CertificateKind)),),
    one_firms="number",
)

"""梯队移动: where firms stood before they were here. What is recorded stays; the present goes by its gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.assessments.gathering import gather
from app.db import Conn
from app.exchange.chains import Chain, Placed, Step, chain_of
from app.exchange.columns import Column
from app.exchange.lines import (
    FIRM_COLUMNS,
    Judged,
    Line,
    ListKind,
    World,
    firms_of,
    rejected,
    repeats,
    settled,
)
from app.exchange.move_writing import MoveRow, take_back_moves, write_moves
from app.exchange.rules import RowReader
from app.exchange.terms import BatchKind, Change, RowOutcome, Severity
from app.firms.terms import FirmDetail, FirmStatus
from app.pipeline.asking import waiting
from app.pipeline.pasts import Stay, stays_of
from app.pipeline.rules import Verdict, decide, stands_against
from app.pipeline.terms import Standing, Tier
from app.policy.facts import Facts
from app.policy.terms import Assessment
from app.text import key, parse_date

_LEFT = {key(word) for word in ("退出", "退出梯队", "出库")}
_OUT = "out"
COLUMNS = (
    *FIRM_COLUMNS,
    Column(
        "tier", "梯队", ("移到梯队", "进入梯队", "培育层级"), "必填，从下拉列表选择；离开梯队写“退出”。", "雏鹰企业", 18
    ),
    Column("on", "生效日期", ("进入日期", "移动日期"), "必填，从这一天起在这个梯队。如 2021-06-30。", "2021-06-30"),
    Column("reason", "理由", ("依据", "备注"), "依据什么，如认定文号；最多 200 字。", "江科〔2021〕12号", 30),
    Column(
        "recorder", "原办理人", ("原记录人", "原录入人"), "从别的系统或台账迁来的，写当时是谁办的，会保留。", "李四"
    ),
    Column("recorded", "原记录日期", ("原录入日期",), "同上，当时记录的日期。", "2021-07-02"),
)
_RULES = (
    "一行是一次移动：从生效日期起企业在这个梯队；同一家企业的各行按日期连成一串，要么全部导入，要么都不导入。",
    "只补库里最早一条记录之前的移动，库里已有的不改；已有的同一次移动不重复记。",
    "库里还没有梯队的企业，最后一行就是现在的梯队，要过这一级的条件；须第二人复核的，导入时提交复核。",
    "生效日期是当时的日期，记录日期是导入的这一天；已经发出的周报不会变。",
)


def _read(reader: RowReader) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    def tier_of(words: str) -> str | None:
        return _OUT if key(words) in _LEFT else reader.names.tier(words)

    tier, on = reader.named("tier", tier_of, "没有“{}”这个梯队。"), reader.parsed("on", parse_date)
    for name, value in (("tier", tier), ("on", on)):
        if value is None and not any(m.field == name for m in reader.messages):
            reader.error(name, f"没有填{reader.titles[name]}。")
    more = {name: reader.text(name) for name in ("reason", "recorder")}
    return {"tier": tier, "on": on, **more, "recorded": reader.parsed("recorded", parse_date)}, (tier or "", str(on))


async def _judge(conn: Conn, lines: Sequence[Line], world: World) -> list[Judged]:
    firms = await firms_of(conn, lines, world)
    ids = [f.id for f in firms.values()]
    stays = await stays_of(conn, ids, world.bureau.ladder)
    asked = await waiting(conn, ids)
    facts = {i: found.facts for i, found in (await gather(conn, [i for i in ids if i not in stays])).items()}
    by_code: dict[str, list[Line]] = {}
    for line in lines:
        by_code.setdefault(line.uscc, []).append(line)
    found: list[Judged] = []
    for code, rows in by_code.items():
        firm = firms.get(code)
        said = [settled(row, firms)[0] for row in rows]
        if firm is None:
            found += [rejected(row) for row in said]
        else:
            past = _Past(firm, stays.get(firm.id, []), firm.id in asked, facts.get(firm.id, Facts()))
            found += _of_firm(said, past, world)
    return found


@dataclass(frozen=True, slots=True)
class _Past:
    firm: FirmDetail
    stays: Sequence[Stay]
    waits: bool
    facts: Facts

    @property
    def seen(self) -> str:
        return ";".join(f"{s.tier}:{s.since}:{s.until}" for s in self.stays) + f"|{self.firm.tier}|{self.waits}"


def _of_firm(lines: Sequence[Line], past: _Past, world: World) -> list[Judged]:
    """All of a firm's rows or none: a gap in a chain would say that it stood where it did not."""
    said, firm = {line.row_no: _timely(line, world) for line in lines}, past.firm
    steps = [_step(line) for line in said.values() if not line.faulty and not repeats(line)]
    chain = chain_of(steps, past.stays, today=world.today, born=firm.registered_on)
    for row_no, sentence in chain.faults.items():
        said[row_no] = said[row_no].saying("on", sentence)
    stand = _present(chain, past, said, world)
    if wrong := [row_no for row_no, line in said.items() if line.faulty]:
        for row_no, line in said.items():
            if row_no not in wrong and row_no not in chain.known and not repeats(line):
                said[row_no] = line.saying("on", f"这家企业的第 {min(wrong)} 行有错，改好后一起导入。")
    placed = {p.step.row_no: p for p in chain.placed}
    return [_one(line, placed.get(row_no), past, stand, world) for row_no, line in said.items()]


def _step(line: Line) -> Step:
    tier = line.values["tier"]
    return Step(line.row_no, None if tier == _OUT else tier, line.values["on"])


def _timely(line: Line, world: World) -> Line:
    recorded = line.values.get("recorded")
    return line.saying("recorded", "原记录日期不能晚于今天。") if recorded and recorded > world.today else line


def _present(chain: Chain, past: _Past, said: dict[int, Line], world: World) -> Assessment | None:
    """The last row of a firm that stands on nothing is where it stands now, by the gate as a roster's tier is."""
    last = chain.placed[-1] if chain.placed else None
    if last is None or last.until is not None or last.step.tier is None or chain.faults:
        return None
    tier, row_no, firm = world.bureau.ladder.tier(last.step.tier), last.step.row_no, past.firm
    assert tier is not None
    assessment = world.bureau.policies.assess(tier.policy, past.facts, as_of=world.today)
    if firm.status != FirmStatus.ACTIVE:
        said[row_no] = said[row_no].saying("tier", "企业已不在存续状态，不能在梯队上；请加一行“退出”。")
    elif past.waits:
        said[row_no] = said[row_no].saying("tier", "企业有一项移动正待复核，办完再导入。")
    elif assessment.official and stands_against(assessment):
        why = "".join(assessment.sentences)
        said[row_no] = said[row_no].saying("tier", f"现在不能在“{tier.label}”：{why}")
    elif _waits(firm, tier, assessment, world):
        sentence = f"进入“{tier.label}”须第二人复核：导入时一并提交复核，通过后进入。"
        said[row_no] = said[row_no].saying("tier", sentence, Severity.WARNING)
    return assessment


def _waits(firm: FirmDetail, tier: Tier | None, assessment: Assessment, world: World) -> bool:
    return decide(world.bureau.ladder, Standing.of(firm), tier, assessment).verdict is Verdict.WAIT


def _one(line: Line, placed: Placed | None, past: _Past, stand: Assessment | None, world: World) -> Judged:
    if line.faulty:
        return rejected(line, past.firm)
    if placed is None:
        return Judged(line, RowOutcome.UNCHANGED, past.firm, (), past.seen)
    ladder = world.bureau.ladder
    tier, came = ladder.tier(placed.step.tier), ladder.tier(placed.came_from)
    open_ended = tier is not None and placed.until is None
    waits = open_ended and stand is not None and _waits(past.firm, tier, stand, world)
    span = f"{placed.step.on} 起" + (f"，到 {placed.until}" if placed.until else "")
    span = f"{span}，待第二人复核" if waits else span
    after = f"{tier.label if tier else '退出梯队'}（{span}）"
    change = Change("tier", "梯队", came.label if came else "", after)
    does = MoveRow(placed, stand if open_ended else None, waits)
    return Judged(line, RowOutcome.CREATED, past.firm, (change,), past.seen, does)


MOVES = ListKind(
    BatchKind.MOVES,
    COLUMNS,
    ("uscc", "tier", "on"),
    frozenset({"on", "recorded"}),
    _RULES,
    _read,
    _judge,
    write_moves,
    take_back_moves,
    lambda bureau: (("tier", (*(t.label for t in bureau.ladder.tiers), "退出")),),
)

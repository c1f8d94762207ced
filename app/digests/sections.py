"""The sections of a digest, in the order in which they are read. A new one is one line here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.db import Conn
from app.digests.frames import Frame
from app.digests.parts import carriers, changes, dates, ladder, moved, plan, standing
from app.digests.terms import Listing, SectionCode


@dataclass(frozen=True, slots=True)
class Section:
    """`lost` says why it cannot be told of a moment that is over; empty where history is kept.

    `reads` instead of `listings` where the rows are judged and not only selected.
    """

    code: SectionCode
    listings: Callable[[Frame], Sequence[Listing]] | None = None
    lost: str = ""
    reads: Callable[[Conn, Frame], Awaitable[Sequence[Listing]]] | None = None


_STALE = "停滞日随每次移动和联系更新，不留旧值；只有到期当时编制的周报才有这一部分。"
_ANSWERS = "评估结果每夜更新，不留旧值；只有到期当时编制的周报才有这一部分。"
_PLAN = "指标的实际值随填报和台账变化；只有到期当时编制的周报才有这一部分，年度评估另存在规划指标里。"

SECTIONS: tuple[Section, ...] = (
    Section(SectionCode.LADDER, ladder.tiers),
    Section(SectionCode.MOVED, moved.moved),
    Section(SectionCode.CORRECTIONS, moved.corrections),
    Section(SectionCode.CHANGES, changes.changes, lost=_STALE),
    Section(SectionCode.NEW, ladder.entered),
    Section(SectionCode.DUE, dates.due),
    Section(SectionCode.UNFILED, dates.unfiled),
    Section(SectionCode.NEAR, standing.near, lost=_ANSWERS),
    Section(SectionCode.STUCK, standing.stuck, lost=_STALE),
    Section(SectionCode.LAPSING, dates.lapsing),
    Section(SectionCode.CARRIERS, reads=carriers.carriers),
    Section(SectionCode.PLAN, reads=plan.indicators, lost=_PLAN),
)


def told(section: Section, frame: Frame) -> bool:
    return frame.moment.fresh or not section.lost


async def listings_of(section: Section, conn: Conn, frame: Frame) -> Sequence[Listing]:
    if section.reads is not None:
        return await section.reads(conn, frame)
    return section.listings(frame) if section.listings is not None else ()

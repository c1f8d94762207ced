"""The table at the end of the drill of writes, and whether all held."""

import unicodedata
from collections.abc import Iterable, Mapping

from tests.drill.asking import TOO_LONG
from tests.drill.ground import told
from tests.drill.journal import Journal
from tests.drill.reckoning import Tally

BACK_WITHIN = 5.0  # seconds from a return to the first success
_MOST_SHOWN = 30
_KINDS = {
    "move": "梯队移动",
    "save": "保存年度数据",
    "hand_in": "签字提交",
    "accept": "审核通过",
    "visit": "走访",
    "upload": "上传文件",
    "admit": "入驻",
    "end": "退出",
}
_COLUMNS = {
    "acknowledged": "已确认",
    "refused": "被拒",
    "unknown": "未等回答",
    "lost": "丢失",
    "doubled": "重复",
    "altered": "变样",
    "phantom": "凭空",
    "untold": "缺审计",
    "overtold": "多审计",
}


def told_of(journal: Journal, tallies: Mapping[str, Tally], befell: Mapping[str, int], took: float) -> bool:
    for name, count in befell.items():
        told(f"  {count:>3} 次  {name}")
    told("")
    _row("", _COLUMNS.values())
    for kind, label in _KINDS.items():
        _row(label, [f"{getattr(tallies.get(kind, Tally()), name):,}" for name in _COLUMNS])
    whole = sum(tallies.values(), Tally())
    _row("合计", [f"{getattr(whole, name):,}" for name in _COLUMNS])
    told("")
    told(f"  {whole.acknowledged / took:.0f} 次/秒，最慢的回答 {journal.slowest:.1f} 秒（须不超过 {TOO_LONG:.0f} 秒）")
    told(f"  回答：{'，'.join(f'{said} {count:,}' for said, count in sorted(journal.statuses.items()))}")
    faults = list(journal.faults)
    for what, gaps in journal.gaps.items():
        told(f"  {what}最慢 {max(gaps):.2f} 秒又办成了事（{len(gaps)} 次，须不超过 {BACK_WITHIN:.0f} 秒）")
        if max(gaps) > BACK_WITHIN:
            faults.append(f"{what}: {max(gaps):.1f} s to the first success")
    if journal.slowest > TOO_LONG:
        faults.append(f"an answer took {journal.slowest:.1f} s")
    for fault in faults[:_MOST_SHOWN]:
        told(f"✗ {fault}")
    if len(faults) > _MOST_SHOWN:
        told(f"✗ 另有 {len(faults) - _MOST_SHOWN} 处")
    return whole.held and not faults


def _row(label: str, cells: Iterable[str]) -> None:
    padded = "".join(" " * (10 - _width(cell)) + cell for cell in cells)
    told(f"  {label}{' ' * (14 - _width(label))}{padded}")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

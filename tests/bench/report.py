"""The table that people read and the JSON that machines keep."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

_COLUMNS = (
    ("what", "项目", 34),
    ("clients", "并发", 5),
    ("ours_ms", "中位 ms", 9),
    ("ours_p95", "p95 ms", 9),
    ("ours_per_s", "次/秒", 8),
    ("B_ms", "B 中位", 8),
    ("B_p95", "B p95", 8),
    ("A_ms", "A 中位", 8),
    ("floor_per_s", "基线次/秒", 10),
    ("ratio", "比值", 7),
    ("target", "目标", 22),
    ("met", "达到", 5),
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    head = " ".join(_fit(label, width) for _, label, width in _COLUMNS)
    return "\n".join([head, *(" ".join(_fit(_shown(row.get(n)), w) for n, _, w in _COLUMNS) for row in rows)])


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _fit(words: str, width: int) -> str:
    """Padded by what a terminal shows: a Chinese character is two columns wide."""
    shown = sum(2 if ord(c) > 0x2E80 else 1 for c in words)
    return words + " " * max(0, width - shown)


def machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def write(path: Path, results: dict[str, Any]) -> None:
    path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))

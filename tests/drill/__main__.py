"""`make drill [ARGS="writes"]`: one drill after the other, each on a server of its own; the exit code says if all held.

Loopback only; ends only what it started, by its process id.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from app.embedded import start
from tests.drill import reminders, writes
from tests.drill.ground import told

DRILLS = {"writes": ("写入", writes), "reminders": ("提醒", reminders)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make drill ARGS=…")
    parser.add_argument("which", nargs="*", metavar="|".join(DRILLS), help="只演练哪些；不写就是全部")
    parser.add_argument("--seed", type=int, default=None, help="同一个种子，同样的麻烦（时刻仍随机器快慢）")
    parser.add_argument("--keep", action="store_true", help="留下日志目录")
    for _, drill in DRILLS.values():
        drill.add_arguments(parser)
    args = parser.parse_args()
    if strange := set(args.which) - DRILLS.keys():
        parser.error(f"没有这项演练：{'、'.join(sorted(strange))}")
    args.seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1_000_000)
    held = [one(name, args) for name in DRILLS if name in (args.which or DRILLS)]
    return 0 if all(held) else 1


def one(name: str, args: argparse.Namespace) -> bool:
    label, drill = DRILLS[name]
    directory = Path(tempfile.mkdtemp(prefix="tidu-drill-"))
    told(f"【{label}】种子 {args.seed}，目录 {directory}")
    began = time.monotonic()
    try:
        with start(directory / "server") as server:
            held = asyncio.run(drill.run(args, server, directory))
    finally:
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    told(f"{'✓ 都守住了' if held else '✗ 没有守住'}，用时 {time.monotonic() - began:.0f} 秒")
    return held


if __name__ == "__main__":
    sys.exit(main())

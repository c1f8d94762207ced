"""`tidu seed` and `tidu synth`: reference data from files, and a county of invented firms for trials."""

import argparse
import time
from pathlib import Path
from typing import Any

from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.config import SEEDS
from app.seeding.load import load_seeds
from app.seeding.synth import LARGEST_SEED, load_county

LARGEST_COUNTY = 10_000_000


def add_parser(subparsers: Any) -> None:
    seed: argparse.ArgumentParser = subparsers.add_parser(
        "seed", help="载入基础数据（区划、行业、梯队、日历等），重复载入不变"
    )
    seed.add_argument("path", nargs="?", type=_seeds, default=SEEDS / "kaiping", metavar="PATH", help="种子目录")
    add_data_option(seed)
    seed.set_defaults(run=run_seed)
    synth: argparse.ArgumentParser = subparsers.add_parser(
        "synth",
        help="载入一个合成县（压力测试用）",
        description="载入合成企业及其联系人、证书、年度数据、知识产权、梯队经历、移动和记录；同一天、同一种子结果相同。不写移动的审计和消息。",
    )
    synth.add_argument("--firms", type=int, required=True, metavar="N", help="企业数")
    synth.add_argument("--seed", type=int, default=1, metavar="S", help="随机种子，缺省 1")
    synth.add_argument("--force", action="store_true", help="库里已有真实企业时也载入（整段时间锁住企业库）")
    add_data_option(synth)
    synth.set_defaults(run=run_synth)


def _seeds(given: str) -> Path:
    path = Path(given)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"没有种子目录 {path}")
    if not any(path.glob("*.yaml")) and not any(path.glob("calendar/*.yaml")):
        raise argparse.ArgumentTypeError(f"目录 {path} 里没有种子文件 *.yaml")
    return path


async def run_seed(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database):
        written = await load_seeds(database, args.path, at=SystemClock().now())
    told = "，".join(f"{table} {count} 条" for table, count in written.items())
    print(f"基础数据已载入：{told}。" if written else "基础数据没有变化。")
    return 0


async def run_synth(args: argparse.Namespace) -> int:
    if not 1 <= args.firms <= LARGEST_COUNTY:
        raise CommandError(f"--firms 应在 1 到 {LARGEST_COUNTY:,} 之间。", exit_code=2)
    if not 0 <= args.seed <= LARGEST_SEED:
        raise CommandError(f"--seed 应在 0 到 {LARGEST_SEED:,} 之间。", exit_code=2)
    began = time.monotonic()
    # Midnight, so that a second run on the same day makes the same county.
    at = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with opened(args) as (_, database):
        await load_county(database, firms=args.firms, seed=args.seed, at=at, force=args.force)
    print(f"已载入 {args.firms:,} 家合成企业，用时 {time.monotonic() - began:.0f} 秒（移动不带审计记录和消息）。")
    return 0

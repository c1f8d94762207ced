"""`tidu keys reseal`: what is kept sealed, sealed anew under the first of the keys that are given."""

import argparse
import sys
from typing import Any

from app.commands.context import CommandError, add_data_option, opened
from app.commands.resealing import reseal
from app.vault import Unreadable


def add_parser(subparsers: Any) -> None:
    keys: argparse.ArgumentParser = subparsers.add_parser("keys", help="加密密钥")
    verbs = keys.add_subparsers(dest="verb", metavar="动作", required=True)
    anew: argparse.ArgumentParser = verbs.add_parser(
        "reseal", help="用 TIDU_ENCRYPTION_KEYS 的第一个密钥重新加密；做完才可以去掉旧的"
    )
    add_data_option(anew)
    anew.set_defaults(run=run_reseal)


async def run_reseal(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database):
        try:
            done = await reseal(database)
        except Unreadable as error:
            raise CommandError(
                "有一处用现在给的密钥都打不开，什么也没有改：请把旧密钥加回 TIDU_ENCRYPTION_KEYS。"
            ) from error
    print(f"重新加密了 {done.changed} 处。", file=sys.stderr)
    if done.unreadable:
        where = "、".join(f"{table} {count}" for table, count in sorted(done.closed.items()))
        raise CommandError(
            f"有 {done.unreadable} 处用现在给的密钥都打不开，仍是原样（{where}）："
            "请把旧密钥加回 TIDU_ENCRYPTION_KEYS 再运行一次，先不要去掉任何密钥。"
        )
    return 0

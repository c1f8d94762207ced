"""`tidu keys reseal`: what is kept sealed, sealed anew under the first of the keys that are given."""

import argparse
import sys
from typing import Any

from pydantic import SecretStr

from app.access.factors import reseal
from app.commands.context import CommandError, add_data_option, opened, secret_key
from app.vault import Unreadable, vault_of


def add_parser(subparsers: Any) -> None:
    keys: argparse.ArgumentParser = subparsers.add_parser("keys", help="加密密钥")
    verbs = keys.add_subparsers(dest="verb", metavar="动作", required=True)
    anew: argparse.ArgumentParser = verbs.add_parser(
        "reseal", help="用 TIDU_ENCRYPTION_KEYS 的第一个密钥重新加密；做完才可以去掉旧的"
    )
    add_data_option(anew)
    anew.set_defaults(run=run_reseal)


async def run_reseal(args: argparse.Namespace) -> int:
    async with opened(args) as (settings, database), database.transaction() as conn:
        house = settings.secret_key.get_secret_value() or secret_key(settings.data)
        try:
            done = await reseal(conn, vault_of(settings.model_copy(update={"secret_key": SecretStr(house)})))
        except Unreadable as error:
            raise CommandError(
                "有一处用现在给的密钥都打不开，什么也没有改：请把旧密钥加回 TIDU_ENCRYPTION_KEYS。"
            ) from error
    print(f"重新加密了 {done} 处。", file=sys.stderr)
    return 0

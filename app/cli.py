"""`tidu …`: one command each, errors as one sentence on stderr, exit 2 for usage."""

import argparse
import asyncio
import inspect
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.commands import COMMANDS
from app.commands.context import CommandError
from app.errors import AppError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}：用法有误（{message}）。用 {self.prog} --help 查看说明。\n")


def build_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tidu", description="梯度：科技企业梯度培育系统")
    subparsers = parser.add_subparsers(dest="command", metavar="命令", required=True, parser_class=_Parser)
    for module in COMMANDS:
        module.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        result = args.run(args)
        return int(asyncio.run(result) if inspect.iscoroutine(result) else result)
    except (CommandError, AppError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141


if __name__ == "__main__":
    raise SystemExit(main())

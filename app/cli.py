"""`tidu …`: one command each, errors as one sentence on stderr, exit 2 for usage."""

import argparse
import asyncio
import gc
import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import asyncpg
from pydantic import ValidationError

from app.commands import COMMANDS
from app.commands.context import CommandError
from app.errors import AppError, Invalid
from app.outages import is_outage

# The library's own words are English; what it says of a mistake, in those of the house.
_MISTAKES = (
    (r"the following arguments are required: (.+)", r"缺少 \1"),
    (r"one of the arguments (.+) is required", r"\1 须给出一个"),
    (r"unrecognized arguments: (.+)", r"不认识 \1"),
    (r"argument (.+?): invalid choice: '?(.*?)'? \(choose from (.+)\)", r"\1 没有“\2”，可用：\3"),
    (r"argument (.+?): invalid int value: '(.*)'", r"\1 应是整数，不能是“\2”"),
    (r"argument (.+?): expected .+ arguments?", r"\1 后面缺值"),
    (r"argument (.+?): not allowed with argument (.+)", r"\1 不能与 \2 一起用"),
    (r"argument (.+?): ignored explicit argument '(.*)'", r"\1 后面不带值"),
    (r"argument (.+?): (.+)", r"\1：\2"),  # what a check of our own says
)


class _Help(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": _Help} | given | {"add_help": False})
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示这段说明")

    def error(self, message: str) -> NoReturn:
        for theirs, ours in _MISTAKES:
            message = re.sub(f"^{theirs}$", ours, message)
        message = message.replace("'", "").replace(", ", "、")
        self.exit(2, f"{self.prog}：用法有误（{message}）。用 {self.prog} --help 查看说明。\n")


def build_parser(word: str = "") -> argparse.ArgumentParser:
    """Of the one command that `word` names, else of all."""
    parser = _Parser(prog="tidu", description="梯度：科技企业梯度培育系统")
    subparsers = parser.add_subparsers(dest="command", metavar="命令", required=True, parser_class=_Parser)
    modules = [COMMANDS[word]] if word in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        importlib.import_module(f"app.commands.{module}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if argv is None:  # a process of its own
        gc.disable()
    args = build_parser(words[0] if words else "").parse_args(words)
    if argv is None:
        # What was imported stays: looking through it for rubbish meanwhile takes a quarter of the time.
        gc.freeze()
        gc.enable()
    try:
        result = args.run(args)
        return int(asyncio.run(result) if inspect.iscoroutine(result) else result)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return getattr(error, "exit_code", 1)


def sentence_for(error: Exception) -> str | None:
    """What the person at the terminal is told; None for a fault of our own, whose traceback is wanted."""
    if isinstance(error, Invalid):
        return "".join(error.fields.values()) or error.sentence
    if isinstance(error, CommandError | AppError):
        return str(error)
    if isinstance(error, ValidationError):
        names = "、".join(f"TIDU_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        return f"环境变量 {names} 的值不能用，请对照 README 改正。"
    return _database_sentence(error)


def _database_sentence(error: Exception) -> str | None:
    cause = getattr(error, "orig", None) or error
    root = cause.__cause__ or cause
    if isinstance(root, asyncpg.InvalidAuthorizationSpecificationError | asyncpg.InvalidCatalogNameError):
        return "数据库拒绝了连接：请核对 TIDU_DATABASE_URL 里的用户、口令和库名。"
    if isinstance(root, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
        return "数据库结构不是最新，请先运行 tidu migrate。"
    return "数据库连不上：请确认它在运行，并核对 TIDU_DATABASE_URL。" if is_outage(error) else None


if __name__ == "__main__":
    raise SystemExit(main())

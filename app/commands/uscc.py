"""`tidu uscc CODE…`: one JSON line per code."""

import argparse
from typing import Any

import orjson

from app.text.uscc import check


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("uscc", help="校验统一社会信用代码")
    parser.add_argument("codes", nargs="+", metavar="CODE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    results = [check(code) for code in args.codes]
    for result in results:
        line = {"code": result.code, "valid": result.valid, "errors": result.errors, "warnings": result.warnings}
        print(orjson.dumps(line).decode())
    return 0 if all(r.valid for r in results) else 1

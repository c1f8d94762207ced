"""`tidu assess`: one policy's answer to facts in a file. Pure: no database, no network."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app.clock import SystemClock, business_day
from app.commands.context import CommandError
from app.config import SEEDS
from app.errors import Invalid, because
from app.policy.deduction import deduct_facts
from app.policy.evaluate import assess
from app.policy.packs import Pack, PackError, read_packs
from app.policy.parsing import parse_facts
from app.policy.terms import Case

LARGEST = 200 * 1024 * 1024


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "assess",
        help="按一项政策评估企业事实（JSON），不需要数据库",
        description="读入一家企业的事实（JSON 对象）或多家的（JSON 数组），输出评估结果。文件名写 - 时读标准输入。",
    )
    parser.add_argument("facts", metavar="FACTS.json", help="事实文件，- 为标准输入")
    parser.add_argument("--policy", required=True, metavar="CODE", help="政策代码，如 hnte、tech_sme")
    parser.add_argument("--as-of", type=_day, metavar="DATE", help="评估日期，缺省为今天")
    parser.add_argument("--case", choices=[case.value for case in Case], default=Case.NEW.value, help="新认定或复核")
    parser.set_defaults(run=run)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} 不是 2026-06-01 这样的日期") from None


def run(args: argparse.Namespace) -> int:
    try:
        packs = read_packs(SEEDS / "policies")
    except PackError as error:
        raise CommandError(str(error)) from error
    pack = packs.get(args.policy)
    if pack is None:
        raise CommandError(f"没有政策 {args.policy}，可用的有：{'、'.join(packs)}。", exit_code=2)
    today = business_day(SystemClock().now())
    data = _read(args.facts)
    several = isinstance(data, list)
    answers = [_answer(pack, one, args.as_of or today, Case(args.case), today) for one in (data if several else [data])]
    print(orjson.dumps(answers if several else answers[0], option=orjson.OPT_INDENT_2).decode())
    wrong = [answer for answer in answers if "errors" in answer]
    for answer in wrong:
        for path, sentence in answer["errors"].items():
            print(f"{path or '事实'}：{sentence}", file=sys.stderr)
    return 1 if wrong else 0


def _answer(pack: Pack, data: Any, as_of: date, case: Case, today: date) -> dict[str, Any]:
    try:
        if any(version.deduction for version in pack.versions):
            return deduct_facts(pack, data, today=today).to_json()
        facts = parse_facts(data, horizon=max(as_of, today))
    except Invalid as invalid:
        return {"errors": dict(invalid.fields)}
    return assess(pack, facts, as_of=as_of, case=case).to_json()


def _read(name: str) -> Any:
    try:
        raw = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _file(Path(name))
    except OSError as error:
        raise CommandError(f"文件 {name} 打不开：{because(error)}。", exit_code=2) from error
    if len(raw) > LARGEST:
        raise CommandError(f"文件 {name} 太大，请分成几份。", exit_code=2)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise CommandError(
            f"{name} 不是能读懂的 JSON：第 {error.lineno} 行第 {error.colno} 列。", exit_code=2
        ) from error


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)

"""`tidu digest --week 2026-W47`: that week's digest, as it was sent or as it was known then."""

import argparse
import sys
from pathlib import Path
from typing import Any

import orjson

from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.config import Settings
from app.digests.printing import pdf
from app.digests.reading import Shown, read_digest
from app.digests.telling import text_of
from app.digests.terms import Week
from app.errors import because
from app.firms.reference import bureau_scope, load_reference
from app.web.digest_press import DigestPress

FORMATS = ("json", "html", "text", "pdf")


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("digest", help="某一周的周报：当时所知，或现在所知")
    parser.add_argument("--week", required=True, metavar="2026-W47", help="ISO 周")
    parser.add_argument("--scope", default="", metavar="CODE", help="行政区划代码，缺省为本局的")
    parser.add_argument("--format", choices=FORMATS, default="text", help="缺省为 text")
    parser.add_argument("--known", choices=("then", "now"), default="then", help="then 当时所知（缺省），now 现在所知")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="写到文件，缺省为标准输出")
    add_data_option(parser)
    parser.set_defaults(run=run)


def week_of(text: str) -> Week:
    try:
        return Week.parse(text)
    except ValueError as error:
        raise CommandError(f"看不懂这一周：{text}；应形如 2026-W47。", exit_code=2) from error


async def run(args: argparse.Namespace) -> int:
    week, at = week_of(args.week), SystemClock().now()
    async with opened(args) as (settings, database), database.reading() as conn:
        scope = args.scope or await bureau_scope(conn)
        shown = await read_digest(conn, week, scope, now=args.known == "now", at=at)
        bureau = (await load_reference(conn)).bureau
    made = _made(args.format, shown, settings, bureau)
    if args.output is None:
        sys.stdout.buffer.write(made)
        return 0
    try:
        args.output.write_bytes(made)
    except OSError as error:
        raise CommandError(f"写不了 {args.output}：{because(error)}。", exit_code=2) from error
    return 0


def _made(form: str, shown: Shown, settings: Settings, bureau: str) -> bytes:
    document = shown.document
    if form == "json":
        return orjson.dumps(shown.to_json(), option=orjson.OPT_INDENT_2) + b"\n"
    if form == "text":
        return text_of(document, corrections=(shown.corrected, shown.corrections)).encode()
    press = DigestPress(settings)
    if form == "html":
        return press.page(document, bureau=bureau).encode()
    return pdf(document, bureau=bureau, footer=press.address(document), fonts=settings.fonts)

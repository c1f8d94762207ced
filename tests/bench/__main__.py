"""`python -m tests.bench [--firms N] [--million] [--rounds N] [--only PART…]`: see docs and `issues show 2`."""

import argparse
import logging
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from app.embedded import start
from tests.bench import report
from tests.bench.assessing import measure_assessing
from tests.bench.capture import Captured, Shadow
from tests.bench.carrying import carrier_paths, furnish
from tests.bench.digesting import measure_digests
from tests.bench.exchange import measure_exchange
from tests.bench.flatness import measure_flatness
from tests.bench.ground import build_county, environment, free_port, serving, sign_in
from tests.bench.listing import measure_lists
from tests.bench.moves import measure_moves
from tests.bench.pages import (
    DASHBOARDS,
    Pages,
    capture_pages,
    full_scans,
    measure_pages,
    paths_of,
    plans,
)
from tests.bench.reminding import measure_reminding
from tests.bench.saving import measure_saving

USUAL = ("pages", "assessing", "moves", "exchange", "reminding", "digests", "dashboards", "carriers", "saving")
PARTS = (*USUAL, "lists")  # which takes ten minutes, and is measured when it is asked for
EXPLAINED = """
网站：tidu serve，1 个进程（uvicorn，单工作进程）；数据库：内置 PostgreSQL，fsync 开；客户端：同机 keep-alive。
基线 A：同样的语句和参数，经 asyncpg 直接执行。基线 B：不登录、不用 ORM 的 Starlette，执行同样语句、渲染同样模板。
比值取各轮之比的中位数；我方与基线逐轮交替。达到与否只看比值，毫秒数只供参考。
导出 CSV 有两条基线：单元格已在内存、只写文件（Python csv）；PostgreSQL 直接 COPY 同一条语句（读取、联结、排序和写）。
前一条不含读取，而读取本身就比它长；XLSX 的基线同样只写文件。
邮件：基线是同一个库、同样多的连接、同一台服务器，什么也不记。
保存：1,000 位已登录的填报员同时各存一页，一个网站进程；基线 B 是同样语句、一个事务、同一个片段。
清单：十万行联系人、证书、梯队移动，由后台任务检查、写入、撤销，各一个进程；撤销后逐表核对与导入前一致。
移动：一次 POST 表单到提交后的回答，对 BEGIN + 同一 POST 的全部语句（不含登录查询）+ COMMIT；每家企业只移动一次。
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument("--million", action="store_true", help="另建一个 1,000,000 家的县，比较两者（约 20 分钟）")
    parser.add_argument("--large", type=int, default=1_000_000, help="--million 的企业数")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(USUAL))
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"))
    return parser.parse_args()


async def run(args: argparse.Namespace, directory: Path) -> dict[str, Any]:
    with ExitStack() as stack:
        server = stack.enter_context(start(directory / "server"))
        told(f"正在合成 {args.firms:,} 家企业……")
        county = await build_county(server, "bench", args.firms)
        told(f"合成用时 {county.seconds:.0f} 秒。")
        port = free_port()
        env = environment(county.site_url, directory / "site", port)
        behind = environment(county.worker_url, directory / "site", port)
        site = stack.enter_context(serving(["app.cli", "serve", "--port", str(port)], port, env))
        cookie = await sign_in(port)
        shadow = Shadow(county.url, port=port, cookie=cookie)
        results: dict[str, Any] = {
            "machine": report.machine(),
            "firms": args.firms,
            "synth_seconds": county.seconds,
            "rows": [],
        }
        rows: list[dict[str, Any]] = results["rows"]
        captured = await _look(args, Pages(county, site, cookie, {}, {}, directory), shadow, rows)
        if "assessing" in args.only:
            keep(rows, await measure_assessing(county, behind))
        if "moves" in args.only:
            keep(rows, await measure_moves(county, site, cookie, shadow, rounds=args.rounds, alone=40, crowd=160))
        if "exchange" in args.only:
            keep(rows, await measure_exchange(county, site, cookie, directory, behind))
        if "lists" in args.only:
            keep(rows, await measure_lists(county, behind))
        if "reminding" in args.only:
            keep(rows, await measure_reminding(county, behind, assessed="assessing" in args.only))
        if "digests" in args.only:
            keep(rows, await measure_digests(county, behind))
        if "saving" in args.only:
            # Last of what goes through the shadow: it leaves it signed in as somebody else.
            keep(rows, await measure_saving(county, site, shadow, directory, rounds=3))
        if captured:
            # After the moves, so that every table a page reads holds something.
            results["plans"] = await plans(county.url, captured)
            results["full_scans"] = full_scans(results["plans"])
        if args.million:
            keep(rows, await measure_flatness(server, county, site, cookie, directory, args.large, rounds=args.rounds))
        await shadow.close()
        results["site_memory_mb"] = site.memory() / 2**20
    return results


async def _parts(url: str, only: Sequence[str]) -> list[Mapping[str, list[str]]]:
    """What is measured as pages are, each a part of its own."""
    parts: list[Mapping[str, list[str]]] = [DASHBOARDS] if "dashboards" in only else []
    if "carriers" in only:
        await furnish(url)
        parts.append(await carrier_paths(url))
    return parts


async def _look(
    args: argparse.Namespace, work: Pages, shadow: Shadow, rows: list[dict[str, Any]]
) -> dict[str, list[Captured]]:
    """What is only read; returns what the pages ask, for their plans."""
    captured: dict[str, list[Captured]] = {}
    if "pages" in args.only:
        paths = await paths_of(work.county.url)
        captured = await capture_pages(shadow, paths)
        pages = replace(work, paths=paths, captured=captured)
        keep(rows, await measure_pages(pages, rounds=args.rounds, alone=60, crowd=240))
    for looked_at in await _parts(work.county.url, args.only):
        seen = await capture_pages(shadow, looked_at)
        captured |= {} if looked_at is DASHBOARDS else seen  # those do read the whole county
        looked = replace(work, paths=looked_at, captured=seen)
        keep(rows, await measure_pages(looked, rounds=args.rounds, alone=40, crowd=120))
    return captured


def keep(rows: list[dict[str, Any]], measured: Sequence[dict[str, Any]]) -> None:
    """Told at once as well: a run that is ended early has not measured for nothing."""
    rows += measured
    told(report.table(measured))


def told(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main() -> int:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    args = arguments()
    directory = Path(tempfile.mkdtemp(prefix="tidu-bench-"))
    try:
        results = uvloop.run(run(args, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report.write(args.output, results)
    print(EXPLAINED)
    print(report.table(results["rows"]))
    scans = results.get("full_scans")
    if scans is not None:
        print("\n执行计划：" + ("没有全表扫描。" if not scans else "有全表扫描：" + "；".join(scans)))
    print(f"网站进程内存 {results['site_memory_mb']:.0f} MB；结果已写入 {args.output}。")
    return 0


if __name__ == "__main__":
    sys.exit(main())

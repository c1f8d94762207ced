"""Whether ten times as many firms cost more: the same requests on two counties, by turns."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from app.embedded import Server
from tests.bench.bare import connections, reading
from tests.bench.capture import Captured, Shadow
from tests.bench.ground import County, Site, build_county, clients, environment, free_port, serving, sign_in
from tests.bench.measure import Call, Side, by_turns, ratio
from tests.bench.moves import firms_to_move, posting
from tests.bench.pages import TITLES, getting, paths_of

_ALONE = 40
_MOST = 1.5


async def measure_flatness(
    server: Server, small: County, site: Site, cookie: str, directory: Path, firms: int, *, rounds: int
) -> list[dict[str, Any]]:
    large = await build_county(server, "bench_large", firms)
    print(f"合成 {firms:,} 家用时 {large.seconds:.0f} 秒。", flush=True)
    port = free_port()
    env = environment(large.site_url, directory / "large", port)
    rows = []
    async with AsyncExitStack() as stack:
        stack.enter_context(serving(["app.cli", "serve", "--port", str(port)], port, env))
        other = await sign_in(port)
        (near,) = await stack.enter_async_context(clients(site.port, 1, cookie=cookie))
        (far,) = await stack.enter_async_context(clients(port, 1, cookie=other))
        near_paths, far_paths = await paths_of(small.url), await paths_of(large.url)
        for name in ("board", "list", "search", "firm"):
            sides = [getting(near, near_paths[name]), getting(far, far_paths[name])]
            rows.append(await _compare(TITLES[name], sides, rounds, 3.0 if name == "board" else _MOST))
        needed = rounds * _ALONE + 10
        codes = [
            iter(await firms_to_move(county.url, needed, skip=20_000 if county.firms >= 100_000 else 0))
            for county in (small, large)
        ]
        moves = [posting(near, codes[0]), posting(far, codes[1])]
        rows.append(await _compare("移动", moves, rounds, _MOST))
        rows.append(await _counts(small, large, (site.port, cookie), (port, other), rounds))
    return rows


async def _compare(name: str, calls: Sequence[Call], rounds: int, most: float) -> dict[str, Any]:
    sides = [Side("small", [calls[0]]), Side("large", [calls[1]])]
    for side in sides:
        for _ in range(10):
            await side.calls[0](side.numbers.take())
    await by_turns(sides, rounds=rounds, alone=_ALONE, crowd=0)
    small, large = (side.alone for side in sides)
    times = ratio(large.medians, small.medians)
    return {
        "what": f"{name}：大县对小县",
        "clients": 1,
        "ours_ms": large.median,
        "ours_p95": large.p95,
        "A_ms": small.median,
        "ours_per_s": large.rate,
        "floor_per_s": small.rate,
        "ratio": times,
        "target": f"≤ {most} × 小县",
        "met": times <= most,
    }


async def _counts(
    small: County, large: County, near: tuple[int, str], far: tuple[int, str], rounds: int
) -> dict[str, Any]:
    """The board's counts alone, as the site asks for them."""
    calls = []
    async with AsyncExitStack() as stack:
        for county, (port, cookie) in ((small, near), (large, far)):
            shadow = Shadow(county.url, port=port, cookie=cookie)
            board = await shadow.page("/board")
            await shadow.close()
            counts = [s for s in board.statements if "tier_counts" in s[0]]
            (connection,) = await stack.enter_async_context(connections(county.url, 1))
            calls.append(reading(connection, [Captured(counts)]))
        return await _compare("看板计数", calls, rounds, 3.0)

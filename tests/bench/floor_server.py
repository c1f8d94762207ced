"""Floor B: Starlette without sign-in or ORM. The page's own SQL through asyncpg, its own template and context.

It does not even turn rows into what the template shows: that is the house's work, and its cost is in the ratio.
"""

import os
import pickle
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.web.templating import make_environment
from tests.bench.bare import connect_options


async def _as_it_is(_: asyncpg.Connection) -> None:
    """A pool that sends nothing when a connection comes back: this floor is to be as low as it can be."""


def floor(capture: Path, url: str) -> Starlette:
    pages = pickle.loads(capture.read_bytes())
    templates = make_environment()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        options = connect_options(url)
        app.state.pool = await asyncpg.create_pool(**options, min_size=16, max_size=16, reset=_as_it_is)
        yield
        await app.state.pool.close()

    async def answer(request: Request) -> HTMLResponse:
        captured = pages[request.path_params["name"]][request.path_params["number"]]
        async with request.app.state.pool.acquire() as connection:
            for statement, parameters in captured.statements:
                await connection.fetch(statement, *parameters)
        return HTMLResponse(templates.get_template(captured.template).render(captured.context))

    async def write(request: Request) -> HTMLResponse:
        await request.form()
        captured = pages[request.path_params["name"]][request.path_params["number"]]
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            for statement, parameters in captured.statements:
                await connection.fetch(statement, *parameters)
        return HTMLResponse(templates.get_template(captured.template).render(captured.context))

    place = "/{name}/{number:int}"
    routes = [Route(place, answer), Route(place, write, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(
        floor(Path(sys.argv[2]), os.environ["TIDU_DATABASE_URL"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=600,
    )

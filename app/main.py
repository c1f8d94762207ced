"""The web's composition root."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.access.oidc import Provider
from app.assessments.telling import Teller
from app.clock import Clock, SystemClock
from app.config import STATIC, Settings
from app.db import Database
from app.files.opening import open_store
from app.looking import SITE_PATH
from app.vault import vault_of
from app.web import account, admin, api, carrier, denials, errors, files, health, officer, portal, violations
from app.web.allowance import Allowance
from app.web.api.openapi import complete
from app.web.lookups import Lookups
from app.web.middleware import Edge, Metrics
from app.web.templating import make_environment

PATIENCE = 6  # seconds without a word from the database; with what follows, nobody waits longer than ten for an answer
_YEAR = "public, max-age=31536000, immutable"


class HashedStatic(StaticFiles):
    """Files are asked for by their hash (`?v=`), so a browser may keep them for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            response.headers["cache-control"] = _YEAR
        return response


def _settle() -> None:
    """What stands at the start stands to the end: looking through it again and again for rubbish costs every page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _add_routes(app: FastAPI) -> None:
    # The routes one by one, those that are opened all day first: an included router is asked twice for every address,
    # carries its own bookkeeping, which costs a page more than the page's own route, and builds its routes once more.
    pages = (*officer.ROUTERS, *portal.ROUTERS, *carrier.ROUTERS, *admin.ROUTERS, *account.ROUTERS)
    for router in (*pages, files.router, *api.ROUTERS, health.router, violations.router):
        for route in router.routes:
            route.include_in_schema = router in api.ROUTERS
            app.router.routes.append(route)
    app.mount("/static", HashedStatic(directory=STATIC), name="static")


def _database(settings: Settings) -> Database:
    size, keys = settings.pool_size, lambda: vault_of(settings)
    return Database(settings.database_url, pool_size=size, path=SITE_PATH, patience=PATIENCE, keys=keys)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    rendered: list[Any] | None = None,
) -> FastAPI:
    """Builds the site; nothing is read or opened at import. `rendered` collects templates and contexts in tests."""
    owned = database is None
    house = database or _database(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await app.state.lookups.warm(house)
        if not owned:
            yield
            return
        _settle()
        async with denials.writing_down(app.state.denials, house, app.state.clock):
            yield
        await house.dispose()

    app = FastAPI(
        title="梯度 Tidu",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
        # Nothing about a request leaves the house, whatever exporter the environment names.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    metrics = Metrics()
    app.state.settings = settings
    app.state.database = house
    app.state.clock = clock or SystemClock()
    app.state.files = open_store(settings)
    app.state.lookups = Lookups()
    app.state.templates = make_environment()
    app.state.teller = Teller()
    app.state.metrics = metrics
    app.state.violations = violations.Allowance()
    app.state.allowance = allowance = Allowance(settings.requests_a_minute)
    app.state.denials = denials.Tally()
    app.state.provider = Provider(settings)
    app.state.rendered = rendered
    _add_routes(app)
    errors.install(app)
    complete(app)
    app.add_middleware(Edge, settings=settings, metrics=metrics, allowance=allowance, on_fault=errors.unexpected)
    return app

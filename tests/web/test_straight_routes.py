"""The pages opened all day are called without the framework's solver; what it would have seen to is seen to."""

from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace

import fastapi.routing
import pytest
from fastapi import Depends, Request, Response

from app.access.terms import Permission
from app.firms import queries
from app.web.deps import ConnDep, Guard
from app.web.routing import Router
from tests import factories


@pytest.fixture
def solved(monkeypatch):
    """The addresses for which the solver was asked."""
    asked, solve = [], fastapi.routing.solve_dependencies

    async def asking(*, request, **given):
        asked.append(request.url.path)
        return await solve(request=request, **given)

    monkeypatch.setattr(fastapi.routing, "solve_dependencies", asking)
    return asked


async def test_a_page_with_nothing_to_be_read_from_its_query_is_called_straight(conn, client_as, solved):
    uscc = await factories.firm(conn, name="江门市晴川智能装备有限公司")
    officer = await client_as("officer")
    solved.clear()
    assert "江门市晴川智能装备有限公司" in (await officer.get(f"/firms/{uscc}")).text
    assert solved == []
    assert (await officer.get("/firms?q=晴川")).status_code == 200
    assert solved == ["/firms"]


async def test_who_may_not_is_refused_and_what_is_not_there_is_missing(conn, anonymous, client_as, solved):
    uscc = await factories.firm(conn)
    carrier, officer = await client_as("carrier"), await client_as("officer")
    solved.clear()
    assert (await carrier.get(f"/firms/{uscc}")).status_code == 403
    assert (await officer.get("/firms/91440783MA00000000")).status_code == 404
    assert (await anonymous.get(f"/firms/{uscc}")).headers["location"].startswith("/sign-in")
    assert (await officer.head(f"/firms/{uscc}")).status_code == 405
    assert solved == []


async def test_a_page_that_fails_gives_its_connection_back(conn, app, client_as, solved, monkeypatch):
    uscc = await factories.firm(conn)
    officer = await client_as("officer")
    solved.clear()
    held, reading = [], app.state.database.reading

    @asynccontextmanager
    async def watched():
        async with reading() as connection:
            held.append(True)
            try:
                yield connection
            finally:
                held.pop()

    async def broken(*_, **__):
        assert held
        raise RuntimeError

    monkeypatch.setattr(app.state.database, "reading", watched)
    monkeypatch.setattr(queries, "firm_by_uscc", broken)
    with pytest.raises(RuntimeError):
        await officer.get(f"/firms/{uscc}")
    assert (held, solved) == ([], [])


async def test_a_right_that_only_the_route_asks_for_is_asked_for(solved):
    class Asked(Guard):
        async def __call__(self, _: Request, conn: ConnDep) -> None:
            seen.append(conn)

    async def shown(conn: ConnDep) -> Response:
        return Response(conn)

    seen, database = [], SimpleNamespace(reading=lambda: nullcontext("here"))
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(database=database)), path_params={})
    router = Router()
    router.get("/x", dependencies=[Depends(Asked(Permission.FIRM_READ))])(shown)
    (route,) = router.routes
    answer = await route.get_route_handler()(request)
    assert (answer.body, seen, solved) == (b"here", ["here"], [])

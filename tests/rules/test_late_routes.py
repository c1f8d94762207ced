"""A route is worked out when somebody first asks for it: six hundred of them would keep a start waiting."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from app.web.routing import LateRoute, Router


class Body(BaseModel):
    words: str


def site() -> FastAPI:
    router = Router(prefix="/things", tags=["things"])

    @router.get("/new")
    async def new() -> Response:
        return Response("new")

    @router.get("/{thing}")
    async def show(thing: int, more: int = 0) -> Response:
        return Response(f"{thing} {more}")

    @router.post("/{thing}", response_model=Body, status_code=201)
    async def change(thing: int, body: Body, request: Request) -> dict[str, str]:
        return {"words": f"{thing} {body.words} {request.scope['route'].path}"}

    app = FastAPI()
    app.router.routes.extend(router.routes)
    return app


def worked_out(app: FastAPI) -> list[str]:
    return [route.name for route in app.routes if isinstance(route, LateRoute) and "dependant" in vars(route)]


@pytest.fixture
def app() -> FastAPI:
    return site()


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here")


async def test_only_what_is_asked_for_is_worked_out(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).status_code == 404
    assert (await client.get("/things/1/2")).status_code == 404
    assert (await client.put("/things/1")).status_code == 405
    assert worked_out(app) == []
    assert (await client.get("/things/1?more=2")).text == "1 2"
    assert worked_out(app) == ["show"]
    assert (await client.get("/things/new")).text == "new"
    assert worked_out(app) == ["new", "show"]


async def test_it_then_reads_checks_and_answers_as_any_other_does(client: httpx.AsyncClient) -> None:
    made = await client.post("/things/7", json={"words": "said"})
    assert (made.status_code, made.json()) == (201, {"words": "7 said /things/{thing}"})
    assert (await client.post("/things/7", json={})).status_code == 422
    assert (await client.get("/things/seven")).status_code == 422
    assert (await client.post("/things/new", json={"words": "x"})).status_code == 422  # the second of its addresses


def test_a_description_of_all_works_all_of_them_out(app: FastAPI) -> None:
    described = app.openapi()
    assert set(described["paths"]) == {"/things/new", "/things/{thing}"}
    assert described["paths"]["/things/{thing}"]["post"]["tags"] == ["things"]
    assert worked_out(app) == ["new", "show", "change"]
    assert app.url_path_for("show", thing="3") == "/things/3"


def test_what_no_route_has_is_said_to_be_missing(app: FastAPI) -> None:
    route = app.routes[-1]
    with pytest.raises(AttributeError):
        _ = route.colour  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = route.__wrapped__  # type: ignore[attr-defined]


def test_one_that_could_not_be_worked_out_says_why_each_time_and_is_whole_when_it_can(app: FastAPI) -> None:
    route = next(each for each in app.routes if isinstance(each, LateRoute) and each.name == "change")
    before = set(vars(route))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LateRoute, "get_route_handler", _unable)
        for _ in range(2):
            with pytest.raises(MemoryError):
                _ = route.app
            assert set(vars(route)) == before
    assert callable(route.app)
    assert [field.name for field in route.dependant.body_params] == ["body"]


def _unable(_: LateRoute) -> None:
    raise MemoryError


def test_a_second_thread_waits_until_all_of_it_is_there(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(each for each in app.routes if isinstance(each, LateRoute) and each.name == "show")
    begun, plain = threading.Event(), LateRoute.get_route_handler

    def slowly(this: LateRoute) -> Any:
        begun.set()
        time.sleep(0.05)
        return plain(this)

    monkeypatch.setattr(LateRoute, "get_route_handler", slowly)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(lambda: route.app)
        begun.wait()
        second = threads.submit(lambda: route.app)
        assert first.result() is second.result()

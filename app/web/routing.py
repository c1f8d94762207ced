"""Routes that are known by their address at once and worked out when they are first asked for.

What the framework reads from a route's signature, and pydantic's validators for it, take milliseconds a route: for all
of them longer than everything else that a process does before its first answer.
"""

from collections.abc import Callable, Coroutine
from inspect import signature
from threading import RLock
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope

from app.web.deps import Guard, open_conn

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class LateRoute(APIRoute):
    def __init__(self, path: str, endpoint: Callable[..., Any], **asked: Any) -> None:
        self.path, self.endpoint = path, endpoint
        self.name = asked["name"] or get_name(endpoint)
        self.methods = {method.upper() for method in asked["methods"] or ("GET",)}
        self.include_in_schema = asked["include_in_schema"]
        self._head = path.partition("{")[0]
        self._asked = asked

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope.get("root_path") and not scope["path"].startswith(self._head):
            return Match.NONE, {}
        return super().matches(scope)

    def __getattr__(self, name: str) -> Any:
        """Of what is not there yet: the pattern alone decides whose address it is, all the rest comes together."""
        if name in _PATTERN:
            self.path_regex, self.path_format, self.param_convertors = compile_path(self.path)
            return self.__dict__[name]
        if name.startswith("__"):
            raise AttributeError(name)
        with _AT_WORK:  # a second thread waits for the whole of it
            if "_asked" in self.__dict__:
                self._work_out(self.__dict__.pop("_asked"))
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None

    def get_route_handler(self) -> Handler:
        return _straight(self.dependant, self.methods) or super().get_route_handler()

    def _work_out(self, asked: dict[str, Any]) -> None:
        """One that could not be stays as it was: whoever asks next is told why, too, and not of half a route."""
        before = dict(self.__dict__)
        try:
            super().__init__(self.path, self.endpoint, **(asked | {"include_in_schema": self.include_in_schema}))
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before, _asked=asked)
            raise


def _straight(route: Dependant, methods: set[str] | None) -> Handler | None:
    """How a page is called that asks for a connection, a right, parts of its address and the request, for nothing else.

    The framework does the same in the same order, but works its way through a general solver, three stacks and a
    cancel scope for it.
    """
    call: Any = route.call
    guards: list[tuple[str | None, Any]] = [(d.name, d.call) for d in route.dependencies if isinstance(d.call, Guard)]
    conns = [d.name for d in route.dependencies if d.call is open_conn]
    parts = [(field.name, field.alias) for field in route.path_params if _is_text(field.field_info)]
    known = {route.request_param_name, *conns, *(name for name, _ in (*guards, *parts))}
    if (
        methods != {"GET"}
        or not 0 < len(guards) + len(conns) == len(route.dependencies)
        or known - {None} != set(signature(call).parameters)
        or signature(call).return_annotation is not Response
    ):
        return None

    async def handle(request: Request) -> Response:
        values: dict[Any, Any] = {name: request.path_params[alias] for name, alias in parts}
        if route.request_param_name:
            values[route.request_param_name] = request
        async with request.app.state.database.reading() as conn:
            for name in conns:
                values[name] = conn
            for name, guard in guards:
                values[name] = await guard(request, conn)
            values.pop(None, None)  # a right that the route asks for and its function does not see
            response: Response = await call(**values)
        return response

    return handle


def _is_text(part: FieldInfo) -> bool:
    return part.annotation is str and not part.metadata


_AT_WORK = RLock()
_PATTERN = frozenset({"path_regex", "path_format", "param_convertors"})


class Router(APIRouter):
    """What every part of the site declares its routes with."""

    def __init__(self, **given: Any) -> None:
        super().__init__(route_class=LateRoute, **given)

"""Routes that are known by their address at once and worked out when they are first asked for.

What the framework reads from a route's signature, and pydantic's validators for it, take milliseconds a route: for all
of them longer than everything else that a process does before its first answer.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope


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

    def _work_out(self, asked: dict[str, Any]) -> None:
        """One that could not be stays as it was: whoever asks next is told why, too, and not of half a route."""
        before = dict(self.__dict__)
        try:
            super().__init__(self.path, self.endpoint, **(asked | {"include_in_schema": self.include_in_schema}))
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before, _asked=asked)
            raise


_AT_WORK = RLock()
_PATTERN = frozenset({"path_regex", "path_format", "param_convertors"})


class Router(APIRouter):
    """What every part of the site declares its routes with."""

    def __init__(self, **given: Any) -> None:
        super().__init__(route_class=LateRoute, **given)

"""Every route the site answers, as the framework sees it."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.web.deps import permissions_of


@dataclass(frozen=True, order=True)
class RouteLine:
    path: str
    method: str
    permissions: tuple[str, ...]


def routes_of(app: FastAPI) -> Iterator[RouteLine]:
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        asked = tuple(sorted(p.value for p in permissions_of(dependant))) if dependant is not None else ()
        for method in sorted(getattr(context, "methods", None) or {"*"}):
            yield RouteLine(context.path, method, asked)

"""`tidu routes`: every address, what it asks for and who has that, read from the site itself."""

import argparse
from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.access.terms import PERMISSIONS, Role
from app.config import Settings
from app.main import create_app
from app.web.deps import permissions_of

_ANSWERED_FOR_FREE = {"HEAD", "OPTIONS"}  # beside every GET


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("routes", help="列出全部地址及其所需权限")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> int:
    # A database that is never opened: the site's shape does not depend on it.
    app = create_app(Settings(database_url="postgresql://localhost/none"))
    found = sorted(routes_of(app), key=lambda route: (route["path"], route["method"]))
    if args.json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return 0
    for route in found:
        who = "任何人（无需登录）" if route["public"] else "、".join(Role(r).label for r in route["roles"])
        print(f"{route['method']:<7} {route['path']:<48} {' '.join(route['permissions']) or '-':<16} {who}")
    return 0


def routes_of(app: FastAPI) -> Iterator[dict[str, Any]]:
    """A route without any permission in its dependency tree is public, and says so."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        asked = sorted(permissions_of(dependant)) if dependant is not None else []
        roles = [role.value for role in Role if set(asked) <= PERMISSIONS[role]] if asked else []
        for method in sorted(set(getattr(context, "methods", None) or {"GET"}) - _ANSWERED_FOR_FREE):
            yield {
                "method": method,
                "path": context.path,
                "permissions": [permission.value for permission in asked],
                "roles": roles,
                "public": not asked,
            }

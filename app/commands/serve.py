"""`tidu serve`: the site's processes of a production installation."""

import argparse
from typing import Any

import uvicorn

from app import logs
from app.commands.context import production_settings
from app.commands.patience import PatientProtocol
from app.config import Settings
from app.main import create_app

# Those that are kept open too: a thousand clerks on a form's last day, and others beside them.
CONNECTIONS = 3_000
_OTHER_FILES = 500


def add_parser(subparsers: Any) -> None:
    serve: argparse.ArgumentParser = subparsers.add_parser("serve", help="只运行网站（生产环境）")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, default=1, help="网站进程数")
    serve.set_defaults(run=run_serve)


def web_app() -> Any:
    """The factory that every web process calls for itself."""
    settings = production_settings()
    logs.set_up(settings.log_format)
    return create_app(settings)


def run_serve(args: argparse.Namespace) -> int:
    settings = production_settings()
    logs.set_up(settings.log_format)
    open_enough_files()
    uvicorn.run(
        "app.commands.serve:web_app",
        factory=True,
        host=args.host,
        port=args.port,
        workers=args.workers,
        **server_options(settings),
    )
    return 0


def open_enough_files() -> None:
    """A connection is an open file, and many systems allow a process 1,024 of them unless it asks for more."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def server_options(settings: Settings) -> dict[str, Any]:
    return {
        "loop": "uvloop",
        "http": PatientProtocol,
        "log_level": "warning",
        "log_config": None,  # the server's lines go the way of ours
        "access_log": False,
        "server_header": False,
        # Without a proxy of ours in front, X-Forwarded-For is whatever the sender likes.
        "proxy_headers": bool(settings.proxies),
        "forwarded_allow_ips": settings.proxies,
        "timeout_keep_alive": 30,
        "limit_concurrency": CONNECTIONS,
    }

"""The command line, a module a command. Each offers `add_parser(subparsers)` and sets `run` on its parser."""

from app.commands import assess, check, digest, exchange, jobs, migrate, routes, seeding, serve, up, uscc, users

COMMANDS = (up, serve, migrate, seeding, users, uscc, assess, exchange, digest, jobs, routes, check)

"""The command line, a module a command or two. Each offers `add_parser(subparsers)` and sets `run` on its parser."""

# Word to module. A word brings in its own module only: the whole house takes seconds to import.
COMMANDS = {
    "up": "up",
    "serve": "serve",
    "worker": "worker",
    "migrate": "migrate",
    "seed": "seeding",
    "synth": "seeding",
    "user": "users",
    "token": "users",
    "keys": "keys",
    "uscc": "uscc",
    "assess": "assess",
    "import": "exchange",
    "export": "exchange",
    "digest": "digest",
    "run-job": "jobs",
    "routes": "routes",
    "audit": "audit",
    "grants": "grants",
    "personal": "personal",
    "check": "check",
}

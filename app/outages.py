"""What an error of the database means: our own fault, a value nobody can store, or a server that is away."""

import asyncpg


def constraint_of(error: BaseException) -> str | None:
    """The name of the constraint that a statement broke, if it broke one."""
    seen: BaseException | None = error
    while seen is not None:
        name = getattr(seen, "constraint_name", None)
        if isinstance(name, str):
            return name
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return None


def is_bad_input(error: BaseException) -> bool:
    """True when a value cannot be stored at all: a NUL in a text, a number or a moment beyond the type."""
    seen: BaseException | None = error
    while seen is not None:
        # The driver's own refusals are ValueErrors, the server's are of class 22.
        if isinstance(seen, asyncpg.DataError) or (isinstance(seen, asyncpg.InterfaceError) and _is_value_error(seen)):
            return True
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return False


def _is_value_error(error: BaseException) -> bool:
    return isinstance(error, ValueError)


def is_closed(error: BaseException) -> bool:
    """The driver has one class for a connection that is gone and for one used wrongly; the second is our fault.

    Between the server's last word and the end of the line, the driver says that it cannot leave the state it is in.
    """
    if isinstance(error, asyncpg.InternalClientError):
        return "cannot switch to state" in str(error)
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)


def is_outage(error: BaseException) -> bool:
    """True for errors that mean the database is away, full or busy: the person should retry, nothing is wrong."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_outage, error.exceptions))
    if is_bad_input(error):
        return False
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(
            seen,
            (
                asyncpg.PostgresConnectionError,
                asyncpg.CannotConnectNowError,
                asyncpg.AdminShutdownError,
                asyncpg.CrashShutdownError,
                asyncpg.TooManyConnectionsError,
                asyncpg.LockNotAvailableError,
                asyncpg.DeadlockDetectedError,  # the one of two that gave way: the same again goes through
                asyncpg.DiskFullError,
                ConnectionError,
                TimeoutError,
                OSError,
            ),
        ) or is_closed(seen):
            return True
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return False

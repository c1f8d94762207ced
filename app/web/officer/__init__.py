"""The officers' desk."""

from app.web.officer import (
    applications,
    board,
    certificates,
    clerks,
    exports,
    filings,
    firm_form,
    firms,
    gap,
    imports,
    moves,
    plans,
    receipts,
    search,
    today,
    windows,
)

# Fixed addresses below /firms come before /firms/{uscc}.
_PARTS = (
    today,
    exports,
    firm_form,
    firms,
    gap,
    certificates,
    clerks,
    moves,
    receipts,
    plans,
    board,
    search,
    imports,
    filings,
    windows,
    applications,
)
ROUTERS = tuple(part.router for part in _PARTS)

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
    needs,
    plans,
    receipts,
    search,
    tasks,
    today,
    visits,
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
    visits,
    tasks,
    needs,
    board,
    search,
    imports,
    filings,
    windows,
    applications,
)
ROUTERS = tuple(part.router for part in _PARTS)

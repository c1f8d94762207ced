"""The officers' desk."""

from app.web.officer import board, certificates, exports, firm_form, firms, gap, imports, moves, search, today

# Fixed addresses below /firms come before /firms/{uscc}.
_PARTS = (today, exports, firm_form, firms, gap, certificates, moves, board, search, imports)
ROUTERS = tuple(part.router for part in _PARTS)

"""The officers' desk."""

from fastapi import APIRouter

from app.web.officer import board, certificates, exports, firm_form, firms, gap, imports, moves, search, today

router = APIRouter(include_in_schema=False)
# Fixed addresses below /firms come before /firms/{uscc}.
for part in (today, exports, firm_form, firms, gap, certificates, moves, board, search, imports):
    router.include_router(part.router)

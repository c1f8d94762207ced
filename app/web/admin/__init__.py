"""The administrators' and auditors' desk."""

from fastapi import APIRouter

from app.web.admin import audit, calendar, outbox, users

router = APIRouter(include_in_schema=False)
for part in (users, audit, calendar, outbox):
    router.include_router(part.router)

"""The administrators' and auditors' desk."""

from app.web.admin import audit, calendar, outbox, policies, users

ROUTERS = tuple(part.router for part in (users, audit, calendar, outbox, policies))

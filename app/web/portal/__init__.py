"""The firms' own pages: one firm, which is the account's; a narrow column, one thing at a time."""

from app.web.portal import home, joining, people

_PARTS = (home, people, joining)
ROUTERS = tuple(part.router for part in _PARTS)

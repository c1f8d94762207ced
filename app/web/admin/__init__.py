"""The administrators' and auditors' desk."""

from app.web.admin import (
    audit,
    calendar,
    expiry,
    grants,
    identities,
    jobs,
    outbox,
    outlets,
    permissions,
    plans,
    policies,
    policy_conditions,
    policy_drafts,
    policy_publishing,
    security,
    tiers,
    users,
)

# Fixed addresses below /admin/policies come before /admin/policies/{version_id}.
_PARTS = (
    users,
    expiry,
    security,
    grants,
    identities,
    audit,
    permissions,
    calendar,
    jobs,
    outbox,
    outlets,
    tiers,
    policy_drafts,
    policy_conditions,
    policy_publishing,
    policies,
    plans,
)
ROUTERS = tuple(part.router for part in _PARTS)

"""What a person may do with a version as it stands, so that pages offer nothing that would be refused."""

from dataclasses import dataclass

from app.access.terms import TOWN_DIGITS, Permission, Viewer
from app.assessments.terms import VersionState
from app.assessments.versions import Edition


@dataclass(frozen=True, slots=True)
class Acts:
    copy: bool
    edit: bool
    discard: bool
    submit: bool
    withdraw: bool
    decide: bool
    ask_retirement: bool
    decide_retirement: bool


def acts_for(edition: Edition, viewer: Viewer) -> Acts:
    drafts = viewer.may(Permission.POLICY_ADMIN)
    decides = viewer.may(Permission.POLICY_APPROVE) and len(viewer.scope) < TOWN_DIGITS
    state, asked = edition.state, edition.retirement
    return Acts(
        copy=drafts,
        edit=drafts and state is VersionState.DRAFT,
        discard=drafts and state is VersionState.DRAFT,
        submit=drafts and state is VersionState.DRAFT,
        withdraw=drafts and state is VersionState.SUBMITTED,
        decide=decides and state is VersionState.SUBMITTED and viewer.id not in edition.drafters,
        ask_retirement=drafts and state is VersionState.PUBLISHED and asked is None,
        decide_retirement=decides and state is VersionState.PUBLISHED and asked is not None,
    )

"""Carriers, spaces and tenancies in the API's words."""

from datetime import date

from app.access.terms import Role, Viewer
from app.carriers.proposal_terms import Proposal, told_operator
from app.carriers.rules import months_used
from app.carriers.stay_terms import Tenancy
from app.carriers.terms import Fill, Space
from app.web.api.carrier_schemas import FillOut, ProposalOut, SpaceOut, TenancyOut
from app.web.api.stay_schemas import OwnTenancyOut


def fill_out(fill: Fill, on: date) -> FillOut:
    return FillOut(
        on=on,
        rooms=fill.rooms,
        rooms_let=fill.rooms_let,
        area=f"{fill.area:.2f}",
        area_let=f"{fill.area_let:.2f}",
        rate=f"{fill.rate:.6f}" if fill.rate is not None else None,
        seats=fill.seats,
        seats_let=fill.seats_let,
        firms=fill.firms,
        teams=fill.teams,
    )


def space_out(space: Space) -> SpaceOut:
    plain = {name: getattr(space, name) for name in SpaceOut.model_fields if name != "area"}
    return SpaceOut(**plain, area=f"{space.area:.2f}")


def tenancy_out(t: Tenancy, today: date) -> TenancyOut:
    return TenancyOut(
        id=t.id,
        carrier_id=t.carrier_id,
        carrier=t.carrier_name,
        space=t.space_id,
        place=t.place,
        uscc=t.uscc or None,
        team=t.team_name or None,
        tenant=t.holder,
        seats=t.seats,
        from_=t.since,
        to=t.until,
        incubating_since=t.incubating_since,
        months_used=months_used(t.clock_since, t.ended_on or today) if t.clock_since else None,
        limit_months=t.limit_months,
        limit_basis=t.limit_basis,
        special_field=t.special_field.value if t.special_field else None,
        rent_reduced=t.rent_reduced,
        agreement_no=t.agreement_no,
        agreement_on=t.agreement_on,
        stage_target=t.stage_target,
        ended_on=t.ended_on,
        end_reason=t.end_reason.value if t.end_reason else None,
        end_note=t.end_note,
        entry=dict(t.entry) if t.entry else None,
        ground=dict(t.ground) if t.ground else None,
        previous_id=t.previous_id,
        version=t.version,
    )


def own_tenancy_out(t: Tenancy, today: date) -> OwnTenancyOut:
    whole = tenancy_out(t, today)
    same = OwnTenancyOut.model_fields.keys() & TenancyOut.model_fields.keys()
    return OwnTenancyOut(**{name: getattr(whole, name) for name in same}, operator=t.operator)


def proposal_out(p: Proposal, viewer: Viewer, today: date) -> ProposalOut:
    state = told_operator(p, today) if viewer.role is Role.CARRIER else p.state
    return ProposalOut(
        id=p.id,
        carrier_id=p.carrier_id,
        carrier=p.carrier_name,
        uscc=p.uscc,
        space=p.space_id,
        place=p.place,
        team=p.team_name or None,
        from_=p.since,
        to=p.until,
        incubates=bool(p.terms.get("incubates")),
        agreement_no=p.terms.get("agreement_no", ""),
        state=state.value,
        due_on=p.due_on,
        closes_on=p.closes_on,
        overtaken=p.overtaken,
        tenancy_id=p.tenancy_id,
    )

"""The certificate that a step asks for: asked in the move's own form, registered in the same act or not at all."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime

from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import Conflict, Forbidden, Invalid
from app.pipeline.terms import Tier
from app.recognitions import registering
from app.recognitions.terms import CertificateKind
from app.web.certificate_input import read_certificate

_PARTS = ("number", "issued_on", "expires_on")
_PREFIX = "certificate_"


def kind_for(tier: Tier) -> CertificateKind | None:
    """What opens a step that is taken with a certificate."""
    return CertificateKind(tier.sought) if tier.sought != tier.policy else None


def typed_in(raw: Mapping[str, str]) -> dict[str, str]:
    return {part: raw.get(_PREFIX + part, "") for part in _PARTS}


@asynccontextmanager
async def with_certificate(
    conn: Conn, uscc: str, tier: Tier | None, typed: Mapping[str, str], *, by: Actor, today: date, at: datetime
) -> AsyncIterator[str]:
    """Around the move; says what it registered. Raises Invalid by field; a move that is refused takes it back."""
    if not any(said.strip() for said in typed.values()):
        yield ""
        return
    if not by.viewer.may(Permission.FIRM_CERTIFY):
        raise Forbidden("您的角色不能登记证书。")
    kind = kind_for(tier) if tier else None
    if kind is None:
        raise Invalid({f"{_PREFIX}number": "证书只随移到须凭证书进入的梯队登记；移到别处请留空。"})
    async with conn.begin_nested():
        try:
            new = read_certificate({**typed, "kind": kind.value}, today=today)
            await registering.register(conn, uscc, new, by=by, at=at)
        except Invalid as error:
            raise Invalid({_PREFIX + field: said for field, said in error.fields.items()}) from error
        except Conflict as error:
            raise Invalid({f"{_PREFIX}number": error.sentence}) from error
        yield f"已登记{kind.label}证书 {new.number}；"

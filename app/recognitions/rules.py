"""How long a recognition holds."""

from datetime import date

from app.recognitions.terms import CertificateState

# 国科发火〔2016〕32号 第十二条: 高新技术企业证书 is valid for three years.
HNTE_YEARS = 3


def expiry(issued_on: date, years: int) -> date:
    """The corresponding day `years` later; 29 February falls on the 28th where the year has none."""
    try:
        return issued_on.replace(year=issued_on.year + years)
    except ValueError:
        return issued_on.replace(year=issued_on.year + years, day=28)


def state_on(day: date, *, issued_on: date, expires_on: date, revoked_on: date | None) -> CertificateState:
    if revoked_on is not None and revoked_on <= day:
        return CertificateState.REVOKED
    if day < issued_on:
        return CertificateState.NOT_YET
    return CertificateState.IN_FORCE if day <= expires_on else CertificateState.LAPSED

"""How long a recognition holds, and what a record of one must say."""

import re
from datetime import date

from app.policy.figures import CLASS_TWO, IpKind
from app.recognitions.terms import CertificateKind, CertificateState

# 国科发火〔2016〕32号 第九条: 高新技术企业证书 is valid for three years.
HNTE_YEARS = 3
_HNTE_NUMBER = re.compile(r"[0-9A-Z]{6,40}", re.ASCII)
_LONGEST_NUMBER = 60
# 国科发火〔2016〕195号 三(二): before it no filing used a right of class Ⅱ up.
FIRST_USE = 2016


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


def number_of(kind: CertificateKind, text: str) -> str | None:
    """A certificate's number in the one way it is kept; None when it cannot be one."""
    number = "".join(text.split()).upper()
    if kind is CertificateKind.HNTE:
        return number if _HNTE_NUMBER.fullmatch(number) else None
    return number if 0 < len(number) <= _LONGEST_NUMBER else None


def problems(
    kind: CertificateKind, *, issued_on: date, expires_on: date, revoked_on: date | None, today: date
) -> dict[str, str]:
    """By field, a sentence for every date that cannot be."""
    found: dict[str, str] = {}
    longest = expiry(issued_on, HNTE_YEARS)
    if issued_on > today:
        found["issued_on"] = "发证日期不能晚于今天。"
    if expires_on <= issued_on:
        found["expires_on"] = "有效期止要晚于发证日期。"
    elif kind is CertificateKind.HNTE and expires_on > longest:
        found["expires_on"] = f"高企证书有效期三年（国科发火〔2016〕32号 第九条），不能晚于 {longest}。"
    if revoked_on is not None and not issued_on <= revoked_on <= today:
        found["revoked_on"] = "撤销日期要在发证日期和今天之间。"
    return found


def right_number(text: str) -> str | None:
    """A right's number in the one way it is kept; None when there is none or it cannot be one."""
    number = "".join(text.split()).upper()
    return number if 0 < len(number) <= _LONGEST_NUMBER else None


def right_problems(kind: IpKind, *, granted_on: date | None, used: int | None, today: date) -> dict[str, str]:
    found: dict[str, str] = {}
    if granted_on is not None and granted_on > today:
        found["granted_on"] = "授权日期不能晚于今天。"
    if (wrong := use_problem(kind, granted_on=granted_on, year=used, today=today)) is not None:
        found["used"] = wrong
    return found


def use_problem(kind: IpKind, *, granted_on: date | None, year: int | None, today: date) -> str | None:
    """Why a right cannot have served the 高企 filing of that year."""
    if year is None:
        return None
    if kind not in CLASS_TWO:
        return "Ⅰ类知识产权在有效期内可以多次使用，不用登记使用年度（国科发火〔2016〕195号 三(二)）。"
    if not FIRST_USE <= year <= today.year:
        return f"申报年度要在 {FIRST_USE} 到 {today.year} 之间。"
    return "授权在那一年之后，不可能用过。" if granted_on is not None and granted_on.year > year else None

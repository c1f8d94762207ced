"""R&D expense on its three bases, from the same lines, each with its arithmetic. One "R&D amount" would be a defect.

高企: 国科发火〔2016〕195号 三(六). 加计扣除: 财税〔2015〕119号, 财税〔2018〕64号, 公告2021年第28号.
统计: form 107-2, no cap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.policy.exact import EXACT, ZERO, Quotient
from app.policy.figures import INTERNAL_LINES, RD_LINES

Lines = Mapping[str, Decimal]

OUTSOURCED_SHARE = Decimal("0.8")
_QUARTER = Decimal("0.25")
_NINTH = Decimal(9)


def internal(lines: Lines) -> Decimal:
    """The six categories that are counted in full on every basis."""
    total = ZERO
    for line in INTERNAL_LINES:
        total = EXACT.add(total, lines[line])
    return total


def hnte_total(lines: Lines) -> tuple[Decimal, Decimal]:
    """R&D expense on the 高企 basis and the part of it inside the country.

    Outsourced work counts at 80 %; 其他费用 at most 20 % of the total. The text does not say whether that total is
    taken before or after capping; the stricter reading, after capping, is used: a quarter of everything else.
    """
    at_home = EXACT.add(internal(lines), EXACT.multiply(lines["outsourced_domestic"], OUTSOURCED_SHARE))
    abroad = EXACT.multiply(lines["outsourced_overseas"], OUTSOURCED_SHARE)
    without = EXACT.add(at_home, abroad)
    other = min(lines["other"], EXACT.multiply(without, _QUARTER))
    return EXACT.add(without, other), EXACT.add(at_home, other)


@dataclass(frozen=True, slots=True)
class Deduction:
    """The 加计扣除 basis. Amounts in 元; `other_limit` is exact as a quotient and to the fen when shown."""

    other_limit: Quotient
    other_allowed: Quotient
    domestic_allowed: Decimal
    overseas_allowed: Quotient
    base: Quotient


def deduction(lines: Lines) -> Deduction:
    """公告2021年第28号: 其他相关费用 at most the other five × 10 % / (1 - 10 %), pooled over all projects.

    财税〔2018〕64号: work outsourced abroad counts at 80 % and at most two thirds of the eligible domestic R&D.
    Everything is kept over 27, so that ninths and thirds stay exact.
    """
    five = internal(lines)
    # All amounts times 27: a ninth of the five, then two thirds of a sum that contains that ninth.
    other = min(EXACT.multiply(lines["other"], Decimal(27)), EXACT.multiply(five, Decimal(3)))
    domestic = EXACT.multiply(lines["outsourced_domestic"], OUTSOURCED_SHARE)
    eligible = EXACT.add(EXACT.multiply(EXACT.add(five, domestic), Decimal(27)), other)
    overseas = min(
        EXACT.multiply(EXACT.multiply(lines["outsourced_overseas"], OUTSOURCED_SHARE), Decimal(27)),
        EXACT.divide(EXACT.multiply(eligible, Decimal(2)), Decimal(3)),
    )
    den = Decimal(27)
    return Deduction(
        other_limit=Quotient(five, _NINTH),
        other_allowed=Quotient(other, den),
        domestic_allowed=domestic,
        overseas_allowed=Quotient(overseas, den),
        base=Quotient(EXACT.add(eligible, overseas), den),
    )


def statistical(lines: Lines) -> Decimal:
    """Form 107-2: every line in full."""
    total = ZERO
    for amount in lines.values():
        total = EXACT.add(total, amount)
    return total


@dataclass(frozen=True, slots=True)
class Counted:
    """One line as stated, and what of it counts on each basis; 元, quotients exact."""

    label: str
    stated: Decimal
    hnte: Quotient
    deduction: Quotient
    statistical: Quotient


def side_by_side(lines: Lines) -> tuple[Counted, ...]:
    """Every line on the three bases, the sum last, so that they cannot be taken for one another."""
    total, _ = hnte_total(lines)
    allowed = deduction(lines)
    share = {
        line: EXACT.multiply(lines[line], OUTSOURCED_SHARE) for line in ("outsourced_domestic", "outsourced_overseas")
    }
    other = EXACT.subtract(total, EXACT.add(internal(lines), EXACT.add(*share.values())))
    on_hnte = {**{line: lines[line] for line in INTERNAL_LINES}, **share, "other": other}
    on_deduction = {
        **{line: Quotient(lines[line]) for line in INTERNAL_LINES},
        "outsourced_domestic": Quotient(allowed.domestic_allowed),
        "outsourced_overseas": allowed.overseas_allowed,
        "other": allowed.other_allowed,
    }
    told = [
        Counted(figure.label, lines[line], Quotient(on_hnte[line]), on_deduction[line], Quotient(lines[line]))
        for line, figure in RD_LINES.items()
    ]
    every = statistical(lines)
    return (*told, Counted("合计", every, Quotient(total), allowed.base, Quotient(every)))

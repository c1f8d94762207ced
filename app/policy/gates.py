"""The one interface through which a ladder asks its tiers' policies: `evaluate(policy, facts, as_of=…)`.

Until the policy packs are loaded, two policies are known here: the certificate that a 高企 holds or does not
hold, and the judgement of a person for the titles whose local criteria nobody has published.
"""

from collections.abc import Callable
from datetime import date

from app.policy.facts import Facts, certificate_in_force
from app.policy.terms import LOCAL_DEFAULT, Assessment, Criterion, Outcome


def _hnte_certificate(facts: Facts, as_of: date) -> Assessment:
    """国科发火〔2016〕32号 第十二条: valid for three years; the corresponding day is the last valid one."""
    current = certificate_in_force(facts, "hnte", as_of)
    last = max((c for c in facts.certificates if c.kind == "hnte"), key=lambda c: c.expires_on, default=None)
    if current:
        outcome, note = Outcome.MET, f"证书 {current.number} 有效期至 {current.expires_on}。"
        actual = current.number
    elif last:
        outcome, actual = Outcome.NOT_MET, last.number
        if last.issued_on > as_of:
            note = f"高企证书 {last.number} 发证日期 {last.issued_on}，晚于生效日期 {as_of}。"
        else:
            ended = last.revoked_on if last.revoked_on and last.revoked_on <= as_of else last.expires_on
            note = f"高企证书 {last.number} 已于 {ended} 失效，{as_of} 没有有效的高企证书。"
    else:
        outcome, actual = Outcome.NOT_MET, ""
        note = f"没有登记过高企证书；登记证书编号和发证日期后，{as_of} 有效即可通过。"
    criterion = Criterion(
        code="certificate",
        title="持有有效的高新技术企业证书",
        outcome=outcome,
        required="高新技术企业证书在有效期内",
        actual=actual,
        cite="国科发火〔2016〕32号 第十二条",
        note=note,
    )
    return Assessment("hnte_certificate", "2016", "国科发火〔2016〕32号", as_of, outcome, (criterion,))


def _judgement(policy: str, as_of: date) -> Assessment:
    criterion = Criterion(
        code="judgement",
        title="由专员判断，须写明理由",
        outcome=Outcome.MANUAL,
        note=f"本级条件没有公开的正式文件，由专员判断并写明理由（{LOCAL_DEFAULT}）。",
    )
    return Assessment(policy, "", LOCAL_DEFAULT, as_of, Outcome.MANUAL, (criterion,))


_GATES: dict[str, Callable[[Facts, date], Assessment]] = {
    "hnte": _hnte_certificate,
    "hnte_certificate": _hnte_certificate,
}


def evaluate(policy: str, facts: Facts, *, as_of: date) -> Assessment:
    gate = _GATES.get(policy)
    return gate(facts, as_of) if gate else _judgement(policy, as_of)

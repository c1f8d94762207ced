from app.labels import Labelled


class CertificateKind(Labelled):
    HNTE = "hnte", "高新技术企业"
    TECH_SME = "tech_sme", "科技型中小企业"
    INNOVATIVE_SME = "innovative_sme", "创新型中小企业"
    SRDI = "srdi", "专精特新中小企业"
    LITTLE_GIANT = "little_giant", "专精特新“小巨人”企业"
    MANUFACTURING_CHAMPION = "manufacturing_champion", "制造业单项冠军"


class CertificateState(Labelled):
    IN_FORCE = "in_force", "有效"
    LAPSED = "lapsed", "已过期"
    REVOKED = "revoked", "已撤销"
    NOT_YET = "not_yet", "未生效"


class ClaimKind(Labelled):
    """What a firm says it holds; by the same values as `app.attachments.terms.ObjectKind`, where its evidence hangs."""

    CERTIFICATE = "certificate", "证书"
    IP_RIGHT = "ip_right", "知识产权"


class ClaimState(Labelled):
    WAITING = "waiting", "待核实"
    ACCEPTED = "accepted", "已核实"
    REFUSED = "refused", "未通过核实"
    WITHDRAWN = "withdrawn", "已撤回"

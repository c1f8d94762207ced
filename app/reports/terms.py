from collections.abc import Mapping
from datetime import date

from app.labels import Labelled
from app.policy.figures import RD_LINES, YEARLY, Figure

# Every figure of a firm's year that the policies read, by the code under which a report keeps it.
REPORTED: Mapping[str, Figure] = {**YEARLY, **{f"rd.{line}": figure for line, figure in RD_LINES.items()}}


class ReportState(Labelled):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已提交"
    RETURNED = "returned", "退回补正"
    ACCEPTED = "accepted", "已通过"


ANNUAL = "annual"  # the form whose figures become the ledger's; the others ask for what it does not
IP_ROWS = "ip"  # the section of it that lists intellectual property, as the ledger of rights does

YEARS_BACK = 3  # 高企 looks at three years; what is older nobody asks for


def asked_years(today: date) -> range:
    """Years that are over, newest last: a running year has no yearly figures."""
    return range(today.year - YEARS_BACK, today.year)


# What the policies may count: reported and signed for. A draft is nobody's statement yet, a returned one is in doubt.
COUNTED = (ReportState.SUBMITTED, ReportState.ACCEPTED)


class StatementKind(Labelled):
    """What is known of a firm beside its yearly figures, certificates and rights; shapes as in the facts' JSON."""

    RECORDS = "records", "信用与事故记录"
    STANDING = "standing", "企业状况"
    STANDARDS_LED = "standards_led", "主导制定的标准"
    SCIENCE_AWARDS = "science_awards", "科技奖励"
    RD_INSTITUTIONS = "rd_institutions", "研发机构"
    PLATFORMS = "platforms", "创新平台"
    COMPETITION_AWARDS = "competition_awards", "创新创业大赛奖项"
    JUDGEMENTS = "judgements", "创新能力评分"

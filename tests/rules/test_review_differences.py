"""What a resubmission changed, as the reviewer reads it: figures with their units, and words too."""

from dataclasses import replace

from app.config import SEEDS
from app.reports.catalogue import form_of, read_forms
from app.reports.queries import Round
from app.reports.reading import examine
from app.reports.reviewing import Changed, differences
from app.reports.terms import ReportState
from tests.harness import NOON

TENANT = form_of(next(body for body in read_forms(SEEDS) if body["form"] == "incubator_tenant"))
BASICS = {"tenant.graduated": ["no", ""], "tenant.field": ["新材料", ""]}


def signed(**sections):
    figures = examine(TENANT, sections, {}).figures
    return Round(NOON, 1, "n", ReportState.SUBMITTED, sections, figures, {}, NOON, "周", {}, None, "")


def test_a_changed_word_is_told_like_a_changed_figure_and_the_same_figure_in_another_unit_is_none():
    before = signed(basics=BASICS, economy={"total_income": ["400", "wan_yuan"], "net_profit": ["1", "wan_yuan"]})
    changed = {"total_income": ["5000", "thousand_yuan"], "net_profit": ["10", "thousand_yuan"]}
    after = signed(basics=BASICS | {"tenant.graduated": ["yes", ""]}, economy=changed)
    assert differences(TENANT, before, after) == [
        Changed("是否毕业企业", "否", "是"),
        Changed("总收入", "4,000 千元", "5,000 千元"),
    ]
    assert differences(TENANT, before, replace(before, round=2)) == []

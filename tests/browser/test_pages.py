"""Every page, looked at as a stranger would: no violation, no complaint, nothing out of the frame."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OTHER, PLANNED, People
from tests.harness import check_html

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]

# (who, address); {firm} is one with a full history, {pending} one that waits for a second person, {certificate} one
# that a firm holds, {window} one that waits for its notice, {policy} the first version of the list,
# {application} a firm in the window, {receipt} one of a move,
# {planned} the plans of a firm, {need} and {task} what is open after a visit to it,
# {rule} a reminder's rule with dates ahead, {act} a bulk act that waits for its word, {handover} one that was made.
PAGES = [
    ("", "/sign-in"),
    ("officer", "/account/second-factor"),
    ("admin", "/admin/security"),
    ("manager", "/admin/factor-resets"),
    ("officer", "/"),
    ("manager", "/"),
    ("carrier", "/"),
    ("firm", "/"),
    ("firm", "/portal"),
    ("firm", "/portal/people"),
    ("firm", "/portal/report/2025"),
    ("firm", "/portal/report/2025/rd"),
    ("firm", "/portal/report/2025/people?faults=1"),
    ("firm", "/portal/report/2025/projects?add=1"),
    ("firm", "/portal/report/2025/check"),
    ("firm-2", "/portal/report/2025/receipt"),
    ("firm-2", "/portal/report/2025/copy"),
    ("firm", "/portal/report/2025/evidence"),
    ("firm", "/portal/report/2025/workbook"),
    ("firm", "/portal/titles"),
    ("firm", "/portal/titles/new?kind=certificate"),
    ("officer", "/claims"),
    ("officer", "{claim}"),
    ("officer", "{firm}/rights"),
    ("firm-2", "/portal/report/2025/copy?sheet=hnte"),
    ("firm-3", "/portal/report/2025/people"),
    ("firm-2", "/portal/report/2025-hnte_annual/rd"),
    ("firm-2", "/portal/report/2025-hnte_annual/copy"),
    ("officer", "/reviews"),
    ("officer", "{review}"),
    ("", "/forgotten"),
    ("", "/forgotten/done"),
    ("", "/register"),
    ("", "/personal"),
    ("officer", "/personal/requests"),
    ("manager", "/personal/erasures"),
    ("", "/register/done"),
    ("officer", "/clerks"),
    ("officer", "{firm}/clerks"),
    ("officer", "/firms"),
    ("officer", "/firms?tier=eaglet&stale=1&region=440783117"),
    ("officer", "/firms?policy=hnte&near=data"),
    ("officer", "/firms?q=没有这样的企业"),
    ("officer", "/firms/new"),
    ("officer", "{firm}"),
    ("officer", "{firm}/edit"),
    ("officer", "{firm}/move"),
    ("officer", "{firm}/gap"),
    ("officer", "{firm}/gap?policy=hnte&as_of=2027-06-01"),
    ("officer", "{firm}/gap/try?d.rd=30"),
    ("officer", "{firm}/gap/try?d.rd=三十"),
    ("officer", "{firm}/plans/new?policy=hnte&as_of=2027-06-01"),
    ("officer", "{planned}"),
    ("manager", "{planned}"),
    ("officer", "/views"),
    ("admin", "/views"),
    ("officer", "/firms/duplicates"),
    ("officer", f"/firms/{PLANNED}/merge"),
    ("officer", f"/firms/{PLANNED}/merge?with={OTHER}"),
    ("officer", "/work"),
    ("officer", "/followed"),
    ("manager", "/stale"),
    ("manager", "/handover"),
    ("officer", "/handover/list?kind=tasks"),
    ("manager", "{handover}"),
    ("manager", "{handover}/list?kind=tasks"),
    ("officer", "/bulk"),
    ("officer", "/bulk/new?kind=tier&all=1"),
    ("officer", "{act}"),
    ("manager", "/work?kind=needs&whose=all"),
    ("officer", "{firm}/work"),
    ("officer", f"/firms/{PLANNED}/filings"),
    ("officer", f"/firms/{PLANNED}/work"),
    ("manager", f"/firms/{PLANNED}/visits/new"),
    ("officer", "{firm}/tasks/new"),
    ("officer", "{firm}/needs/new"),
    ("officer", "{need}"),
    ("officer", "{task}"),
    ("officer", "{firm}/certificates/new"),
    ("officer", "{certificate}"),
    ("officer", "{receipt}"),
    ("manager", "{pending}"),
    ("officer", "/board"),
    ("town", "/board"),
    ("officer", "/board/tech_micro"),
    ("officer", "/carriers"),
    ("officer", "/carriers/new"),
    ("officer", "/carriers/proposals"),
    ("officer", "{carrier}"),
    ("officer", "{carrier}/rooms/import"),
    ("officer", "{carrier}/logs?kind=event"),
    ("officer", "{carrier}/logs/investment/new"),
    ("officer", "{carrier}/readiness"),
    ("carrier", "{rounds}"),
    ("carrier", "{round}"),
    ("carrier", "{round}/statistics"),
    ("carrier", "{round}/statistics/sheet"),
    ("carrier", "{unanswered}"),
    ("officer", "{carrier}/disagreements"),
    ("officer", "{carrier}/graduates"),
    ("carrier", "/carrier"),
    ("carrier", "{entry}"),
    ("firm", "/portal/entries"),
    ("firm", "{asking}"),
    ("carrier", "{tenancy}/transfer"),
    ("officer", "/imports"),
    ("officer", "/search?q=开平"),
    ("officer", "/search?q=没有这样的企业"),
    ("officer", "/search?act=visit&q=开平"),
    ("officer", "/inbox"),
    ("carrier", "/inbox"),
    ("officer", "/filings?year=2027"),
    ("officer", "/filings?year=2026&view=month&month=9"),
    ("town", "/filings?year=2026&view=list"),
    ("firm", "/filings"),
    ("officer", "/filings?year=2020"),
    ("officer", "/filings/new"),
    ("officer", "{window}"),
    ("officer", "{window}/change"),
    ("officer", "{window}/applications"),
    ("town", "{window}/applications?view=list"),
    ("officer", "{window}/results"),
    ("officer", "{application}"),
    ("officer", "/reminders"),
    ("manager", "/digests"),
    ("manager", "/digests/2026-W47"),
    ("town", "/digests/2026-W47?known=now"),
    ("manager", "/digests/2026-W47/lists/tier-tech_micro"),
    ("officer", "/digests/subscription"),
    ("manager", "/reminders/sent"),
    ("officer", "{rule}"),
    ("town", "{rule}"),
    ("officer", "{rule}/edit"),
    ("officer", "/reminders/texts/filing"),
    ("officer", "/account/calendar"),
    ("officer", "/account/password"),
    ("firm", "/account/notices"),
    ("officer", "/account/sessions"),
    ("officer", "/account/tokens"),
    ("officer", "/firms/NOPE"),
    ("officer", "/plans"),
    ("town", "/plans/plan-14"),
    ("manager", "/plans/plan-15"),
    ("officer", "/plans/plan-14/enter/rd_coverage?year=2025"),
    ("officer", "/plans/plan-14/behind/hnte?year=2025"),
    ("manager", "/plans/plan-14/evaluation"),
    ("officer", "/plans/plan-14/towns"),
    ("admin", "/plans/plan-14/edit"),
    ("admin", "/plans/plan-15/indicators/new"),
    ("admin", "/plans/plan-14/indicators/rd_growth"),
    ("admin", "/plans/plan-14/targets/hnte"),
    ("officer", "/plans/plan-14/cliff"),
    ("officer", "/plans/plan-14/cliff/list?of=holders"),
    ("officer", "/dashboard"),
    ("town", "/dashboard/list?of=overdue"),
    ("officer", "/platforms"),
    ("officer", "/platforms/new"),
    ("officer", "/platforms/import"),
    ("officer", "/platforms/coverage"),
    ("admin", "/admin/users"),
    ("admin", "/admin/users/new"),
    ("admin", "{lasting}"),
    ("admin", "/admin/grants"),
    ("admin", "{operator}"),
    ("admin", "{signed_in}"),
    ("admin", "/admin/users/one-time"),
    ("admin", "/admin/calendar"),
    ("admin", "/admin/jobs"),
    ("admin", "/admin/outbox"),
    ("admin", "/admin/outlets"),
    ("admin", "/admin/tiers"),
    ("officer", "/admin/policies"),
    ("admin", "/admin/policies/upload"),
    ("admin", "{policy}"),
    ("manager", "{policy}/compare"),
    ("auditor", "/audit"),
    ("auditor", "/audit/denials"),
    ("auditor", "/audit/permissions"),
    ("auditor", "/audit?actor=谁也不是"),
]
AXE = Axe()
RULES: dict[str, object] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Told there what is wanted of the answer: all of it, sent out of the browser, takes as long as finding it.
JUDGE = """rules => axe.run(document, {...rules, resultTypes: ['violations']}).then(found =>
    found.violations.flatMap(v => v.nodes.map(node => `${v.id}: ${node.html.slice(0, 160)}`)))"""
# All that another ground can change; finding out takes as long as all the other rules together, so each ground is
# looked at in one width.
_COLOURS = ["color-contrast", "link-in-text-block"]
COLOURS: dict[str, object] = {"runOnly": {"type": "rule", "values": _COLOURS}}
ALL_BUT_COLOURS = RULES | {"rules": {rule: {"enabled": False} for rule in _COLOURS}}

# Where a mark's page is found: a list and the first link of it, and then a link on the page that it leads to.
LISTED: dict[str, tuple[str, ...]] = {
    "{firm}": ("/", "#h-queue ~ ul .name"),
    "{pending}": ("/", ".pending .name"),
    "{review}": ("/reviews", "tbody .name"),
    "{claim}": ("/claims", "tbody .name"),
    "{act}": ("/bulk", "tbody .name"),
    "{handover}": ("/handover", "[aria-labelledby=h-earlier] .name"),
    "{window}": ("/filings?year=2027", ".year-table .name"),
    "{application}": ("{window}/applications", ".card > a"),
    "{policy}": ("/admin/policies", "tbody .name"),
    "{rule}": ("/reminders", "a:text-is('高企证书到期')"),
    "{carrier}": ("/carriers", "tbody .name"),
    "{entry}": ("/carrier", "a[href^='/entries/']"),
    "{asking}": ("/portal/entries", "a[href^='/portal/entries/to/']"),
    "{rounds}": ("/carrier", "a[href$='/collections']"),
    "{round}": ("{rounds}", "tbody .name"),
    "{unanswered}": ("{round}", "tbody .name"),
    "{tenancy}": ("/carrier", ".lines a[href^='/tenancies/']"),
    "{operator}": ("/admin/users", "tbody a[href$='/carrier']"),
    "{lasting}": ("/admin/users", "tbody a[href$='/expiry']"),
    "{signed_in}": ("/admin/users", "tbody a[href$='/sessions']"),
    "{certificate}": ("/firms?tier=hnte", "tbody .name", "[aria-labelledby=h-certificates] a.code"),
    "{receipt}": ("/firms?tier=hnte", "tbody .name", ".timeline a[href$='/receipt']"),
    "{need}": (f"/firms/{PLANNED}/work", "[aria-labelledby=h-needs] .lines a"),
    "{task}": (f"/firms/{PLANNED}/work", "[aria-labelledby=h-tasks] .lines a"),
}
_found: dict[tuple[str, str], str] = {}


def led_to(page: Page, who: str, mark: str) -> str:
    """Looked for once by each person: the pages behind one mark are many."""
    if (who, mark) not in _found:
        address, *links = LISTED[mark]
        address = named(page, who, address)
        for link in links:
            page.goto(address)
            address = page.locator(link).first.get_attribute("href") or ""
        _found[who, mark] = address
    return _found[who, mark]


def named(page: Page, who: str, address: str) -> str:
    return re.sub(r"\{[a-z]+\}", lambda mark: led_to(page, who, mark[0]), address)


def opened(visitors: People, who: str, address: str) -> tuple[Page, str]:
    """The page, and its source as it was sent."""
    page = visitors.returning(who)
    answer = page.goto(named(page, who, address.replace("{planned}", f"/firms/{PLANNED}/plans")))
    assert answer is not None
    return page, answer.text()


def violations(page: Page, rules: dict[str, object] = RULES) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    found: list[str] = page.evaluate(JUDGE, rules)
    return found


def thin_out(page: Page) -> None:
    """Rows are alike; the judge looks at each element by itself, and a hundred of them take half a minute."""
    page.evaluate(
        "document.querySelectorAll('tbody, .cards, .lines, .timeline').forEach("
        "list => [...list.children].slice(6, -1).forEach(row => row.remove()))"
    )


def overflow(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def out_of_frame(page: Page) -> list[str]:
    """What buttons open, and where that cannot be reached; to the left, nothing can be scrolled to."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('details.confirm')].flatMap(asked => {"
        " asked.open = true; const box = asked.querySelector('form').getBoundingClientRect(); asked.open = false;"
        " return box.left < 0 || box.right > innerWidth ? [asked.innerText] : []; })"
    )
    return found


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_page_is_valid_stays_in_its_frame_and_has_no_violations(visitors: People, who: str, address: str) -> None:
    """One visit for all of it: coming to the page takes as long as looking at it."""
    page, source = opened(visitors, who, address)
    check_html(source)
    for width in (320, 360, 768, 820, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0, width
        assert out_of_frame(page) == [], width
    thin_out(page)
    page.emulate_media(color_scheme="light")
    for width, rules in ((320, ALL_BUT_COLOURS), (1280, RULES)):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page, rules) == [], width
    page.set_viewport_size({"width": 320, "height": 900})  # what a phone folds has colours of its own, too
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == [], "dark"
    page.set_viewport_size({"width": 360, "height": 800})
    page.evaluate("document.documentElement.dataset.size = 'large'")  # as its button does, which has a test of its own
    assert overflow(page) <= 0


def test_every_control_of_the_dialog_is_named_and_none_violates(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/board")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator("a.move").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="取消").click()
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_large_type_and_dark_ground_stay_chosen_without_javascript(visitors: People) -> None:
    page = visitors.signed_in("officer", java_script_enabled=False)
    page.goto("/firms?tier=eaglet")
    page.get_by_role("button", name="大字版").click()
    expect(page).to_have_url(re.compile("tier=eaglet"))
    expect(page.locator("html")).to_have_css("font-size", "20px")
    page.locator("summary", has_text="账号菜单").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-size", "large")
    page.goto("/board")
    expect(page.locator("html")).to_have_css("font-size", "20px")
    page.get_by_role("button", name="标准版").click()
    expect(page.locator("html")).to_have_css("font-size", "14px")


def test_the_skip_link_comes_first_and_leads_past_the_frame(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_print_shows_the_ledger_and_none_of_the_tools(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 688, "height": 970})  # what A4 leaves between its margins
    expect(page.locator("thead")).to_have_css("display", "table-header-group")  # a ledger, not a stack of cards
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    for tool in (".rail", ".search", ".filters", ".acts", ".menu"):
        expect(page.locator(tool).first).to_be_hidden()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator("body")).to_have_css("font-family", re.compile("SimSun"))
    expect(page.locator("h1")).to_have_css("color", "rgb(0, 0, 0)")


def test_a_sixty_character_name_wraps_inside_its_card_and_its_row(visitors: People) -> None:
    page = visitors.signed_in("officer")
    for address, name in (("/board", ".card > a"), ("/firms", "tbody .name")):
        page.goto(address)
        page.locator(name).first.evaluate("e => { e.textContent = '开平市翠山湖新区示范高端水暖卫浴五金'.repeat(4) }")
        for width in (320, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) <= 0
            inside = "e => e.scrollWidth <= e.clientWidth + 1"
            assert page.locator(name).first.locator("xpath=..").evaluate(inside), (address, width)


def test_the_frame_keeps_strict_rules_and_nothing_inline(visitors: People) -> None:
    page = visitors.signed_in("officer")
    answer = page.goto("/board")
    assert answer
    assert "unsafe" not in answer.headers["content-security-policy"]
    html = answer.text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", html)


def test_the_wall_is_legible_from_afar_and_has_nothing_beside_it(visitors: People) -> None:
    page = visitors.signed_in("manager")
    page.goto("/dashboard/wall")
    for width in (768, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 1080})
        assert overflow(page) <= 0, width
    expect(page.locator(".figures b").first).to_have_css("font-size", "64px")
    expect(page.locator("td").first).to_have_css("font-size", "24px")
    for beside in (".rail", ".top"):
        expect(page.locator(beside)).to_be_hidden()
    assert violations(page) == []

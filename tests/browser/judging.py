"""How a page is judged: by the rules of access, by its frame at a width."""

from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page

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


_lines: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def at_width(page: Page, width: int, height: int = 800) -> None:
    """As Page.set_viewport_size, in half its time: a page is looked at in ten widths."""
    if page not in _lines:
        _lines[page] = page.context.new_cdp_session(page)
    frame = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    _lines[page].send("Emulation.setDeviceMetricsOverride", frame)


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

"""Every form that a role's pages show, every field of it, with every naughty string: never a 5xx, and always text.

The forms are taken from the pages themselves, so a new one is tried without anybody listing it.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from bs4 import BeautifulSoup, Tag

from tests.fuzz.naughty import MARKUP, NAUGHTY

# Whoever does one of these is out, or puts somebody else out who is tried next.
_ENDS = re.compile(
    r"/sign-out|/account/password|/account/tokens|/disable|/reset$|/sessions/|/identity|/personal/close|/dismiss$|/appoint$"
)
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9A-HJ-NPQRTUWXY]{18}(?=/|$)|\d+")
_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
_WRITTEN = ("text", "search", "email", "tel", "number", "date", "url", "password")
_PAGES_OF_A_KIND, _MOST_PAGES = 2, 250
_LONGEST = 2_000


@dataclass(frozen=True)
class Form:
    page: str
    method: str
    action: str
    fields: tuple[tuple[str, str], ...]
    written: frozenset[str]  # those that people write in

    @property
    def kind(self) -> tuple[Any, ...]:
        return (self.method, kind_of(self.action), tuple(name for name, _ in self.fields))


def crawl(client: httpx.Client) -> dict[tuple[Any, ...], Form]:
    """One form of each kind, from a few pages of each kind."""
    waiting, seen, kinds, forms = ["/"], {"/"}, dict[str, int](), dict[tuple[Any, ...], Form]()
    while waiting and sum(kinds.values()) < _MOST_PAGES:
        here = waiting.pop(0)
        kind = kind_of(here)
        if kinds.get(kind, 0) >= _PAGES_OF_A_KIND or kind.startswith("/static"):
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        answer = client.get(here, follow_redirects=True)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for found in forms_on(here, answer.text):
            forms.setdefault(found.kind, found)
        fresh = [there for there in links_on(here, answer.text) if there not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return forms


def forms_on(here: str, html: str) -> Iterator[Form]:
    """Cut out first: reading a whole page into a tree costs more than making it."""
    for form in _FORM.findall(html):
        found = _form(here, BeautifulSoup(form, "html.parser").form)
        if not _ENDS.search(found.action):
            yield found


def links_on(here: str, html: str) -> Iterator[str]:
    for link in dict.fromkeys(_LINK.findall(html)):
        there = urljoin(here, unescape(link)).partition("#")[0]
        if there.startswith("/"):
            yield there


def kind_of(address: str) -> str:
    """The path without what names one thing: of pages of one kind a few are enough."""
    return _IDS.sub("*", urlsplit(address).path)


def _form(here: str, form: Tag) -> Form:
    fields, written = {}, set()
    for field in form.find_all(["input", "select", "textarea", "button"]):
        name = field.get("name")
        if name and field.get("type") != "file":
            fields.setdefault(str(name), _value(field))
            if field.name == "textarea" or (field.name == "input" and field.get("type", "text") in _WRITTEN):
                written.add(str(name))
    return Form(
        here,
        str(form.get("method", "get")).upper(),
        urljoin(here, str(form.get("action") or here)),
        tuple(fields.items()),
        frozenset(written),
    )


def _value(field: Tag) -> str:
    if field.name == "textarea":
        return field.get_text()
    if field.name == "select":
        chosen = field.find("option", selected=True) or field.find("option")
        return str(chosen.get("value", "")) if isinstance(chosen, Tag) else ""
    return str(field.get("value", ""))


def trials(forms: Mapping[Any, Form], *, most: int, seed: int) -> Iterator[tuple[Form, str, str]]:
    every = [(form, name, value) for form in forms.values() for name, _ in form.fields for value in NAUGHTY]
    random.Random(seed).shuffle(every)
    yield from every[:most]


def attack(address: str, token: str, *, most: int, seed: int) -> list[str]:
    """What was found: a line for each."""
    faults = []
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        forms = crawl(client)
        print(f"{len(forms)} 种表单，{sum(len(f.fields) for f in forms.values())} 个字段", flush=True)
        for form, name, value in trials(forms, most=most, seed=seed):
            # An address has an end; what is longer is what no browser sends either.
            sent = {**dict(form.fields), name: value[:_LONGEST] if form.method == "GET" else value}
            how = {"params": sent} if form.method == "GET" else {"data": sent}
            answer = client.request(form.method, urlsplit(form.action).path, follow_redirects=True, **how)  # type: ignore[arg-type]
            what = f"{form.method} {form.action} {name}={value[:40]!r}"
            if answer.status_code >= 500:
                faults.append(f"{answer.status_code}: {what}")
            elif (
                value in MARKUP
                and "<" in value
                and value in answer.text
                and "html" in answer.headers.get("content-type", "")
            ):
                faults.append(f"shown as it is: {what}")
    return faults

"""Every text field of every form and every body, with what attackers type: stored and shown as text, or refused.

Neither is listed here: the bodies are those of the specification, the forms those of the pages that each role reaches
in the demo county. What is stored stays for whoever comes after, so that it is met again on every page. And whatever
was written left its row in the trail; where the trail takes none, nothing is written.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from markupsafe import escape
from sqlalchemy import event, select, text

from app.access.models import User
from app.db import Conn
from app.text import normalise
from tests import factories
from tests.demo_things import bodies_of, things_in
from tests.fuzz.forms import Form, forms_on, links_on
from tests.fuzz.naughty import NAUGHTY
from tests.harness import SiteDatabase, Statements
from tests.house.access_lines import GUARDED

WHO = ("officer", "firm", "carrier", "manager", "admin", "auditor", "town")
RAW = re.compile(r"<b id=kanari\d+>")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
KINDS = [
    "x\x00",
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    [],
    ["\x00"],
    {},
    {"a": "\x00"},
    "\ud800",
    [[[]]],
]  # not what is asked
# Who is signed in, what was answered before, what was read: no business of the trail's.
UNTOLD = {"idempotency_keys", "api_tokens", "user_sessions", "sign_in_attempts", "access_denials", "outbox_messages"}
EMPTY = re.compile(r"/template\.xlsx$|^/admin/policies/")  # files with nothing of anybody's in them
CLOSED = (
    "CREATE FUNCTION no_trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed'; END $$",
    "CREATE TRIGGER no_trail BEFORE INSERT ON audit_events FOR EACH STATEMENT "
    "WHEN (current_setting('tidu.closed', true) = 'yes') EXECUTE FUNCTION no_trail()",
)
_serial = itertools.count(1)


def canary() -> str:
    """Markup, a formula, quotes, a template, an entity: another one for each field."""
    return normalise(f"=\"'<b id=kanari{next(_serial)}>{{{{7*7}}}}&amp;%s")


SHOWN = re.compile(re.escape(str(escape(canary()))).replace("kanari1", r"kanari(\d+)"))
# An address is of the kind of its route; one that is fixed comes before one with a name in it.
_LINES = sorted((line.path.count("{"), line.method, line.path) for line in GUARDED)
ROUTES = [(m, path, re.compile(re.sub(r"{\w+}", "[^/]+", path))) for _, m, path in _LINES]


def kind_of(method: str, address: str) -> str:
    path = address.partition("?")[0]
    return next((f"{m} {route}" for m, route, pattern in ROUTES if m == method and pattern.fullmatch(path)), address)


class Written(list[str]):
    """The tables in which rows came, went or were changed."""

    def note(self, _c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if cursor.rowcount:
            self.extend(set(Statements([statement]).writes()) - UNTOLD)


@dataclass
class House:
    conn: Conn
    visitors: dict[str, httpx.AsyncClient]
    written: Written
    wrong: list[Any] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    shown: set[str] = field(default_factory=set)

    async def asked(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        self.written.clear()
        answer = await self.visitors[who].request(method, path, **more)
        what, page = (who, method, path), "html" in answer.headers.get("content-type", "")
        if answer.status_code >= 500:
            self.wrong.append((*what, answer.status_code))
        elif answer.status_code >= 400 and not CHINESE.search(
            answer.json()["detail"] if not page and answer.content[:1] == b"{" else answer.text
        ):
            self.wrong.append((*what, "refused without a sentence"))
        if page and RAW.search(answer.text):
            self.wrong.append((*what, "shown as it is"))
        if page:
            self.shown.update(SHOWN.findall(answer.text))
        if answer.status_code < 400 and self.written and "audit_events" not in self.written:
            self.wrong.append((*what, "not in the trail", set(self.written)))
        leaves_house = answer.headers.get("content-disposition", "").startswith("attachment")
        if leaves_house and not EMPTY.search(path.partition("?")[0]) and "audit_events" not in self.written:
            self.wrong.append((*what, "left the house and is not in the trail"))
        return answer


@pytest.fixture
async def house(app, county, cluster) -> AsyncIterator[House]:
    """Somebody of each role, in the demo county."""
    app.state.database = SiteDatabase(county, cluster.name("web"))
    for statement in CLOSED:
        await county.execute(text(statement))
    visitors = {}
    for who in WHO:
        token = await factories.token_of(county, await factories.person(county, who))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}", "user-agent": "tests"}
        visitors[who] = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)
    written, engine = Written(), county.engine.sync_engine
    event.listen(engine, "after_cursor_execute", written.note)
    yield House(county, visitors, written)
    event.remove(engine, "after_cursor_execute", written.note)
    for client in visitors.values():
        await client.aclose()


def leaves(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a body are."""
    if isinstance(value, str):
        yield here
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*here, key))


def with_texts(body: Any, texts: dict[tuple[Any, ...], str]) -> Any:
    changed = json.loads(json.dumps(body))
    for (*way, last), value in texts.items():
        place = changed
        for step in way:
            place = place[step]
        place[last] = value
    return changed


async def sent(house: House, who: str, method: str, address: str, body: Any, tag: str) -> httpx.Response:
    """What would be done is first tried while the trail takes nothing: then it must not happen."""
    how = {"content": json.dumps(body), "headers": {"content-type": "application/json", "if-match": tag}}
    trial = await house.conn.begin_nested()
    answer = await house.asked(who, method, address, **how)
    if answer.status_code >= 300 or not house.written:
        await trial.commit()
        return answer
    await trial.rollback()
    await house.conn.execute(text("SET LOCAL tidu.closed = 'yes'"))
    refused = await house.visitors[who].request(method, address, **how)
    await house.conn.execute(text("SET LOCAL tidu.closed = ''"))
    if refused.status_code < 500:
        house.wrong.append((who, method, address, "done without the trail", refused.status_code))
    return await house.asked(who, method, address, **how)


async def test_every_text_of_every_body_is_stored_as_it_is_or_refused_with_a_sentence(app, house):
    values, kinds = itertools.cycle(NAUGHTY), itertools.cycle(KINDS)
    for (method, path), body in bodies_of(app).items():
        roles = next(line.roles for line in GUARDED if (line.method, line.path) == (method, path))
        who = next(who for who in WHO if who in roles)
        mine = select(User.firm_id, User.carrier_id).where(User.login == who)
        firm, carrier = (await house.conn.execute(mine)).one()
        address = path.format(**await things_in(house.conn, path, firm=firm, carrier=carrier))
        tag = '"1"'
        if method in ("PUT", "PATCH"):
            tag = (await house.visitors[who].get(address)).headers.get("etag", tag)
        for some in (values, kinds):
            await sent(house, who, method, address, with_texts(body, {leaf: next(some) for leaf in leaves(body)}), tag)
        texts = {leaf: canary() for leaf in leaves(body)}
        while True:
            answer = await sent(house, who, method, address, with_texts(body, texts), tag)
            said = answer.json()
            named = set(said.get("errors", {})) if answer.status_code == 422 else set()
            faulty = {leaf for leaf in texts if named & {*map(str, leaf), ".".join(map(str, leaf))}}
            house.counts["refused"] += len(faulty)
            for leaf in faulty:
                del texts[leaf]
            if not faulty:
                break
        ok = answer.status_code < 300
        house.counts["taken" if ok else "left"] += len(texts)
        house.counts["as it was"] += sum(one in set(_strings(said)) for one in texts.values()) if ok else 0
    assert house.counts["taken"] >= 30
    assert house.counts["as it was"] >= 20
    assert not house.wrong, "\n".join(map(str, house.wrong))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


async def filled(house: House, who: str, form: Form, texts: dict[str, str]) -> httpx.Response:
    fields = dict(form.fields) | texts
    if form.method == "GET":
        return await house.asked(who, "GET", form.action.partition("?")[0], params=fields)
    return await house.asked(who, "POST", form.action, data=fields)


async def tried(house: House, who: str, form: Form, values: Iterator[str]) -> None:
    await filled(house, who, form, {name: next(values)[:2000] for name in form.written})  # an address has an end
    texts = {name: canary() for name in form.written}
    while True:
        answer = await filled(house, who, form, texts)
        faulty = complained_of(answer.text) & set(texts) if answer.status_code == 422 else set()
        house.counts["refused"] += len(faulty)
        texts = {name: value for name, value in texts.items() if name not in faulty}
        if not faulty:
            break
    if answer.status_code == 303:
        house.counts["taken"] += len(texts)
        await house.asked(who, "GET", answer.headers["location"])


def complained_of(html: str) -> set[str]:
    fields = re.findall(r"<(?:input|textarea|select)\b[^>]*aria-invalid[^>]*>", html)
    return {str(tag["name"]) for tag in BeautifulSoup("".join(fields), "html.parser").find_all(attrs={"name": True})}


async def test_every_text_of_every_form_is_shown_as_text_or_refused(house):
    """A page of each kind is read once, by the first who may; so is each form sent, as its page has it."""
    values, pages, forms = itertools.cycle(NAUGHTY), set[str](), set[str]()
    for who in WHO:
        waiting = ["/"]
        while waiting:
            here = waiting.pop(0)
            if (kind := kind_of("GET", here)) in pages:
                continue
            answer = await house.asked(who, "GET", here)
            if answer.status_code == 303:
                waiting.append(answer.headers["location"])
                continue
            pages.add(kind)
            waiting.extend(there for there in links_on(here, answer.text) if kind_of("GET", there) not in pages)
            for form in forms_on(here, answer.text):
                if (form.written or "export" in form.action) and (
                    kind := kind_of(form.method, form.action)
                ) not in forms:
                    forms.add(kind)
                    await tried(house, who, form, values)
    assert len(house.shown) > 150
    assert not house.wrong, "\n".join(map(str, house.wrong))

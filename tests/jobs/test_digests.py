"""The week's turn: composed and sent once, on the right day, to whoever wants it; and what arrives at a mail server."""

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default

import pypdfium2
import pytest
from sqlalchemy import func, insert, select

from app.audit.models import AuditSeal
from app.audit.rules import Seal
from app.db import new_id
from app.digests import jobs, printing, sending
from app.digests.composing import lists_in
from app.digests.jobs import send_digests
from app.digests.models import Digest, DigestSending
from app.digests.queries import kept_digest
from app.digests.reading import read_digest
from app.digests.sending import Subscription, recipients, send_test, subscribe
from app.digests.service import keep
from app.digests.terms import Letter
from app.errors import Refused
from app.outbox.channels import Channels
from app.outbox.deliver import deliver
from app.outbox.enclosures import forget_files
from app.outbox.models import OutboxFile, OutboxMessage, Outlet
from app.typeset import NoFont
from app.web import digest_press
from app.web.digest_press import DigestPress
from app.workdays.models import CalendarDay
from tests import factories
from tests.domains.test_digests import COUNTY, MONDAY, TOWN, WEEK, county
from tests.harness import settings_for
from tests.jobs.test_delivery import Post, post_office


@pytest.fixture
def settings(tmp_path):
    return settings_for("", data=tmp_path)


@pytest.fixture
def press(settings):
    return DigestPress(settings)


class NoPress:
    """Says the same to everybody, in no time."""

    def address(self, document):
        return "http://127.0.0.1:8000/digests/" + document["week"]

    def letter(self, document, sections, *, bureau):
        return Letter(f"周报 {document['week']} {bureau}", "、".join(sections) or "全部", ())


async def sent(conn, kind="digest"):
    query = select(OutboxMessage.channel, func.count()).where(OutboxMessage.kind == kind)
    return dict((await conn.execute(query.group_by(OutboxMessage.channel))).all())


async def test_on_monday_at_half_past_eight_the_head_gets_it_once_and_never_again(conn, database):
    await factories.person(conn, "manager", email="liang@example.invalid")
    await factories.person(conn, "officer", email="li@example.invalid")
    early = await send_digests(database, NoPress(), at=MONDAY - timedelta(minutes=1))
    assert await kept_digest(conn, WEEK, COUNTY) is None
    done = await send_digests(database, NoPress(), at=MONDAY)
    assert (early["planned"], done) == (1, {"planned": 1, "created": 1, "skipped": 0})
    assert await kept_digest(conn, WEEK, COUNTY)
    for hours in (1, 30, 100):
        again = await send_digests(database, NoPress(), at=MONDAY + timedelta(hours=hours))
        assert again == {"planned": 0, "created": 0, "skipped": 0}
    assert await sent(conn) == {"inbox": 2, "email": 2}  # of this week, and of the one before it a minute earlier


async def test_on_a_monday_off_it_goes_out_the_next_working_day(conn, database):
    await factories.person(conn, "manager")
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        await conn.execute(insert(CalendarDay).values(day=day, kind="holiday", name="停工"))
    for hours in (0, 24):
        await send_digests(database, NoPress(), at=MONDAY + timedelta(hours=hours))
    assert await kept_digest(conn, WEEK, COUNTY) is None
    await send_digests(database, NoPress(), at=MONDAY + timedelta(hours=48))
    digest = await kept_digest(conn, WEEK, COUNTY)
    assert digest
    assert (digest.day, digest.document["day"]) == (date(2026, 11, 25), "2026-11-25")


async def test_a_run_that_is_killed_leaves_all_of_a_division_or_nothing_and_the_next_one_sends_it(
    conn, database, monkeypatch
):
    await factories.person(conn, "manager")

    async def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sending, "_cards", killed)
    with pytest.raises(KeyboardInterrupt):
        await send_digests(database, NoPress(), at=MONDAY)
    assert (await conn.execute(select(func.count()).select_from(Digest))).scalar_one() == 0
    assert await sent(conn) == {}
    monkeypatch.undo()
    done = await send_digests(database, NoPress(), at=MONDAY + timedelta(hours=1))
    assert done["created"] == 1
    assert (await conn.execute(select(func.count()).select_from(DigestSending))).scalar_one() == 1


async def test_a_division_that_cannot_be_composed_holds_up_no_other_and_the_run_has_failed(conn, database, monkeypatch):
    town = await factories.person(conn, "town")
    await subscribe(conn, Subscription(TOWN, (), True, True), by=town.actor, at=MONDAY)

    async def torn(conn, week, scope, *, at):
        if scope == COUNTY:
            raise ArithmeticError("torn")
        return await keep(conn, week, scope, at=at)

    monkeypatch.setattr(jobs, "keep", torn)
    with pytest.raises(ArithmeticError):
        await send_digests(database, NoPress(), at=MONDAY)
    assert await kept_digest(conn, WEEK, TOWN)
    monkeypatch.undo()
    assert (await send_digests(database, NoPress(), at=MONDAY))["planned"] == 1


async def test_who_asked_gets_their_sections_of_their_division_and_who_said_no_gets_nothing(conn, database):
    manager = await factories.person(conn, "manager")
    town = await factories.person(conn, "town", email="huang@example.invalid")
    await factories.person(conn, "officer")
    assert [r.id for r in await recipients(conn, COUNTY)] == [manager.id]
    await subscribe(conn, Subscription(COUNTY, (), True, False), by=manager.actor, at=MONDAY)
    await subscribe(conn, Subscription(TOWN, ("moved", "due"), True, True), by=town.actor, at=MONDAY)
    assert await recipients(conn, COUNTY) == []
    (asked,) = await recipients(conn, TOWN)
    assert (asked.id, asked.sections, asked.by_mail) == (town.id, ("moved", "due"), True)
    done = await send_digests(database, NoPress(), at=MONDAY)
    assert (done["planned"], done["created"]) == (2, 1)
    query = select(OutboxMessage.payload).where(OutboxMessage.kind == "digest", OutboxMessage.channel == "email")
    assert (await conn.execute(query)).scalar_one()["body"] == "moved、due"


async def test_nobody_gets_a_division_that_they_do_not_see(conn):
    other = await factories.person(conn, "town-2", scope=factories.OTHER_TOWN)
    await subscribe(conn, Subscription(TOWN, (), True, True), by=other.actor, at=MONDAY)
    assert await recipients(conn, TOWN) == []


async def test_the_groups_robot_gets_counts_and_no_firm(conn, database):
    await county(conn)
    outlet = {"channel": "wecom", "title": "科技股", "address": "https://qyapi.weixin.qq.com/x", "active": True}
    await conn.execute(insert(Outlet).values(id=new_id(), **outlet, next_free_at=MONDAY, created_at=MONDAY))
    await send_digests(database, NoPress(), at=MONDAY)
    query = select(OutboxMessage.payload).where(OutboxMessage.channel == "wecom")
    said = (await conn.execute(query)).scalar_one()["subject"]
    assert "上移 / 下移 1 / 1" in said
    assert "有限公司" not in said


async def test_a_letter_arrives_with_its_page_its_picture_its_text_and_its_sheet(conn, database, press, settings):
    await county(conn)
    await factories.person(conn, "manager", email="liang@example.invalid")
    await send_digests(database, press, at=MONDAY)
    post = RawPost()
    with post_office(post) as url:
        mail = Channels(settings.model_copy(update={"smtp_url": url}))
        assert (await deliver(database, at=MONDAY, mail=mail)).sent >= 1
    (raw,) = post.raw
    letter = message_from_bytes(raw, policy=default)
    page, text = letter.get_body(("html",)).get_content(), letter.get_body(("plain",)).get_content()
    for said in ("开平市上移精密有限公司", "开平市不动水暖有限公司", "三周内到期"):
        assert said in page
        assert said in text
    (picture,) = [p for p in letter.walk() if p.get_content_type() == "image/png"]
    assert f"cid:{picture['Content-ID'].strip('<>')}" in page
    assert picture.get_content().startswith(b"\x89PNG")
    (sheet,) = letter.iter_attachments()
    assert sheet.get_filename() == "周报 2026-W47 开平市.pdf"
    digest = await kept_digest(conn, WEEK, COUNTY)
    assert digest
    assert_printed(sheet.get_content(), digest.document)


class RawPost(Post):
    def __init__(self):
        super().__init__()
        self.raw = []

    async def handle_DATA(self, _server, _session, envelope):
        self.raw.append(envelope.content)
        return "250 taken"


def squeezed(text):
    return "".join(text.split())


def assert_printed(made, document):
    """Every word that went in comes out of the sheet again."""
    sheet = pypdfium2.PdfDocument(made)
    assert 1 <= len(sheet) <= printing.MOST_PAGES
    found = squeezed("".join(page.get_textpage().get_text_range() for page in sheet))
    sheet.close()
    fits = [printing.page_data(document, "局", (), "", size, most) for size, most in printing._FITS]
    assert any(all(word in found for word in words_of(data)) for data in fits)


def words_of(data):
    yield from (squeezed(data[k]) for k in ("title", "under"))
    for section in data["sections"]:
        yield squeezed(section["title"])
        for bar in section["bars"]:
            yield squeezed(bar["label"] + bar["shown"] + bar["change"])
        yield squeezed(section["none"])
        for one in section["lists"]:
            yield squeezed(one["label"] + one["shown"] + one["change"])
            for line in one["lines"]:
                yield squeezed(line["name"] + line["region"] + line["said"])


async def test_a_full_week_fits_two_pages(conn):
    await county(conn)
    document = (await read_digest(conn, WEEK, COUNTY, at=MONDAY)).document
    for one in lists_in(document):
        names = [f"开平市示例{n:04d}号卫浴有限公司" for n in range(8)]
        many = [{"uscc": "x", "name": name, "region": "水口镇", "said": "理由" * 40} for name in names]
        one["lines"], one["value"] = many if one["lines"] or one["key"] in ("corrected", "late-tasks") else [], 90
    assert_printed(printing.pdf(document, bureau="开平市科工商务局"), document)


async def test_without_a_chinese_font_the_letter_goes_all_the_same_and_says_what_is_missing(conn, press, monkeypatch):
    document = (await read_digest(conn, WEEK, COUNTY, at=MONDAY)).document

    def none(*_, **__):
        raise NoFont

    monkeypatch.setattr(digest_press, "pdf", none)
    letter = press.letter(document, (), bureau="局")
    assert [e.use for e in letter.enclosures] == ["page"]
    assert "fonts-noto-cjk" in letter.text
    assert "fonts-noto-cjk" in letter.enclosures[0].data.decode()


async def test_the_house_keeps_what_letters_carry_once_and_forgets_it_after_a_while(conn, database, press):
    for n in (1, 2, 3):
        await factories.person(conn, f"manager-{n}", email=f"m{n}@example.invalid")
    await send_digests(database, press, at=MONDAY)
    count = select(func.count()).select_from(OutboxFile)
    assert (await conn.execute(count)).scalar_one() == 3  # page, picture, sheet
    assert await forget_files(conn, before=MONDAY) == 0
    assert await forget_files(conn, before=MONDAY + timedelta(seconds=1)) == 3


async def test_a_test_goes_to_oneself_and_not_too_often(conn):
    await county(conn)
    me = (await factories.person(conn, "officer-me", email="me@example.invalid")).actor
    shown = await read_digest(conn, WEEK, COUNTY, at=MONDAY)
    for _ in range(3):
        assert "me@example.invalid" in await send_test(conn, shown.document, NoPress(), (), by=me, at=MONDAY)
    with pytest.raises(Refused, match="最多试发 3 次"):
        await send_test(conn, shown.document, NoPress(), (), by=me, at=MONDAY)
    later = MONDAY + timedelta(minutes=11)
    await send_test(conn, shown.document, NoPress(), (), by=me, at=later)
    assert await sent(conn, "digest_test") == {"inbox": 4, "email": 4}


async def test_the_last_seal_of_the_trail_lies_in_mailboxes_outside_of_the_database(conn, database):
    await factories.person(conn, "manager", email="liang@example.invalid")
    auditor = await factories.person(conn, "auditor", email="shen@example.invalid")
    await factories.person(conn, "auditor-2")
    sealed = Seal(7, MONDAY, 1, 0, b"", b"", b"\xab" * 32)
    await conn.execute(insert(AuditSeal), {name: getattr(sealed, name) for name in Seal.__dataclass_fields__})
    await send_digests(database, NoPress(), at=MONDAY)
    await send_digests(database, NoPress(), at=MONDAY + timedelta(hours=1))
    anchor = f"7:{'ab' * 32}"
    query = select(OutboxMessage.kind, OutboxMessage.user_id, OutboxMessage.payload["body"].astext)
    mails = (await conn.execute(query.where(OutboxMessage.channel == "email").order_by(OutboxMessage.kind))).all()
    assert [m.kind for m in mails] == ["audit_anchor", "digest"]
    assert mails[0].user_id == auditor.id, "one without an address gets none"
    assert all(anchor in m[2] for m in mails)
    kept = await kept_digest(conn, WEEK, COUNTY)
    assert anchor not in str(kept.document), "it is no part of the digest, which composes the same for ever"

"""Evidence: taken by its content, kept out of reach until it is known to be clean, and handed out only to whoever may
see the thing it hangs on."""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select, text, update

from app.access.terms import Actor
from app.attachments.models import AttachmentRow
from app.attachments.service import attach
from app.attachments.terms import ObjectKind, Taken, Target
from app.audit.models import AuditEvent
from app.db import new_id
from app.files.models import StoredFile
from app.files.scanning import Scanner, ScannerDown
from app.files.terms import FileKind, Scan
from app.outbox.models import OutboxMessage
from app.reports.models import Submission
from app.web import taking
from app.work.models import FirmNeed, FirmVisit
from app.worker import House, run_job
from tests import factories
from tests.harness import NOON
from tests.rules.test_sniffing import DOCX, HOSTILE, PDF
from tests.web.test_reports import HERE, clerk, fill, submit

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SICK = PDF.replace(b"endobj", b"endobj\n%" + EICAR)


@asynccontextmanager
async def clamd():
    """Speaks as much of clamd's protocol as is spoken to it."""

    async def answer(reader, writer):
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        data = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            data += await reader.readexactly(size)
        writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def scanned_by(app):
    plain = app.state.settings

    def use(address):
        app.state.settings = plain.model_copy(update={"clamd": address})

    yield use
    app.state.settings = plain


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
async def boss(conn, client_as, uscc):
    client = await client_as(await clerk(conn, uscc))
    await client.post(f"{HERE}/begin")
    return client


async def report(conn):
    return (await conn.execute(select(Submission.id))).scalar_one()


async def send(client, object_id, data=PDF, name="辅助账.pdf", *, kind="report", **more):
    form = {"kind": kind, "object_id": str(object_id), "place": "rd" if kind == "report" else "", **more}
    return await client.post("/files", data=form, files={"file": (name, data)})


async def address(conn):
    return f"/files/{(await conn.execute(select(AttachmentRow.id))).scalar_one()}"


async def count(conn, model=AttachmentRow):
    return (await conn.execute(select(func.count()).select_from(model))).scalar_one()


async def test_evidence_hangs_on_a_section_and_comes_back_as_it_was(boss, conn):
    sent = await send(boss, await report(conn), note="第三季度")
    assert sent.headers["location"] == f"{HERE}/evidence"
    page = (await boss.get(f"{HERE}/evidence")).text
    assert "辅助账.pdf" in page
    assert "第三季度" in page
    assert "1 个文件" in (await boss.get(HERE)).text
    file = await boss.get(await address(conn))
    assert file.content == PDF
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert file.headers["cache-control"] == "no-store"


async def test_the_same_file_twice_is_there_once(boss, conn):
    for _ in range(2):
        assert (await send(boss, await report(conn))).status_code == 303
    assert (await count(conn), await count(conn, StoredFile)) == (1, 1)


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.pdf", "文件是空的"),
        (b"<svg><script>x</script></svg>", "a.svg", "SVG"),
        (PDF, "a.png", "内容却是 PDF"),
        *(HOSTILE[which] for which in ("bomb", "pdf and zip", "macros", "macros by another name")),
        (PDF + b" " * (10 << 20), "a.pdf", "超过 10 MB"),
    ],
)
async def test_a_refused_file_is_answered_beside_its_field_with_what_was_typed(boss, conn, data, name, words):
    answer = await send(boss, await report(conn), data, name, note="第三季度")
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="第三季度"' in answer.text
    assert await count(conn) == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [("长" * 296 + ".pdf", "长" * 117 + ".pdf"), ("..\\..\\C:\\账/../审计.pdf", "审计.pdf")],
    ids=["three hundred characters", "a path"],
)
async def test_a_name_is_shown_and_given_back_fit_for_it_and_nothing_is_written_by_it(boss, conn, app, given, kept):
    assert (await send(boss, await report(conn), name=given)).status_code == 303
    assert kept in (await boss.get(f"{HERE}/evidence")).text
    file = await boss.get(await address(conn))
    assert unquote(file.headers["content-disposition"]).endswith(kept)
    (held,) = (path for path in app.state.files.root.rglob("*") if path.is_file())
    assert re.fullmatch("[0-9a-f]{64}", held.name)


async def test_no_file_chosen_and_one_far_too_large(boss, conn):
    assert (await boss.post("/files", data={"kind": "report", "object_id": str(await report(conn))})).status_code == 422
    assert (await send(boss, await report(conn), PDF + b" " * (13 << 20))).status_code == 413


async def test_there_is_a_limit_to_how_many(boss, conn):
    for n in range(10):
        assert (await send(boss, await report(conn), PDF + b"%%%d\n%%%%EOF" % n)).status_code == 303
    answer = await send(boss, await report(conn), PDF + b"%more\n%%EOF")
    assert "最多 10 个文件" in answer.text
    assert (await send(boss, await report(conn), PDF + b"%more\n%%EOF", place="people")).status_code == 303


@pytest.mark.db_commit
async def test_of_two_that_come_at_once_the_second_is_counted_too(fresh_database):
    async with fresh_database.transaction() as conn:
        on = Target(ObjectKind.CERTIFICATE, new_id(), new_id(), "")
        by = Actor((await factories.person(conn, "officer")).viewer)
        for n in range(9):
            await attach(conn, on, Taken(f"{n}.pdf", FileKind.PDF, 1, str(n), Scan.CLEAN), by=by, at=NOON)

    async def one_more(name):
        async with fresh_database.transaction() as conn:
            await attach(conn, on, Taken(name, FileKind.PDF, 1, name, Scan.CLEAN), by=by, at=NOON)

    results = await asyncio.gather(*(one_more(name) for name in ("甲", "乙")), return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["Invalid", "NoneType"]


async def test_a_file_belongs_to_something_that_the_form_asks(boss, conn):
    for place in ("", "nowhere", "turnover"):
        answer = await send(boss, await report(conn), place=place)
        assert (answer.status_code, "请选择文件属于填报表的哪一项" in answer.text) == (422, True)
    assert '<option value="rd">' in answer.text
    assert (await send(boss, await report(conn), place="rd.personnel")).status_code == 303


async def test_who_had_a_file_in_hand_is_in_the_trail(boss, conn):
    await send(boss, await report(conn))
    for _ in range(2):
        assert (await boss.get(await address(conn))).status_code == 200
    taken = select(AuditEvent.after).where(AuditEvent.action == "file:attachment:downloaded")
    assert [after["file"] for after in (await conn.execute(taken)).scalars()] == ["辅助账.pdf"] * 2


async def test_another_firm_and_the_bureau_before_it_is_signed_find_nothing(boss, conn, client_as):
    await send(boss, await report(conn))
    stranger = await client_as(await clerk(conn, await factories.firm(conn), "firm-other"))
    officer, carrier = await client_as("officer"), await client_as("carrier")
    for who in (stranger, officer, carrier):
        assert (await who.get(await address(conn))).status_code == 404
        assert (await who.post(f"{await address(conn)}/remove")).status_code == 404
        assert (await send(who, await report(conn))).status_code == 404
    assert (await boss.get(f"/files/{await report(conn)}")).status_code == 404


async def test_what_was_signed_is_shown_to_the_bureau_and_stays(boss, conn, client_as, clock):
    await fill(boss)
    await send(boss, await report(conn))
    clock.advance(minutes=1)
    await submit(boss)
    officer = await client_as("officer")
    assert "辅助账.pdf" in (await officer.get(f"/reviews/{await report(conn)}")).text
    first = await address(conn)
    assert (await officer.get(first)).content == PDF
    assert (await send(boss, await report(conn), DOCX, "说明.docx")).status_code == 403  # locked with the form
    assert (await send(officer, await report(conn), DOCX, "说明.docx")).status_code == 403
    await officer.post(f"/reviews/{await report(conn)}/return", data={"c.headcount": "请附工资册"})
    clock.advance(minutes=1)
    assert (await send(boss, await report(conn), DOCX, "工资册.docx", place="headcount")).status_code == 303
    assert "工资册.docx" not in (await officer.get(f"/reviews/{await report(conn)}")).text
    assert (await boss.post(f"{first}/remove")).status_code == 409
    query = select(AttachmentRow.id).where(AttachmentRow.place == "headcount")
    later = f"/files/{(await conn.execute(query)).scalar_one()}"
    assert (await officer.get(later)).status_code == 404
    assert (await boss.post(f"{later}/remove")).status_code == 303


async def test_files_of_a_visit_and_of_a_need_are_the_bureaus_own(conn, client_as, uscc):
    await factories.visit(conn, uscc)
    officer, town = await client_as("officer"), await client_as("town")
    firm, auditor = await client_as(await clerk(conn, uscc)), await client_as("auditor")
    for kind, model in (("visit", FirmVisit), ("need", FirmNeed)):
        object_id = (await conn.execute(select(model.id))).scalar_one()
        sent = await send(officer, object_id, kind=kind, name="照片.pdf")
        assert sent.headers["location"] == f"/files/on/{kind}/{object_id}"
        assert "照片.pdf" in (await town.get(sent.headers["location"])).text
        assert (await auditor.get(sent.headers["location"])).status_code == 200
        assert (await send(auditor, object_id, kind=kind)).status_code == 403
        assert (await firm.get(sent.headers["location"])).status_code == 403
    assert "附件 1" in (await officer.get(f"/firms/{uscc}/work")).text


async def test_a_sick_file_is_refused_and_a_clean_one_is_taken(boss, conn, scanned_by):
    async with clamd() as address_of:
        scanned_by(address_of)
        answer = await send(boss, await report(conn), SICK)
        assert answer.status_code == 422
        assert "Eicar-Test-Signature" in answer.text
        assert await count(conn, StoredFile) == 0
        assert (await send(boss, await report(conn))).status_code == 303
        assert (await boss.get(await address(conn))).status_code == 200


async def test_while_nobody_can_scan_a_file_waits_out_of_reach_and_the_worker_asks_again(
    boss, conn, scanned_by, app, database, clock
):
    scanned_by("127.0.0.1:9")
    for data, name in ((PDF, "好.pdf"), (SICK, "病.pdf")):
        assert (await send(boss, await report(conn), data, name)).status_code == 303
    ids = dict((await conn.execute(select(StoredFile.name, AttachmentRow.id).join(AttachmentRow))).all())
    assert "等待查毒" in (await boss.get(f"{HERE}/evidence")).text
    for waiting in ids.values():
        assert (await boss.get(f"/files/{waiting}")).status_code == 409
    down = House(app.state.settings, database, clock, app.state.files)
    assert (await run_job(down, "scan-files", at=NOON))["failed"] == 1
    async with clamd() as address_of:
        scanned_by(address_of)
        house = House(app.state.settings, database, clock, app.state.files)
        assert (await run_job(house, "scan-files", at=NOON))["sent"] == 2
    assert (await boss.get(f"/files/{ids['好.pdf']}")).content == PDF
    assert "有病毒，已隔离" in (await boss.get(f"{HERE}/evidence")).text
    gone = await boss.get(f"/files/{ids['病.pdf']}")
    assert (gone.status_code, "已隔离" in gone.text) == (409, True)
    sick = select(StoredFile.sha256).where(StoredFile.name == "病.pdf")
    assert await app.state.files.read((await conn.execute(sick)).scalar_one()) is None
    told = select(OutboxMessage.payload).where(OutboxMessage.kind == "file_infected")
    assert "Eicar" in (await conn.execute(told)).scalar_one()["subject"]


async def test_a_scanner_that_hangs_has_not_said_clean_and_nobody_waits_for_it(boss, conn, scanned_by, monkeypatch):
    monkeypatch.setattr(taking, "SCAN_SECONDS", 0.05)

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        scanned_by(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert (await send(boss, await report(conn))).status_code == 303
        waits = await boss.get(await address(conn))
    assert (waits.status_code, "等待查毒" in waits.text) == (409, True)


async def test_what_came_before_there_was_a_scanner_waits_once_there_is_one(boss, conn, scanned_by):
    await send(boss, await report(conn))
    assert (await boss.get(await address(conn))).status_code == 200
    scanned_by("127.0.0.1:9")
    assert (await boss.get(await address(conn))).status_code == 409


async def test_a_scanner_that_says_something_else_has_not_said_clean():
    async def answer(reader, writer):
        await reader.readexactly(10)
        writer.write(b"INSTREAM size limit exceeded. ERROR\0")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ScannerDown):
            await Scanner(f"127.0.0.1:{port}", seconds=2).scan(PDF)
    with pytest.raises(ScannerDown):
        await Scanner("nowhere", seconds=1).scan(PDF)


async def test_what_nothing_refers_to_is_cleared_away_and_nothing_else(boss, conn, app, database, clock):
    import os

    await send(boss, await report(conn))
    await send(boss, await report(conn), DOCX, "b.docx")
    files = app.state.files
    lost = await files.put(b"of an upload that was never finished")
    fresh = await files.put(b"of one that is on its way")
    kept = (await conn.execute(select(StoredFile.sha256).where(StoredFile.name != "b.docx"))).scalar_one()
    await conn.execute(
        text("DELETE FROM attachments WHERE file_id = (SELECT id FROM stored_files WHERE name = 'b.docx')")
    )
    await conn.execute(update(StoredFile).values(created_at=NOON - timedelta(days=3)))
    old = (NOON - timedelta(days=3)).timestamp()
    for sha256 in await files.held(older_than=2e10):
        os.utime(files.path(sha256), (old, old) if sha256 != fresh else None)
    os.utime(files.path(fresh), (NOON.timestamp(), NOON.timestamp()))
    house = House(app.state.settings, database, clock, files)
    assert (await run_job(house, "clear-files", at=NOON))["planned"] == 3
    assert sorted(await files.held(older_than=2e10)) == sorted([kept, fresh])
    assert lost not in await files.held(older_than=2e10)
    assert (await boss.get(await address(conn))).content == PDF

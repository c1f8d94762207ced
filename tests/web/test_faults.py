"""Faults from below and from outside: said in a sentence, and nothing of what was refused stays."""

import errno
import logging
import os

import pytest
from sqlalchemy import func, select, text

from app import logs
from app.attachments.models import AttachmentRow
from app.audit.models import AuditEvent
from app.files.models import StoredFile
from app.firms.models import Firm
from app.work.models import FirmVisit
from tests import factories
from tests.rules.test_sniffing import PDF


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn)


async def count(conn, model, *where):
    return (await conn.execute(select(func.count()).select_from(model).where(*where))).scalar_one()


async def visited(conn, uscc):
    await factories.visit(conn, uscc)
    return (await conn.execute(select(FirmVisit.id))).scalar_one()


async def kept_nothing(conn):
    added = AuditEvent.action == "file:attachment:added"
    return [await count(conn, AttachmentRow), await count(conn, StoredFile), await count(conn, AuditEvent, added)] == [
        *(0, 0, 0)
    ]


async def test_on_a_full_disk_an_upload_is_a_sentence_and_leaves_neither_file_nor_row(
    conn, app, client_as, api_as, uscc, monkeypatch
):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    visit = await visited(conn, uscc)
    form = {"kind": "visit", "object_id": str(visit)}
    sent = {"files": {"file": ("照片.pdf", PDF)}}
    officer, program = await client_as("officer"), await api_as("officer")
    monkeypatch.setattr(os, "fsync", full)
    for answer in (
        await officer.post("/files", data=form, **sent),
        await program.post(f"/api/v1/firms/{uscc}/visits/{visit}/files", **sent),
    ):
        assert (answer.status_code, "存储空间不足" in answer.text) == (503, True)
    assert await kept_nothing(conn)
    assert [path for path in app.state.files.root.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert (await officer.post("/files", data=form, **sent)).status_code == 303


async def test_a_file_that_went_bad_on_the_disk_is_an_error_and_never_handed_out(conn, app, client_as, uscc):
    officer, visit = await client_as("officer"), await visited(conn, uscc)
    form = {"kind": "visit", "object_id": str(visit)}
    await officer.post("/files", data=form, files={"file": ("照片.pdf", PDF)})
    file = (await conn.execute(select(AttachmentRow.id, AttachmentRow.sha256))).one()
    app.state.files.path(file.sha256).write_bytes(PDF[:-1] + b"!")
    answer = await officer.get(f"/files/{file.id}")
    assert (answer.status_code, "存储损坏" in answer.text) == (503, True)
    assert await count(conn, AuditEvent, AuditEvent.action == "file:attachment:downloaded") == 0


async def test_while_the_database_takes_nothing_more_a_write_is_503_and_the_next_one_goes_through(
    conn, api_as, monkeypatch
):
    await conn.execute(
        text(
            "CREATE FUNCTION pg_temp.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
    )
    await conn.execute(text("CREATE TRIGGER full_disk BEFORE INSERT ON firms EXECUTE FUNCTION pg_temp.full_disk()"))
    officer = await api_as("officer")
    body, key = {"name": "开平市满盘有限公司", "uscc": factories.code()}, {"idempotency-key": "full"}
    answer = await officer.post("/api/v1/firms", json=body, headers=key)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert await count(conn, Firm) == 0
    await conn.execute(text("DROP TRIGGER full_disk ON firms"))
    assert (await officer.post("/api/v1/firms", json=body, headers=key)).status_code == 201


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("application/json", "/firms"),
        ("application/json", "/moves/00000000-0000-7000-8000-000000000000/approve"),  # asks for no body
        ("multipart/form-data; boundary=x", "/firms/{uscc}/visits/{visit}/files"),
    ],
)
async def test_who_goes_away_in_the_middle_of_a_body_has_done_nothing(conn, app, api_as, uscc, kind, where, caplog):
    officer, visit = await api_as("officer"), await visited(conn, uscc)
    whole = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF
    path = "/api/v1" + where.format(uscc=uscc, visit=visit)
    told = [{"type": "http.request", "body": whole, "more_body": True}, {"type": "http.disconnect"}]
    said = []

    async def receive():
        return told.pop(0) if told else {"type": "http.disconnect"}

    async def send(message):
        said.append(message)

    headers = {"host": "127.0.0.1", "content-type": kind, "authorization": officer.headers["authorization"]}
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("::1", 1)}
    scope |= {"server": ("127.0.0.1", 80), "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    with caplog.at_level(logging.ERROR):
        await app(scope, receive, send)
    assert await kept_nothing(conn)
    assert caplog.records == []  # it is no fault of ours either
    assert [m["status"] for m in said if "status" in m] in ([], [400], [422], [499])


class FullLog:
    def write(self, _):
        raise OSError(errno.ENOSPC, "No space left on device")

    flush = write


async def test_a_log_that_cannot_be_written_stops_nobody(client_as, monkeypatch):
    root = logging.getLogger()
    level = root.level
    monkeypatch.setattr("sys.stderr", FullLog())
    logs.set_up("json")
    try:
        logging.getLogger("tidu.web").error("goes nowhere")
        assert (await (await client_as("officer")).get("/firms")).status_code == 200
    finally:
        for handler in [h for h in root.handlers if h.get_name() == "tidu"]:
            root.removeHandler(handler)
        root.setLevel(level)


async def test_a_program_sends_a_file_as_large_as_a_person_may(conn, api_as, uscc):
    """The door measures a body by where it goes: a photograph is larger than any JSON."""
    officer, visit = await api_as("officer"), await visited(conn, uscc)
    large = PDF.replace(b"endobj", b"endobj\n%" + b"x" * (3 << 20), 1)
    here = f"/api/v1/firms/{uscc}/visits/{visit}/files"
    assert (await officer.post(here, files={"file": ("照片.pdf", large)})).status_code == 201
    assert (await officer.post(here, files={"file": ("照片.pdf", large * 5)})).status_code == 413
    assert (await officer.post(here[:-1], content=large)).status_code == 413

import io

import openpyxl

from tests import factories


async def test_the_filtered_list_leaves_as_csv_over_http_and_the_act_is_in_the_trail(client_as, api_as, conn):
    await factories.firm(conn, "开平市甲卫浴有限公司", park="翠山湖")
    await factories.firm(conn, "开平市乙卫浴有限公司")
    client = await client_as("officer")
    answer = await client.get("/firms/export.csv?park=翠山湖")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("开平市甲卫浴有限公司,")
    assert answer.headers["content-disposition"].startswith("attachment;")
    events = (await (await api_as("auditor")).get("/api/v1/audit?actor=局专员officer")).json()["items"]
    assert events[0]["action"] == "firm:list:exported"


async def test_the_same_leaves_as_a_workbook(client_as, conn):
    uscc = await factories.firm(conn, "开平市甲卫浴有限公司")
    answer = await (await client_as("officer")).get("/firms/export.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert rows[1][:2] == ("开平市甲卫浴有限公司", uscc)

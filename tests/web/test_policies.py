"""The policies as the bureau reads them: every version, every condition in words, two versions side by side."""

import uuid

from sqlalchemy import select

from app.assessments.models import PolicyVersion
from app.assessments.versions import list_versions
from app.policy.packs import read_pack


async def edition_of(conn, policy: str, version: str) -> uuid.UUID:
    query = select(PolicyVersion.id).where(PolicyVersion.policy == policy, PolicyVersion.version == version)
    return (await conn.execute(query)).scalar_one()


async def test_every_policy_is_listed_with_its_document_and_whether_it_counts_today(client_as, rendered):
    officer = await client_as("officer")
    assert (await officer.get("/admin/policies")).status_code == 200
    shown = rendered[-1][1]
    line = next(e for e in shown["others"] if e.policy == "hnte")
    assert (line.status, line.document, line.by) == ("现行有效", "国科发火〔2016〕32号", "系统")
    assert shown["waiting"] == []


async def test_a_version_says_every_condition_in_words_with_its_article_and_how_sure_that_is(client_as, conn, rendered):
    manager = await client_as("manager")
    page = await manager.get(f"/admin/policies/{await edition_of(conn, 'hnte', '2016')}")
    assert page.status_code == 200
    found = {c.code: c for c in rendered[-1][1]["conditions"]}
    intensity = found["rd_intensity"]
    assert intensity.asks.startswith("近一年销售收入不超过 5,000 万元：不低于 5%；")
    assert (intensity.cite, intensity.grade) == ("32号 第十一条(五)", "M · 官方文本，转载处读到")
    told = {line.label: line.text for line in found["innovation_score"].lines}
    assert told["得分项 · 净资产增长率"].startswith("度量 净资产增长率；满分 10；不低于 35%：9–10 分；")
    assert told["几项合计的上限 · 第 1 行"].endswith(
        "技术的先进程度、对主要产品（服务）的核心支持作用、知识产权数量、知识产权获得方式、参与编制标准（加分）"
    )
    assert any("还没有人对照官方页面核对过" in doubt for doubt in rendered[-1][1]["doubts"])
    assert "科技成果转化能力（近三年年均） 25 至 30 分" in rendered[-1][1]["examples"][0].asks
    await manager.get(f"/admin/policies/{await edition_of(conn, 'eaglet', '2026')}")
    assert any("营业收入同比增长 未达标" in e.asks for e in rendered[-1][1]["examples"]), (
        "a part of a group has its title"
    )


async def test_every_version_leaves_as_a_file_that_is_read_back_as_it_was(client_as, conn):
    auditor = await client_as("auditor")
    for edition in await list_versions(conn):
        given = await auditor.get(f"/admin/policies/{edition.id}/export.yaml")
        assert "attachment" in given.headers["content-disposition"]
        assert read_pack(given.text, "x.yaml").versions == (edition.version,)


async def test_a_version_compared_with_itself_differs_in_nothing(client_as, conn, rendered):
    officer = await client_as("officer")
    page = await officer.get(f"/admin/policies/{await edition_of(conn, 'hnte', '2016')}/compare")
    assert page.status_code == 200
    assert rendered[-1][1]["comparison"].changed == []
    assert "条件没有不同" in page.text

"""The page on security names a test for each demand, and each of them is there."""

import ast
import re

from app.config import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
# Of ASVS 5.0's 253 demands of level 2 those that bear on a system like this one, some of level 3, and the two that the
# law is against; then the clauses of GB/T 22239-2019, levels 2 and 3, that an application answers.
DEMANDED = (
    *(f"V1.2.{n}" for n in (1, 2, 3, 4, 5, 10)),
    *("V1.3.6", "V1.3.7", "V1.3.11", "V1.5.1", "V2.2.1", "V2.2.3", "V2.3.1", "V2.3.2", "V2.3.3", "V2.3.4", "V2.4.1"),
    *("V3.2.1", "V3.3.1", "V3.3.2", "V3.3.4", "V3.4.1", "V3.4.2", "V3.4.3", "V3.4.4", "V3.4.5", "V3.4.6", "V3.5.1"),
    *("V3.5.3", "V3.7.2", "V4.1.1", "V4.1.3", "V4.2.1", "V5.2.1", "V5.2.2", "V5.2.3", "V5.3.2", "V5.4.2", "V5.4.3"),
    *(f"V6.2.{n}" for n in (1, 4, 5, 8, 9, 10, 12)),
    *("V6.3.1", "V6.3.2", "V6.3.3", "V6.3.8", "V6.4.1", "V6.4.3", "V6.5.1", "V6.5.5", "V7.2.3", "V7.2.4", "V7.3.1"),
    *("V7.3.2", "V7.4.1", "V7.4.2", "V7.4.3", "V7.4.5", "V8.2.1", "V8.2.2", "V8.2.3", "V8.3.2", "V8.4.1", "V11.4.2"),
    *("V13.4.2", "V13.4.5", "V14.3.2", "V15.3.3", "V16.2.1", "V16.3.1", "V16.3.2", "V16.4.1", "V16.4.2"),
    *("V16.5.1", "V16.5.2", "V16.5.3"),
    *("身份鉴别 a", "身份鉴别 b", "身份鉴别 c", "身份鉴别 d", "访问控制 a", "访问控制 b", "访问控制 c", "访问控制 d"),
    *("访问控制 e、f", "访问控制 g", "安全审计 a", "安全审计 b", "安全审计 c", "安全审计 d", "留存不少于六个月"),
    *("入侵防范 最小安装", "入侵防范 限定管理终端", "入侵防范 数据有效性检验", "入侵防范 已知漏洞"),
    *("入侵防范 发现入侵", "恶意代码防范", "数据完整性 传输", "数据完整性 存储", "数据保密性 传输", "数据保密性 存储"),
    *("备份恢复", "剩余信息保护", "个人信息保护 a", "个人信息保护 b"),
)
NAMED = re.compile(r"`(\w+/test_\w+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| ([^|]*?) \|.*\| ([^|]*) \|$", re.MULTILINE)


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 60
    there = {path: functions_of(path) for path in {path for path, _ in named}}
    assert sorted(f"{path}::{name}" for path, name in named if name not in there[path]) == []


def test_every_demand_has_its_proof_or_its_reason() -> None:
    demands = [
        (what, proof)
        for what, proof in ROW.findall(PAGE.partition("## OWASP")[2])
        if not what.startswith(("要求", "条款", "--"))
    ]
    first = " ".join(what for what, _ in demands)
    assert [one for one in DEMANDED if not re.search(rf"{re.escape(one)}(?!\d)", first)] == []
    assert [what for what, proof in demands if not NAMED.search(proof) and not proof.startswith("— ")] == []

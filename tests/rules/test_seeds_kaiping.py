from pathlib import Path
from typing import Any

import pytest
import yaml

from app.text import key

SEEDS = Path(__file__).parents[2] / "seeds/kaiping"


def rows(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((SEEDS / f"{name}.yaml").read_text("utf-8"))


@pytest.mark.parametrize("path", sorted(SEEDS.rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_seed_says_where_it_comes_from_and_how_sure_that_is(path):
    head = path.read_text("utf-8").split("\n- ")[0]
    assert head.startswith("#")
    assert "来源" in head or "原文" in head
    assert "等级" in head


@pytest.mark.parametrize("name", ["regions", "industries", "high_tech_fields", "directions", "ladders"])
def test_natural_keys_are_strings_and_occur_once(name):
    codes = [row["code"] for row in rows(name)]
    assert all(isinstance(code, str) for code in codes)
    assert len(codes) == len(set(codes))


def test_kaiping_has_sixteen_units_under_their_parents():
    regions = {row["code"]: row for row in rows("regions")}
    towns = [row for row in regions.values() if row["parent"] == "440783"]
    assert [row["kind"] for row in towns].count("town") == 15
    assert [row["kind"] for row in towns].count("zone") == 1
    assert all(row["parent"] is None or row["parent"] in regions for row in regions.values())
    assert "雅瑶镇" not in {row["name"] for row in towns}


def test_industries_are_20_sections_and_97_divisions_without_a_gap():
    industries = rows("industries")
    sections = [row["code"] for row in industries if len(row["code"]) == 1]
    divisions = [row for row in industries if len(row["code"]) == 3]
    assert "".join(sections) == "ABCDEFGHIJKLMNOPQRST"
    assert [row["code"][1:] for row in divisions] == [f"{n:02}" for n in range(1, 98)]
    assert all(row["code"][0] == row["section"] for row in divisions)


def test_high_tech_fields_are_8_with_52_below():
    fields = rows("high_tech_fields")
    assert len([row for row in fields if "parent" not in row]) == 8
    below = [row for row in fields if "parent" in row]
    assert len(below) == 52
    assert all(row["code"][0] + "0" == row["parent"] for row in below)


def test_every_direction_of_a_roster_is_one_of_the_seven():
    known = [key(word) for row in rows("directions") for word in (row["name"], *row["synonyms"])]
    assert len(known) == len(set(known))
    for written in (
        "高端装备",
        "新一代信息技术",
        "生物医药与健康",
        "新材料",
        "现代轻工纺织",
        "绿色食品加工",
        "绿色建筑工程",
    ):
        assert key(written) in known


def test_the_ladders_rise_by_one_and_two_tiers_want_a_second_person():
    ladders = {row["code"]: row["tiers"] for row in rows("ladders")}
    assert set(ladders) == {"main", "incubation", "carriers"}
    for tiers in ladders.values():
        assert [tier["rank"] for tier in tiers] == list(range(1, len(tiers) + 1))
    assert [tier["code"] for tier in ladders["main"]] == ["tech_micro", "eaglet", "gazelle", "hnte", "leader"]
    assert [tier["code"] for tier in ladders["main"] if tier["needs_approval"]] == ["hnte", "leader"]


def test_windows_belong_to_programmes_and_nothing_of_the_coming_year_is_confirmed():
    programmes, windows = {row["code"] for row in rows("programmes")}, rows("windows")
    series = [(w["programme"], w["year"], w["batch"], w["region"]) for w in windows]
    assert len(series) == len(set(series))
    assert {w["programme"] for w in windows} == programmes
    assert {w["state"] for w in windows if w["year"] >= 2027} == {"reference"}
    assert {w["state"] for w in windows} == {"reference", "closed"}
    this, following = ({(p, b, r) for p, y, b, r in series if y == year} for year in (2026, 2027))
    assert this == following, "every series of this year has its place in the next"


def test_the_date_of_another_city_is_told_in_words_and_is_never_ours():
    theirs = [
        said for w in rows("windows") for said in w.get("versions", []) if "本市的日期未查到" in said.get("remark", "")
    ]
    assert len(theirs) == 3
    assert not [said for said in theirs if any(name.endswith(("_due", "_on", "_until")) for name in said)]
    assert "日期取自深圳" not in (SEEDS / "windows.yaml").read_text("utf-8")


def test_only_a_day_that_a_law_names_stands_in_a_year_without_a_notice():
    yearly = {row["code"]: row["yearly"] for row in rows("programmes")}
    for window in rows("windows"):
        for said in window.get("versions", []):
            days = {k: str(v) for k, v in said.items() if k.endswith(("_due", "_on"))}
            assert all(abs(int(day[:4]) - window["year"]) <= 1 for day in days.values())
            assert bool(said.get("address")) <= str(said.get("address")).startswith("http")
            if window["state"] == "reference" and days:
                assert days == {"firm_due": f"{window['year']}-{yearly[window['programme']][str(window['batch'])]}"}

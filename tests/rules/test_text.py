import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import TextError, index_grams, key, normalise, pinyin, query_grams


class TestCleaning:
    def test_full_width_letters_and_digits_become_ascii_but_chinese_punctuation_stays(self):
        assert normalise("ＡＢ１２，开平：示例！") == "AB12，开平：示例！"

    def test_parentheses_in_names_are_full_width_whichever_were_typed(self):
        assert normalise("灵元(深圳)有限公司") == normalise("灵元（深圳）有限公司") == "灵元（深圳）有限公司"

    def test_blanks_of_every_kind_are_collapsed_and_trimmed(self):
        assert normalise("　开平市\u00a0\t 示例\n厂　") == "开平市 示例 厂"

    def test_line_breaks_survive_where_a_text_has_lines(self):
        assert normalise(" 一 行\r\n二　行 \n\n", lines=True) == "一 行\n二 行"

    @pytest.mark.parametrize("hidden", ["\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u00ad"])
    def test_characters_nobody_sees_are_dropped(self, hidden):
        assert normalise(f"开{hidden}平") == "开平"

    @pytest.mark.parametrize("control", ["\x00", "\x08", "\x1b", "\x7f", "\x9f", "\ud800"])
    def test_control_characters_are_refused_with_a_sentence(self, control):
        with pytest.raises(TextError, match="不可见的控制字符"):
            normalise(f"开{control}平")

    def test_radicals_from_pdf_files_become_the_characters_they_look_like(self):
        assert normalise("⽔⼝镇") == "水口镇"

    def test_units_and_circled_numbers_are_left_as_written(self):
        assert normalise("①厂房200㎡") == "①厂房200㎡"

    def test_a_text_longer_than_allowed_is_refused_and_says_by_how_much(self):
        assert normalise("甲乙丙", longest=3) == "甲乙丙"
        with pytest.raises(TextError, match="最多 3 个字，现在有 4 个字"):
            normalise("甲乙丙丁", longest=3)

    @given(st.text())
    def test_cleaning_twice_is_cleaning_once(self, text):
        try:
            once = normalise(text)
        except TextError:
            return
        assert normalise(once) == once


class TestKey:
    def test_spellings_of_one_name_share_a_key(self):
        assert key("灵元 星辰（深圳）有限公司") == key("灵元星辰(深圳)有限公司") == "灵元星辰深圳有限公司"
        assert key("Ａbc-Ｄ公司") == key("ABCd公司")

    def test_header_names_compare_without_their_brackets_and_breaks(self):
        assert key("注册资本\n(万元)") == key("注册资本（万元）")

    @given(st.text())
    def test_a_key_is_its_own_key(self, text):
        assert key(key(text)) == key(text)


class TestPinyin:
    @pytest.mark.parametrize(
        ("name", "initials"),
        [
            ("长沙街道", "csjd"),
            ("重庆长安", "cqca"),
            ("厦门广厦会计师事务所", "xmgskjssws"),
            ("开平市长兴卫浴", "kpscxwy"),
            ("成长科技", "czkj"),
            ("东莞重工", "dgzg"),
            ("番禺调味品", "pytwp"),
            ("蚬冈镇", "xgz"),
        ],
    )
    def test_characters_with_several_readings_are_read_as_in_firm_names(self, name, initials):
        assert pinyin(name)[1] == initials

    def test_letters_and_digits_stay_in_their_place(self):
        assert pinyin("开平市8号A厂（分厂）") == ("kai ping shi 8 hao a chang fen chang", "kps8hacfc")

    def test_sort_keys_put_names_in_reading_order(self):
        names = ["水口卫浴", "百合食品", "开平纺织"]
        assert sorted(names, key=lambda n: pinyin(n)[0]) == ["百合食品", "开平纺织", "水口卫浴"]


FIELDS = st.lists(st.text(st.sampled_from("开平市水口卫浴ABCabc０1289（）- é"), max_size=24), min_size=1, max_size=4)


class TestGrams:
    @given(FIELDS, st.data())
    def test_whatever_occurs_in_a_field_finds_the_document(self, fields, data):
        field = normalise(data.draw(st.sampled_from(fields)))
        start = data.draw(st.integers(0, len(field)))
        q = field[start : data.draw(st.integers(start, len(field)))]
        grams = query_grams(q)
        assert set(grams) <= set(index_grams([normalise(f) for f in fields]))
        assert bool(grams) == (len(key(q)) >= 2)

    @given(FIELDS)
    def test_a_document_given_as_keys_has_the_same_grams(self, fields):
        assert index_grams([key(f) for f in fields]) == index_grams(fields)

    def test_two_han_characters_or_two_initials_are_enough(self):
        document = index_grams(["开平市水口卫浴有限公司", "kpsskwyyxgs"])
        for q in ("水口", "卫浴", "sk", "KPS"):
            assert set(query_grams(q)) <= set(document)
        assert not set(query_grams("纺织")) <= set(document)

    def test_three_letters_and_more_are_searched_by_triples(self):
        assert query_grams("kpss") == ["kps", "pss"]
        assert query_grams("kp") == ["kp"]
        assert query_grams("第8号A1厂") == ["第8", "8号", "号a", "a1", "1厂"]

    def test_grams_never_span_two_fields(self):
        assert "口开" not in index_grams(["水口", "开平"])

    def test_less_than_two_letters_ask_for_nothing(self):
        assert query_grams("水") == query_grams("（-）") == query_grams("") == []

    def test_a_firm_of_120_characters_takes_microseconds(self):
        fields = [
            "开平市示例卫浴科技有限公司" * 3,
            "91440783M159083022",
            "kpssl0001hwyyxgs",
            "13800000001",
            "GR202444001918",
        ]
        rounds, best = 200, 1.0
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(rounds):
                index_grams(fields)
            best = min(best, (time.perf_counter() - began) / rounds)
        assert best < 300e-6  # thirty on a quiet machine; a tenfold fault is what this catches

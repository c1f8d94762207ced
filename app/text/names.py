import re
from functools import cache, lru_cache
from typing import Any

from app.text.clean import key

# Where the dictionary of phrases misreads firm names. "开平市长兴…" is a town and 长兴, not the town's mayor.
_PHRASES = {
    "省长": "shěng cháng",
    "市长": "shì cháng",
    "州长": "zhōu cháng",
    "县长": "xiàn cháng",
    "区长": "qū cháng",
    "镇长": "zhèn cháng",
    "蚬冈": "xiǎn gāng",
    "水口": "shuǐ kǒu",
}
# Characters whose first reading in the dictionary is not the one that firm names mean.
_SINGLES = {"长": "cháng,zhǎng", "曾": "zēng,céng"}
_RUN = re.compile(r"[0-9a-z]+|[^0-9a-z]+")


@cache
def _reader() -> Any:
    # Imported on first use: the dictionaries take longer to load than most commands run.
    import pypinyin  # noqa: PLC0415

    pypinyin.load_phrases_dict({word: [[s] for s in reading.split()] for word, reading in _PHRASES.items()})
    pypinyin.load_single_dict({ord(char): readings for char, readings in _SINGLES.items()})
    return pypinyin.lazy_pinyin


@lru_cache(maxsize=4096)
def pinyin(name: str) -> tuple[str, str]:
    """`(sort_key, initials)`: 开平市8号A厂 → ("kai ping shi 8 hao a chang", "kps8hac")."""
    reader = _reader()
    syllables: list[str] = []
    initials: list[str] = []
    for run in _RUN.findall(key(name)):
        if run.isascii():
            syllables.append(run)
            initials.append(run)
        else:
            read = [s for s in reader(run) if s]
            syllables += read
            initials += [s[0] for s in read]
    return " ".join(syllables), "".join(initials)

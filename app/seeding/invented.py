"""What marks a firm as invented, and the words invented firms are made of."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.text.uscc import ALPHABET, make_code

# Positions 3 to 8 of a code name the registering division. 000000 and 000001 are none, so no genuine firm can ever
# carry such a code: this is how every invented firm is known again, and how none can be taken for a real one.
MARK = "9100000"
DEMO, SYNTHETIC = MARK + "0", MARK + "1"

SURNAMES = (
    "李王张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭"
    "萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭关司徒方邝"
)
GIVEN = "伟芳敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文斌辉玲健婷雪慧颖佳欣怡晨浩宇轩嘉俊达权耀荣锦添润祥"


@dataclass(frozen=True, slots=True)
class Trade:
    word: str
    industry: str  # GB/T 4754 division
    direction: str | None  # one of the plan's seven
    fields: tuple[str, ...]  # national high-tech fields, second level


TRADES = (
    Trade("卫浴", "C33", "high_end_equipment", ("804",)),
    Trade("水暖", "C33", "high_end_equipment", ("804",)),
    Trade("五金", "C33", None, ("804",)),
    Trade("陶瓷", "C30", "new_materials", ("402",)),
    Trade("食品", "C14", "green_food", ("207",)),
    Trade("粮油", "C13", "green_food", ("207",)),
    Trade("纺织", "C17", "light_textile", ("405",)),
    Trade("制衣", "C18", "light_textile", ()),
    Trade("化纤", "C28", "light_textile", ("403",)),
    Trade("新材料", "C26", "new_materials", ("403", "405")),
    Trade("塑料", "C29", "new_materials", ("403",)),
    Trade("电气", "C38", "high_end_equipment", ("806", "604")),
    Trade("电子", "C39", "new_generation_it", ("106",)),
    Trade("智能装备", "C35", "high_end_equipment", ("801", "804")),
    Trade("机械", "C34", "high_end_equipment", ("805",)),
    Trade("汽车零部件", "C36", "high_end_equipment", ("807",)),
    Trade("生物", "C27", "biomedicine", ("201", "206")),
    Trade("软件", "I65", "new_generation_it", ("101",)),
    Trade("环保", "N77", None, ("701", "703")),
    Trade("建筑科技", "E50", "green_building", ("604",)),
    Trade("家具", "C21", "light_textile", ()),
    Trade("纸业", "C22", None, ("707",)),
)
# What a town lives on: 水口 is the town of taps, 三埠 of cloth, the zone of machines. Numbers are positions in TRADES.
TOWNS: dict[str, tuple[float, tuple[int, ...]]] = {
    "440783117": (22, (0, 0, 0, 1, 1, 1, 2, 3)),
    "440783400": (17, (9, 11, 12, 13, 13, 14, 15, 16)),
    "440783002": (14, (12, 17, 17, 11, 14, 18, 10)),
    "440783001": (13, (6, 6, 7, 8, 4, 12)),
    "440783115": (9, (1, 2, 2, 0, 9, 14)),
    "440783103": (5, (4, 10, 14, 2)),
    "440783104": (5, (20, 2, 10, 21)),
    "440783105": (3, (5, 6, 2)),
    "440783107": (3, (5, 4, 20)),
    "440783109": (2.5, (4, 19, 20)),
    "440783110": (2, (5, 4, 18)),
    "440783111": (1.5, (4, 10)),
    "440783112": (1.5, (5, 21)),
    "440783108": (1.5, (4, 19)),
    "440783106": (1, (5, 18)),
    "440783116": (1, (5, 4)),
}
PARK_TOWN, PARK = "440783400", "翠山湖"


def base31(number: int, width: int) -> str:
    """A number in the code's own alphabet."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    if number:
        raise ValueError("the number needs more characters")
    return "".join(reversed(digits))


def demo_code(number: int) -> str:
    return make_code(DEMO, f"MA{number:06d}")


def synthetic_code(seed: int, number: int) -> str:
    return make_code(SYNTHETIC, base31(seed, 3) + base31(number, 5))


def person(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2))))


def phone(rng: random.Random) -> str:
    """Eleven digits that no network has given out: 100 is no mobile prefix."""
    return f"100{rng.randrange(10**8):08d}"


def weighted(rng: random.Random, options: Sequence[tuple[str, float]]) -> str:
    return rng.choices([o for o, _ in options], [w for _, w in options])[0]

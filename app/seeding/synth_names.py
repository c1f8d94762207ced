"""Names for a synthetic county: common and rare words side by side, so that a search finds many, few or none."""

import random
from itertools import accumulate

from app.seeding.invented import TRADES, Trade

_PLACES = ("开平市",) * 12 + ("江门市",) * 4 + ("广东",) * 2 + ("开平市水口镇", "江门市开平", "")
_FORMS = ("有限公司",) * 8 + ("科技有限公司",) * 4 + ("实业有限公司", "制品有限公司", "股份有限公司", "厂（普通合伙）")
_FIRST = (
    "华长金新鑫宏恒永盛嘉兴泰德信利达丰顺万鸿裕富广东海天锦荣百千中正立高明三"
    "友联凯威龙凤翔腾飞美雅佳好康健乐福禄寿喜银宝玉珠碧潭江湖山林森木石磊"
)
_SECOND = "兴源达丰盛泰隆顺发成昌和业安邦程辉煌耀宇宙晟润泽洋瀚博雅杰俊豪轩庭园岭峰岳川河溪泉涌涛浪波澜沧"


def _zipf(letters: str) -> list[float]:
    """The n-th letter a n-th as often as the first, as words are."""
    return list(accumulate(1 / (n + 3) for n in range(len(letters))))


_FIRST_WEIGHTS, _SECOND_WEIGHTS = _zipf(_FIRST), _zipf(_SECOND)
_TRADE_WEIGHTS = list(accumulate(1 / (n + 2) for n in range(len(TRADES))))


def name_and_trade(rng: random.Random) -> tuple[str, Trade]:
    (trade,) = rng.choices(TRADES, cum_weights=_TRADE_WEIGHTS)
    (first,) = rng.choices(_FIRST, cum_weights=_FIRST_WEIGHTS)
    (second,) = rng.choices(_SECOND, cum_weights=_SECOND_WEIGHTS)
    third = rng.choice(_SECOND) if rng.random() < 0.15 else ""
    return f"{rng.choice(_PLACES)}{first}{second}{third}{trade.word}{rng.choice(_FORMS)}", trade

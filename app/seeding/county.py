"""The demo's firms: invented, numbered and named so that nobody takes them for real ones."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.firms.service import FirmEntry
from app.firms.terms import ContactDetails
from app.seeding.invented import PARK, PARK_TOWN, TOWNS, TRADES, Trade, demo_code, person, phone

_FORMS = ("有限公司",) * 7 + ("科技有限公司",) * 3 + ("实业有限公司", "股份有限公司")
_TITLES = ("总经理", "财务", "研发主管", "办公室", "项目申报")
_TAGS = ("重点跟进", "出口企业", "有研发机构", "专精特新培育", "上市后备", "产学研合作", "技改项目")
_REMARKS = (
    "演示数据。",
    "演示数据。去年参加过政策宣讲会。",
    "演示数据。厂房在扩建。",
    "演示数据。财务由集团统一管理。",
)
DEMO_TOWN = "440783117"


@dataclass(frozen=True, slots=True)
class DemoFirm:
    number: int
    name: str
    uscc: str
    region: str
    officer: str | None  # log-in of who looks after it
    trade: Trade
    entry: FirmEntry  # its size and age follow from the life it will have led


def invent_firms(rng: random.Random, count: int, *, officers: dict[str, Any], today: date) -> list[DemoFirm]:
    """`officers` maps the log-ins firms are shared among to their ids."""
    towns = list(TOWNS)
    chosen = (towns * 2)[:count] + rng.choices(towns, [w for w, _ in TOWNS.values()], k=max(0, count - 2 * len(towns)))
    rng.shuffle(chosen)
    return [_invent(rng, n, town, officers, today) for n, town in enumerate(chosen, 1)]


def _invent(rng: random.Random, number: int, town: str, officers: dict[str, Any], today: date) -> DemoFirm:
    trade = TRADES[rng.choice(TOWNS[town][1])]
    form = rng.choice(_FORMS)
    if trade.word.endswith("科技"):
        form = form.removeprefix("科技")
    name = f"开平市示例{number:04d}号{trade.word}{form}"
    officer = rng.choice([*officers, *officers, *officers, *officers, None])
    values = {
        "name": name,
        "uscc": demo_code(number),
        "region_code": town,
        "park": PARK if town == PARK_TOWN or rng.random() < 0.02 else None,
        "address": f"示例路{number}号",
        "remark": rng.choice(_REMARKS),
        "officer_id": officers[officer] if officer else None,
        "next_touch_on": today + timedelta(days=rng.randrange(-10, 45)) if rng.random() < 0.3 else None,
        **_business(rng, trade),
    }
    contacts = [_contact(rng) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
    if number % 5:  # one in five has given no address, and is called
        contacts[0] = replace(contacts[0], email=f"demo{number:04d}@example.invalid")
    tags = rng.sample(_TAGS, rng.choice((0, 0, 0, 1, 1, 2)))
    former = [f"开平市示例{number:04d}号{rng.choice(('贸易', '制品厂', '实业'))}"] if rng.random() < 0.06 else []
    entry = FirmEntry(values, contacts=contacts, tags=tags, former_names=former)
    return DemoFirm(number, name, values["uscc"], town, officer, trade, entry)


def _business(rng: random.Random, trade: Trade) -> dict[str, Any]:
    capital = rng.choice((50, 100, 100, 200, 300, 500, 500, 800, 1000, 2000, 3000, 5000))
    return {
        "industry_code": trade.industry,
        "high_tech_field": rng.choice(trade.fields) if trade.fields and rng.random() < 0.8 else None,
        "direction": trade.direction if rng.random() < 0.85 else None,
        "registered_capital": Decimal(capital * 10000),
    }


def _contact(rng: random.Random) -> ContactDetails:
    return ContactDetails(person(rng), phone(rng), rng.choice(_TITLES))

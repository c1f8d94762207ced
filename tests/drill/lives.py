"""What the clients do, each life step by step: a firm's moves, its years' figures, its papers; a room's stays."""

import hashlib
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests import factories
from tests.drill.asking import Client, Request
from tests.drill.journal import Write

_LADDER = ("tech_micro", "eaglet", "tech_micro", None)
MOVES, PAPERS = 12, 10
_LINE = "rd.design"  # the figure by which one save is told from another
_numbers = itertools.count(1)


@dataclass(frozen=True)
class House:
    """Who and what there is before anything goes wrong."""

    today: date
    years: range
    officers: Sequence[str]  # tokens
    firms: Sequence["Firm"]
    rooms: Sequence["Room"]


@dataclass(frozen=True)
class Firm:
    id: str
    uscc: str
    clerk: str  # token


@dataclass(frozen=True)
class Room:
    id: str
    carrier: str
    exclusive: bool


Life = Callable[[Client, random.Random], Awaitable[None]]


def lives(house: House) -> list[Life]:
    found: list[Life] = [moving(house, firm) for firm in house.firms]
    found += [reporting(house, firm, year) for firm in house.firms for year in house.years]
    found += [visiting(house, firm) for firm in house.firms]
    return found + [staying(house, room) for room in house.rooms]


def moving(house: House, firm: Firm) -> Life:
    async def life(client: Client, rng: random.Random) -> None:
        stands: str | None = None
        for n in range(MOVES):
            to, on = _LADDER[n % len(_LADDER)], house.today - timedelta(days=MOVES - n)
            mark = f"演练 {next(_numbers)}"
            write = Write("move", mark, f"{firm.uscc} {stands}>{to} {on}", (f"{firm.id} {stands}>{to} {on}",))
            body = {"to": to, "expected": stands, "effective_on": on.isoformat(), "reason": mark}
            request = Request("POST", f"/firms/{firm.uscc}/moves", rng.choice(house.officers), body)
            if rng.random() < 0.05:  # by somebody who looks at an old board
                old = Write("move", f"{mark} 旧", f"{firm.uscc} hnte>{to} {on}", (f"{firm.id} hnte>{to} {on}",))
                late = {**body, "expected": "hnte", "reason": old.mark}
                await client.ask(old, Request("POST", request.path, request.token, late), refused=True)
            await client.ask(write, request)
            stands = to

    return life


def figures_with(number: int) -> dict[str, str]:
    return {**factories._FIGURES, _LINE: str(number)}


def as_said(figures: Mapping[str, Any]) -> str:
    """Of what a client sends: a form also has sums."""
    return " ".join(f"{code}={Decimal(figures[code]).normalize():f}" for code in factories._FIGURES)


def reporting(house: House, firm: Firm, year: int) -> Life:
    """Begun, saved, saved again, signed, accepted. Of a page that was saved again the earlier figures are gone."""
    here = f"/firms/{firm.uscc}/figures/{year}"

    async def life(client: Client, rng: random.Random) -> None:
        tag, told = None, f"{firm.id} {year}"
        for n in (1, 2, 3):
            figures = figures_with(next(_numbers))
            trail = (f"filled {told} {n}", *((f"begun {told} 1",) if n == 1 else ()))
            write = Write("save", f"{firm.uscc} {year} {n}", as_said(figures) if n == 3 else None, trail)
            saved = await client.ask(write, Request("PUT", here, firm.clerk, {"figures": figures}, tag=tag))
            assert saved is not None
            tag = saved.headers["etag"]
        mark = f"{firm.uscc} {year} 1"
        signed = Write("hand_in", mark, as_said(figures), (f"submitted {told} 1",))
        answer = await client.ask(signed, Request("POST", f"{here}/submit", firm.clerk, {}, tag=tag))
        assert answer is not None
        kept = Write("accept", mark, as_said(figures), (f"accepted {told} 1",))
        officer, tag = rng.choice(house.officers), answer.headers["etag"]
        await client.ask(kept, Request("POST", f"{here}/accept", officer, tag=tag))

    return life


def paper(number: int, rng: random.Random) -> bytes:
    """A small PDF that there is once."""
    return b"%PDF-1.4\n% " + str(number).encode() + b" " + rng.randbytes(400).hex().encode() + b"\n%%EOF\n"


def visiting(house: House, firm: Firm) -> Life:
    async def life(client: Client, rng: random.Random) -> None:
        number, officer = next(_numbers), rng.choice(house.officers)
        mark, on = f"演练走访 {number}", house.today - timedelta(days=1)
        visit = Write("visit", mark, f"{firm.uscc} {on}", (f"{firm.id} {on}",))
        body = {"summary": mark, "visited_on": on.isoformat()}
        made = await client.ask(visit, Request("POST", f"/firms/{firm.uscc}/visits", officer, body))
        assert made is not None
        path = f"/firms/{firm.uscc}/visits/{made.json()['id']}/files"
        for n in range(PAPERS):
            data = paper(next(_numbers), rng)
            sha, name = hashlib.sha256(data).hexdigest(), f"照片{n}.pdf"
            write = Write("upload", sha, f"{made.json()['id']} {name} {len(data)}", (sha,))
            files = {"file": (name, data, "application/pdf")}
            await client.ask(write, Request("POST", path, officer, files=files), may_leave=True)

    return life


def staying(house: House, room: Room) -> Life:
    """Teams one after the other, each for a day; in a shared room nothing but the key keeps one from coming twice."""
    here = f"/carriers/{room.carrier}/tenancies"

    async def life(client: Client, rng: random.Random) -> None:
        for n in range(PAPERS):
            team, officer = f"演练队 {next(_numbers)}", rng.choice(house.officers)
            on = (house.today - timedelta(days=PAPERS - n)).isoformat()
            body = {"team": team, "space": room.id, "from": on, "to": on, "agreement_no": team}
            write = Write("admit", team, f"{room.id} {on} {team}", (team,))
            made = await client.ask(write, Request("POST", here, officer, body))
            assert made is not None
            if room.exclusive and rng.random() < 0.1:  # two teams, one room
                other = Write("admit", f"{team} 也要", f"{room.id} {on} ", (f"{team} 也要",))
                await client.ask(other, Request("POST", here, officer, {**body, "team": other.mark}), refused=True)
            stay, tag = made.json()["id"], made.headers["etag"]
            out = Write("end", stay, f"{on} moved_out", (team,))
            gone = {"on": on, "reason": "moved_out"}
            await client.ask(out, Request("POST", f"/tenancies/{stay}/end", officer, gone, tag=tag))

    return life

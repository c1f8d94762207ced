"""`tidu user` and `tidu token`: accounts and bearer tokens from the terminal."""

import argparse
import secrets
import sys
import uuid
from dataclasses import replace
from datetime import date
from typing import Any

from app.access.expiry import must_lie_ahead, set_last_day
from app.access.factors import take_away
from app.access.queries import user_by_login
from app.access.rules import ONE_TIME_HOURS
from app.access.service import Account, add_user, reset_password
from app.access.terms import SYSTEM, Power, Role
from app.access.tokens import LONGEST_DAYS, issue_token
from app.carriers.queries import carrier_choices
from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.db import Conn
from app.errors import Invalid
from app.firms.queries import firm_id_by_uscc
from app.text import normalise
from app.text.dates import DateError, parse_date
from app.text.uscc import normalise_code


def add_parser(subparsers: Any) -> None:
    user: argparse.ArgumentParser = subparsers.add_parser("user", help="账号")
    verbs = user.add_subparsers(dest="verb", metavar="动作", required=True)
    add: argparse.ArgumentParser = verbs.add_parser("add", help="新增账号；不给口令时生成一次性口令并单独打印")
    add.add_argument("login", metavar="LOGIN", help="小写字母开头，2 到 40 个小写字母、数字或 . _ -")
    roles = "、".join(f"{role.value}（{role.label}）" for role in Role)
    add.add_argument("--role", required=True, choices=[role.value for role in Role], metavar="ROLE", help=roles)
    add.add_argument(
        "--power",
        default="",
        choices=["system", "security"],
        help="管理员的分工：system 系统管理员、security 安全管理员",
    )
    add.add_argument("--scope", default="", metavar="CODE", help="管辖的行政区划代码，如 440783")
    add.add_argument("--name", default="", help="姓名，缺省同账号")
    add.add_argument("--firm", default="", metavar="USCC", help="填报员所属企业的统一社会信用代码")
    add.add_argument("--carrier", default="", metavar="NAME", help="载体运营的载体：名称，或编号")
    add.add_argument("--until", default="", metavar="DATE", help="到期日，如 2027-06-30：这一天结束时停用")
    add.add_argument("--password-stdin", action="store_true", help="从标准输入读口令（一行）")
    add_data_option(add)
    add.set_defaults(run=run_add)
    until: argparse.ArgumentParser = verbs.add_parser("until", help="账号的到期日；none 取消")
    until.add_argument("login", metavar="LOGIN")
    until.add_argument("until", metavar="DATE", help="如 2027-06-30；none 取消到期日")
    add_data_option(until)
    until.set_defaults(run=run_until)
    reset: argparse.ArgumentParser = verbs.add_parser("reset", help="重置口令：生成新的一次性口令并单独打印")
    reset.add_argument("login", metavar="LOGIN")
    add_data_option(reset)
    reset.set_defaults(run=run_reset)
    factor: argparse.ArgumentParser = verbs.add_parser("factor-reset", help="重置两步验证：没有第二人可找时用")
    factor.add_argument("login", metavar="LOGIN")
    add_data_option(factor)
    factor.set_defaults(run=run_factor_reset)
    token: argparse.ArgumentParser = subparsers.add_parser("token", help="发放接口令牌，只显示一次")
    token.add_argument("login", metavar="LOGIN")
    token.add_argument("--days", type=int, default=90, metavar="N", help=f"有效天数，1 到 {LONGEST_DAYS}，缺省 90")
    token.add_argument("--read-only", action="store_true", help="只能读，写一概拒绝")
    add_data_option(token)
    token.set_defaults(run=run_token)


async def run_add(args: argparse.Namespace) -> int:
    role = Role(args.role)
    if args.firm and role is not Role.FIRM:
        raise CommandError("--firm 只用于填报员（--role firm）。", exit_code=2)
    if args.power and role is not Role.ADMIN:
        raise CommandError("--power 只用于系统管理员（--role admin）。", exit_code=2)
    if args.carrier and role is not Role.CARRIER:
        raise CommandError("--carrier 只用于载体运营（--role carrier）。", exit_code=2)
    last_day = _day(args.until) if args.until else None
    given = _read_password() if args.password_stdin else ""
    password = given or _one_time()
    async with opened(args) as (settings, database), database.transaction() as conn:
        firm_id = await _firm(conn, args.firm) if args.firm else None
        carrier_id = await _carrier(conn, args.carrier) if args.carrier else None
        name = args.name.strip() or args.login
        part = Power(args.power) if args.power else Power.SOLE
        account = Account(args.login, name, role, args.scope, firm_id=firm_id, carrier_id=carrier_id, power=part)
        try:
            must_lie_ahead(last_day, at=SystemClock().now())
            await add_user(
                conn,
                replace(account, last_day=last_day),
                password=password,
                must_change=not given,
                at=SystemClock().now(),
                cheap=settings.cheap_passwords,
            )
        except Invalid as error:
            exit_code = 2 if {"scope", "uscc", "valid_until"} & error.fields.keys() else 1
            raise CommandError("".join(error.fields.values()), exit_code=exit_code) from error
    print(f"已新增账号 {args.login}（{role.label}）。", file=sys.stderr)
    if not given:
        _tell(password)
    return 0


async def run_until(args: argparse.Namespace) -> int:
    day = None if args.until == "none" else _day(args.until)
    async with opened(args) as (_, database), database.transaction() as conn:
        user = await user_by_login(conn, args.login)
        if user is None:
            raise CommandError(f"没有账号 {args.login}。")
        try:
            await set_last_day(conn, user["id"], day, by=SYSTEM, at=SystemClock().now())
        except Invalid as error:
            raise CommandError("".join(error.fields.values()), exit_code=2) from error
    print(f"账号 {args.login} " + (f"用到 {day} 为止。" if day else "没有到期日。"), file=sys.stderr)
    return 0


def _day(typed: str) -> date:
    try:
        return parse_date(typed)
    except DateError as error:
        raise CommandError(str(error), exit_code=2) from error


async def run_reset(args: argparse.Namespace) -> int:
    """Also the way back in when nobody is left who could reset a password from a page."""
    password = _one_time()
    async with opened(args) as (settings, database), database.transaction() as conn:
        user = await user_by_login(conn, args.login)
        if user is None:
            raise CommandError(f"没有账号 {args.login}。")
        await reset_password(conn, user["id"], password, at=SystemClock().now(), cheap=settings.cheap_passwords)
    print(f"已重置账号 {args.login} 的口令，原有登录和令牌已失效。", file=sys.stderr)
    _tell(password)
    return 0


async def run_factor_reset(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database), database.transaction() as conn:
        if not await take_away(conn, args.login, at=SystemClock().now()):
            raise CommandError(f"没有账号 {args.login}，或者它没有开启两步验证。")
    print(f"已重置账号 {args.login} 的两步验证，原有登录已失效。", file=sys.stderr)
    return 0


def _one_time() -> str:
    return f"Td-{secrets.token_urlsafe(12)}9"


def _tell(password: str) -> None:
    print(f"下面是一次性口令，只显示这一次，{ONE_TIME_HOURS} 小时内有效，首次登录须修改：", file=sys.stderr)
    print(password)


def _read_password() -> str:
    line = sys.stdin.readline(1000).rstrip("\r\n")
    if not line:
        raise CommandError("标准输入里没有口令。", exit_code=2)
    return line


async def _firm(conn: Conn, code: str) -> uuid.UUID:
    firm_id = await firm_id_by_uscc(conn, normalise_code(code))
    if firm_id is None:
        raise CommandError(f"企业库里没有信用代码 {code}。")
    return firm_id


async def _carrier(conn: Conn, named: str) -> uuid.UUID:
    known = {name: known_as for known_as, name in await carrier_choices(conn)}
    found = known.get(normalise(named, longest=200), named.lower())
    if found not in known.values():
        raise CommandError(f"没有叫“{named}”的载体。")
    return uuid.UUID(found)


async def run_token(args: argparse.Namespace) -> int:
    if not 1 <= args.days <= LONGEST_DAYS:
        raise CommandError(f"--days 应在 1 到 {LONGEST_DAYS} 之间。", exit_code=2)
    async with opened(args) as (_, database), database.transaction() as conn:
        token = await issue_token(conn, args.login, days=args.days, read_only=args.read_only, at=SystemClock().now())
    print(token)
    return 0

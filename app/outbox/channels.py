"""How messages leave the house: mail through SMTP, and to group robots and web hooks over HTTPS."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.clock import SystemClock
from app.config import Settings
from app.outbox.claiming import Claimed
from app.outbox.deliver import SEND_SECONDS, Later, NoWayOut, PermanentFailure
from app.outbox.fetching import Answer, Poster, Unsafe
from app.outbox.letters import compose
from app.outbox.links import link_address
from app.outbox.robots import cut, outgoing, refusal
from app.outbox.terms import Channel
from app.sealed import UNREADABLE
from app.text import is_phone

_GOODBYE_SECONDS = 2
_SHUT = "收件地址用现在的密钥打不开；密钥加回 TIDU_ENCRYPTION_KEYS 后自动发出"
_SMS_BYTES = 600  # two hundred characters: three or four messages long


class Channels:
    """Entered, it keeps its connections open between letters; a server is greeted once and not for each of them."""

    def __init__(self, settings: Settings, *, poster: Poster | None = None) -> None:
        self._settings = settings
        self._poster = poster or Poster()
        self._gateway = Poster(inside=True)
        self._idle: list[aiosmtplib.SMTP] | None = None

    async def __aenter__(self) -> Self:
        self._idle = []
        return self

    async def __aexit__(self, *_: object) -> None:
        idle, self._idle = self._idle or [], None
        for server in idle:
            await _leave(server)

    async def hand_over(self, message: Claimed) -> str:
        match message.channel:
            case Channel.EMAIL:
                return await self._mail(message)
            case Channel.SMS:
                return await self._text(message)
            case _:
                return await self._post(message)

    async def _text(self, message: Claimed) -> str:
        if not self._settings.sms_url:
            raise NoWayOut("没有设置短信网关（TIDU_SMS_URL），设置后自动发出")
        if message.address == UNREADABLE:
            raise NoWayOut(_SHUT)
        number = (message.address or "").strip()
        if not is_phone(number):
            raise PermanentFailure("收件人没有能收短信的号码")
        said = outgoing(
            Channel.SMS,
            self._settings.sms_url,
            self._settings.sms_secret.get_secret_value(),
            message_id=str(message.id),
            text=cut(str(message.payload.get("subject", "")), _SMS_BYTES),
            seconds=int(SystemClock().now().timestamp()),
            extra={"kind": message.kind, "to": number},
        )
        # Whoever runs the house names the gateway; it may well stand beside us.
        return self._judged(message.channel, await self._gateway.post(said.url, said.body, said.headers))

    async def _post(self, message: Claimed) -> str:
        if message.outlet is None:
            raise PermanentFailure("这个群机器人或回调已停用")
        said = outgoing(
            message.channel,
            message.outlet["address"],
            message.outlet["secret"],
            message_id=str(message.id),
            text=str(message.payload.get("subject", "")),
            seconds=int(SystemClock().now().timestamp()),
            extra={"kind": message.kind},
        )
        try:
            answer = await self._poster.post(said.url, said.body, said.headers)
        except Unsafe as error:
            raise PermanentFailure(str(error)) from error
        return self._judged(message.channel, answer)

    def _judged(self, channel: Channel, answer: Answer) -> str:
        if against := refusal(channel, answer.status, answer.body):
            if answer.retry_after:
                raise Later(against, answer.retry_after)
            if 300 <= answer.status < 500 and answer.status not in (408, 425, 429):
                raise PermanentFailure(against)
            raise ConnectionError(against)
        return f"HTTP {answer.status}"

    async def _mail(self, message: Claimed) -> str:
        if not self._settings.smtp_url:
            raise NoWayOut("没有设置发信服务器（TIDU_SMTP_URL），设置后自动发出")
        if message.address == UNREADABLE:
            raise NoWayOut(_SHUT)
        if not message.address:
            raise PermanentFailure("收件人没有邮箱或已停用")
        if not message.address.isascii() or any(c.isspace() for c in message.address):
            raise PermanentFailure("邮箱地址里有空格或中文字符，无法投递")
        letter = compose(
            # The same id on every try, so that a repeat after a crash is recognised as one.
            f"<{message.id}@tidu>",
            sender=self._settings.mail_from,
            to=message.address,
            subject=str(message.payload.get("subject", "梯度")),
            body=self._body(message.payload),
            enclosures=message.files,
        )
        server = await self._greeted()
        try:
            await server.rcpt(message.address)
            answer = await server.data(letter)
        except aiosmtplib.SMTPResponseException as error:
            await _leave(server)
            if 500 <= error.code < 600:
                raise PermanentFailure(f"{error.code} {error.message}") from error
            raise
        except BaseException:
            server.close()
            raise
        if self._idle is None:
            await _leave(server)
        else:
            self._idle.append(server)
        return answer.message

    async def _greeted(self) -> aiosmtplib.SMTP:
        """A server that has taken our name as the sender: one that is kept, unless it has hung up meanwhile."""
        while self._idle:
            kept = self._idle.pop()
            try:
                await kept.mail(self._settings.mail_from)
            except aiosmtplib.SMTPException:
                kept.close()
            else:
                return kept
        url = urlsplit(self._settings.smtp_url)
        server = aiosmtplib.SMTP(
            hostname=url.hostname,
            port=url.port or (465 if url.scheme == "smtps" else 25),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            timeout=SEND_SECONDS,
        )
        try:
            await server.connect()
            await server.mail(self._settings.mail_from)
        except aiosmtplib.SMTPResponseException as error:
            server.close()
            if 500 <= error.code < 600:
                raise PermanentFailure(f"{error.code} {error.message}") from error
            raise
        except BaseException:
            server.close()
            raise
        return server

    def _body(self, payload: Mapping[str, Any]) -> str:
        """What was written, with the secret link at its place; the link is made now and kept nowhere."""
        body = str(payload.get("body", ""))
        link = payload.get("link")
        if not isinstance(link, Mapping):
            return body
        return body.replace("{link}", link_address(self._settings, link["use"], uuid.UUID(link["id"])), 1)


async def _leave(server: aiosmtplib.SMTP) -> None:
    """Says goodbye; a server that does not answer is left without."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await server.quit(timeout=_GOODBYE_SECONDS)
    server.close()

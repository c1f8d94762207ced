"""How messages leave the house: mail through SMTP."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.config import Settings
from app.outbox.deliver import SEND_SECONDS, Claimed, NoWayOut, PermanentFailure


class Channels:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def hand_over(self, message: Claimed) -> str:
        if not self._settings.smtp_url:
            raise NoWayOut("没有设置发信服务器（TIDU_SMTP_URL），设置后自动发出")
        if not message.address:
            raise PermanentFailure("收件人没有邮箱或已停用")
        letter = EmailMessage()
        letter["From"] = self._settings.mail_from
        letter["To"] = message.address
        # One line, whatever a firm's name holds: a line break would begin a header of its own.
        letter["Subject"] = " ".join(str(message.payload.get("subject", "梯度")).split())
        # The same id on every try, so that a repeat after a crash is recognised as one.
        letter["Message-ID"] = f"<{message.id}@tidu>"
        letter.set_content(str(message.payload.get("body", "")))
        url = urlsplit(self._settings.smtp_url)
        try:
            _, answer = await aiosmtplib.send(
                letter,
                hostname=url.hostname,
                port=url.port or (465 if url.scheme == "smtps" else 25),
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=url.scheme == "smtps",
                timeout=SEND_SECONDS,
            )
        except aiosmtplib.SMTPResponseException as error:
            if 500 <= error.code < 600:
                raise PermanentFailure(f"{error.code} {error.message}") from error
            raise
        return answer

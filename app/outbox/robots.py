"""What each kind of outlet is sent and how its answer is read. Group robots are told counts and dates, never a firm's
figures; the wording is the caller's, the limits are here."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from app.outbox.terms import Channel

# The host that a robot's address must name, and how many bytes of text its group takes.
ROBOT_HOSTS: Mapping[Channel, str] = {
    Channel.WECOM: "qyapi.weixin.qq.com",
    Channel.DINGTALK: "oapi.dingtalk.com",
    Channel.FEISHU: "open.feishu.cn",
}
_MOST_BYTES = {Channel.WECOM: 2048, Channel.DINGTALK: 20_000, Channel.FEISHU: 20_000}


@dataclass(frozen=True, slots=True)
class Outgoing:
    url: str
    body: bytes
    headers: Mapping[str, str]


def address_problem(channel: Channel, address: str) -> str:
    """Why an address cannot be kept, in a sentence; empty when it can."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "请填写完整的网址。"
    if parts.scheme != "https" or not host or parts.username or any(c.isspace() for c in address):
        return "请填写以 https:// 开头的完整网址。"
    if channel in ROBOT_HOSTS and host != ROBOT_HOSTS[channel]:
        return f"{channel.label}的地址应在 {ROBOT_HOSTS[channel]} 上，请从群机器人的设置里复制。"
    return ""


def outgoing(
    channel: Channel, address: str, secret: str, *, message_id: str, text: str, seconds: int, extra: Mapping[str, Any]
) -> Outgoing:
    match channel:
        case Channel.WECOM:
            return _json(address, {"msgtype": "text", "text": {"content": cut(text, _MOST_BYTES[channel])}})
        case Channel.DINGTALK:
            url = address
            if secret:
                stamp = str(seconds * 1000)
                sign = base64.b64encode(_hmac(secret.encode(), f"{stamp}\n{secret}".encode())).decode()
                url = f"{address}{'&' if '?' in address else '?'}timestamp={stamp}&sign={quote_plus(sign)}"
            return _json(url, {"msgtype": "text", "text": {"content": cut(text, _MOST_BYTES[channel])}})
        case Channel.FEISHU:
            said: dict[str, Any] = {"msg_type": "text", "content": {"text": cut(text, _MOST_BYTES[channel])}}
            if secret:
                sign = base64.b64encode(_hmac(f"{seconds}\n{secret}".encode(), b"")).decode()
                said |= {"timestamp": str(seconds), "sign": sign}
            return _json(address, said)
        case _:
            body = _bytes({"id": message_id, "text": text, **extra})
            signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
            headers = {
                "X-Tidu-Delivery": message_id,
                "X-Tidu-Timestamp": str(seconds),
                "X-Tidu-Signature": f"sha256={signed}",
            }
            return Outgoing(address, body, headers)


def refusal(channel: Channel, status: int, body: bytes) -> str:
    """What the answer says against us; empty when it was taken. A robot says 200 and means its own code."""
    if not 200 <= status < 300:
        return f"HTTP {status}"
    if channel not in ROBOT_HOSTS:
        return ""
    try:
        said = json.loads(body)
        code = next(said[name] for name in ("errcode", "code", "StatusCode") if name in said)
    except (ValueError, TypeError, StopIteration):
        return "对方的回答看不懂"
    return "" if code == 0 else f"{code} {str(said.get('errmsg') or said.get('msg') or '')[:200]}"


def cut(text: str, most: int) -> str:
    """Within so many bytes, never through the middle of a character."""
    whole = text.encode()
    if len(whole) <= most:
        return text
    return whole[: most - 3].decode("utf-8", "ignore") + "…"


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _bytes(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _json(url: str, said: Mapping[str, Any]) -> Outgoing:
    return Outgoing(url, _bytes(said), {})

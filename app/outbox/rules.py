"""What somebody may choose: any way they are reached by, and never none for what must be heard."""

from collections.abc import Collection, Mapping

from app.outbox.terms import FIXED, PERSONAL, Channel, Topic
from app.text import is_phone

# A firm's own contact has no inbox; its clerks choose for themselves.
OF_FIRM = (Topic.DUTY, Topic.REMINDER)
WAYS_OF_FIRM = (Channel.EMAIL, Channel.SMS)
DEFAULT, DEFAULT_OF_FIRM = frozenset({Channel.INBOX}), frozenset({Channel.EMAIL})

Chosen = Mapping[Topic, frozenset[Channel]]


def choice_problems(
    chosen: Chosen, *, offered: Collection[Topic], ways: Collection[Channel], phone: str, email: bool = True
) -> dict[str, str]:
    """By topic, or "phone"."""
    found: dict[str, str] = {}
    for topic, channels in chosen.items():
        if topic not in offered or not channels <= set(ways):
            found[topic.value] = "没有这种通知方式。"
        elif not channels and topic in FIXED:
            found[topic.value] = f"“{topic.label}”不能关闭，请至少留一种方式。"
        elif Channel.EMAIL in channels and not email:
            found[topic.value] = "账号还没有登记邮箱，请联系管理员登记，或选别的方式。"
    by_text = any(Channel.SMS in channels for channels in chosen.values())
    if phone and not (is_phone(phone) and phone.isascii()):
        found["phone"] = "请填写一个手机号码。"
    elif by_text and not phone and Channel.INBOX in ways:
        found["phone"] = "选了短信的，请填写手机号码。"
    return found


def read_choices(kept: Mapping[str, Collection[str]], offered: Collection[Topic], house: frozenset[Channel]) -> Chosen:
    """What holds now: what was chosen, else the house's way."""
    known = {c.value: c for c in PERSONAL}
    return {
        topic: frozenset(known[c] for c in kept[topic.value] if c in known) if topic.value in kept else house
        for topic in offered
    }

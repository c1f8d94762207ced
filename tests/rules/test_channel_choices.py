"""What somebody may choose of how they hear, and what they cannot."""

import pytest

from app.outbox.rules import DEFAULT, DEFAULT_OF_FIRM, OF_FIRM, WAYS_OF_FIRM, choice_problems, read_choices
from app.outbox.terms import FIXED, KIND_LABELS, PERSONAL, TOPICS, Channel, Topic

NONE, INBOX, EMAIL, SMS = frozenset(), frozenset({Channel.INBOX}), frozenset({Channel.EMAIL}), frozenset({Channel.SMS})


def wrong(topic, channels, *, ways=PERSONAL, phone="", email=True, offered=tuple(Topic)):
    return set(choice_problems({topic: channels}, offered=offered, ways=ways, phone=phone, email=email))


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_may_come_another_way_and_only_what_must_be_heard_cannot_be_switched_off(topic):
    assert wrong(topic, EMAIL) == wrong(topic, INBOX | EMAIL) == set()
    assert wrong(topic, NONE) == ({topic.value} if topic in FIXED else set())


@pytest.mark.parametrize(
    ("channels", "more", "fields"),
    [
        (SMS, {"phone": "13800000000"}, set()),
        (SMS, {}, {"phone"}),
        (SMS, {"phone": "一三八"}, {"phone"}),
        (INBOX, {"phone": "12"}, {"phone"}),
        (SMS, {"ways": (Channel.INBOX, Channel.EMAIL), "phone": "13800000000"}, {"move"}),
        (frozenset({Channel.WECOM}), {}, {"move"}),
        (EMAIL, {"email": False}, {"move"}),
        (INBOX, {"offered": (Topic.WORK,)}, {"move"}),
        (SMS, {"ways": WAYS_OF_FIRM}, set()),  # a firm's number is its contact's
    ],
)
def test_a_way_is_one_that_is_offered_and_that_leads_somewhere(channels, more, fields):
    assert wrong(Topic.MOVE, channels, **more) == fields


def test_what_is_not_chosen_keeps_the_houses_way_and_what_is_switched_off_stays_off():
    kept = {"reminder": ["sms", "carrier pigeon"], "work": []}
    found = read_choices(kept, (Topic.REMINDER, Topic.WORK, Topic.MOVE), DEFAULT)
    assert found == {Topic.REMINDER: SMS, Topic.WORK: NONE, Topic.MOVE: INBOX}
    assert read_choices({}, OF_FIRM, DEFAULT_OF_FIRM) == dict.fromkeys(OF_FIRM, EMAIL)


def test_every_kind_that_has_a_topic_has_words():
    assert TOPICS.keys() <= KIND_LABELS.keys()

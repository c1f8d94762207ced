from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """An enum whose members carry the words people read: `X = "value", "标签"`.

    The value is what is stored and sent; the label is the only place its Chinese is written.
    """

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        return [(m.value, m.label) for m in cls]

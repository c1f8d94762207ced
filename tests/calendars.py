"""A strict reader of iCalendar streams (RFC 5545), so that what a calendar program would refuse fails here."""

import re
from dataclasses import dataclass, field

_LINE = re.compile(r'([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")
_TEXTS = {"SUMMARY", "DESCRIPTION", "CATEGORIES", "X-WR-CALNAME"}
_ONCE = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "SEQUENCE", "URL", "STATUS", "LAST-MODIFIED"}


@dataclass
class Component:
    name: str
    properties: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → (parameters, value)
    parts: list["Component"] = field(default_factory=list)

    def value(self, name: str) -> str:
        return self.properties[name][1]


def read(data: bytes) -> Component:
    """The VCALENDAR. Asserts what the standard demands of a stream and of each event."""
    text = data.decode("utf-8")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", ""), "a bare line feed"
    lines = text.split("\r\n")[:-1]
    assert all(len(line.encode()) <= 75 for line in lines), "a line is longer than 75 octets"
    unfolded = re.sub(r"\r\n[ \t]", "", text).split("\r\n")[:-1]
    stack: list[Component] = []
    for line in unfolded:
        match = _LINE.fullmatch(line)
        assert match, f"no content line: {line!r}"
        name, parameters, value = match.groups()
        if name == "BEGIN":
            stack.append(Component(value))
        elif name == "END":
            done = stack.pop()
            assert done.name == value
            _check(done)
            if not stack:
                assert line is unfolded[-1]
                return done
            stack[-1].parts.append(done)
        else:
            assert not (name in _ONCE and name in stack[-1].properties), f"{name} twice"
            stack[-1].properties[name] = (parameters, _unescaped(value) if name in _TEXTS else value)
    raise AssertionError("a component is not ended")


def _unescaped(value: str) -> str:
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), f"not escaped: {value!r}"

    def meant(match: re.Match[str]) -> str:
        assert match[1] in "\\;,nN", f"no escape: {match[0]}"
        return "\n" if match[1] in "nN" else match[1]

    return _ESCAPE.sub(meant, value)


def _check(component: Component) -> None:
    p = component.properties
    if component.name == "VCALENDAR":
        assert p["VERSION"] == ("", "2.0")
        assert p["PRODID"][1]
        uids = [part.value("UID") for part in component.parts]
        assert len(uids) == len(set(uids))
    elif component.name == "VEVENT":
        assert p["UID"][1]
        assert re.fullmatch(r"\d{8}T\d{6}Z", p["DTSTAMP"][1])
        assert p["DTSTART"][0] == p["DTEND"][0] == ";VALUE=DATE"
        assert re.fullmatch(r"\d{8}", p["DTSTART"][1])
        assert p["DTSTART"][1] < p["DTEND"][1]
        assert p["SEQUENCE"][1].isdigit()

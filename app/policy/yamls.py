"""YAML from a stranger's hand: read whole or refused with its line, and never allowed to fill the memory.

libyaml's own reader goes one call deeper with each bracket and ends the process at some ten thousand of them; a few
lines of aliases of aliases stand for more nodes than there is memory. Both are seen in the stream of events first.
"""

from typing import Any

import yaml

_DEEPEST = 40
_MOST = 50_000  # nodes, each alias counted as what it stands for
_TOO_MUCH = "内容太多或嵌套太深。"
_OPENS, _CLOSES = (yaml.MappingStartEvent, yaml.SequenceStartEvent), (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class YamlError(Exception):
    """What is wrong, and in which line."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.line = sentence, line


def load(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes, which know their lines, and the data. Raises YamlError."""
    try:
        _measure(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        _no_key_twice(node)
        return node, yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # A later libyaml has a limit of its own, and reads ahead far enough to meet it before the events do.
        too_deep = "nesting depth" in (getattr(error, "problem", None) or "")
        sentence = _TOO_MUCH if too_deep else "不是能读懂的 YAML。"
        raise YamlError(sentence, mark.line + 1 if mark else None) from error
    except ValueError as error:  # a date such as 2026-02-30, a character that has no place in YAML
        raise YamlError("有日期或字符不能识别。") from error


def _measure(text: str) -> None:
    sizes: dict[str, int] = {}
    open_at: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise YamlError("引用了没有写完或不存在的内容。", line)
            total += sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, _OPENS):
            open_at.append((event.anchor, total))
            total += 1
        elif isinstance(event, _CLOSES):
            anchor, before = open_at.pop()
            if anchor:
                sizes[anchor] = total - before
        if len(open_at) > _DEEPEST or total > _MOST:
            raise YamlError(_TOO_MUCH, line)


def _no_key_twice(root: yaml.Node | None) -> None:
    """YAML would quietly take the last of them."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise YamlError("名称应是一个词。", key.start_mark.line + 1)
                if key.value in keys:
                    raise YamlError(f"“{key.value}”写了两次。", key.start_mark.line + 1)
                keys.add(key.value)
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value

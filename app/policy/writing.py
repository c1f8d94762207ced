"""A policy as the file it could have come from: read again it is the same, and written again it is the same bytes."""

from typing import Any

import yaml

from app.policy.packs import Pack, Version


def body_of(version: Version) -> dict[str, Any]:
    """What differs from the defaults, numbers as strings, so that nothing is lost on the way."""
    body: dict[str, Any] = version.model_dump(mode="json", exclude_defaults=True)
    return body


def as_yaml(pack: Pack) -> str:
    head = {"policy": pack.policy, "title": pack.title, "subject": pack.subject}
    data = {**head, "versions": [_in_order(body_of(version)) for version in pack.versions]}
    return yaml.dump(
        data, Dumper=_Writer, allow_unicode=True, sort_keys=False, default_flow_style=False, width=120, indent=2
    )


def _in_order(body: dict[str, Any]) -> dict[str, Any]:
    """The database keeps no order in an example's facts, so they are written in the alphabet's."""
    if "examples" in body:
        body["examples"] = [
            {key: _sorted(value) if isinstance(value, dict) else value for key, value in example.items()}
            for example in body["examples"]
        ]
    return body


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


class _Writer(yaml.SafeDumper):
    """No anchors, which nobody reads; lists set in under their name."""

    def ignore_aliases(self, _: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, *_: Any, **__: Any) -> None:
        super().increase_indent(flow, False)

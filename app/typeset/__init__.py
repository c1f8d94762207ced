"""Documents and pictures that leave the house: typst sets them, with a Chinese font that this machine has.

typst needs no system library and brings no Chinese font, so one is looked for among the system's own and in the
directory that TIDU_FONTS names.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import typst

from app.errors import Unavailable

# The first of these that is there. Sans for the screen's sake: it is also what mails and pictures are set in.
FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "HarmonyOS Sans SC",
    "Microsoft YaHei",
    "Heiti SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "Songti SC",
    "SimSun",
    "Droid Sans Fallback",
)
NO_FONT = (
    "没有找到中文字体，做不出 PDF 和图表。Debian、Ubuntu 请安装 fonts-noto-cjk，"
    "其他系统请把一种中文字体放进一个目录，用 TIDU_FONTS 指明。"
)


class NoFont(Unavailable):
    title = "没有中文字体"

    def __init__(self) -> None:
        super().__init__(NO_FONT)


@lru_cache(maxsize=4)
def _fonts(directory: str) -> tuple[typst.Fonts, str]:
    """What there is, and the family to set with; looked for once in a process. Raises NoFont."""
    fonts = typst.Fonts(include_system_fonts=True, font_paths=[directory] if directory else [])
    there = set(fonts.families())
    family = next((name for name in FAMILIES if name in there), "")
    if not family:
        raise NoFont
    return fonts, family


def family_in(directory: str = "") -> str:
    """The family that would be used. Raises NoFont."""
    return _fonts(directory)[1]


def set_pdf(template: Path, data: Mapping[str, Any], *, fonts: str = "") -> bytes:
    return _set(template, data, fonts, format="pdf")


def set_png(template: Path, data: Mapping[str, Any], *, fonts: str = "", ppi: float = 144) -> bytes:
    return _set(template, data, fonts, format="png", ppi=ppi)


def pages_of(template: Path, data: Mapping[str, Any], *, fonts: str = "") -> int:
    """How many pages it would be: the template says so in its metadata `<pages>`."""
    found, inputs = _inputs(data, fonts)
    said = typst.query(
        template, "<pages>", field="value", one=True, root=template.parent, font_paths=found, sys_inputs=inputs
    )
    return int(orjson.loads(said))


def _inputs(data: Mapping[str, Any], directory: str) -> tuple[typst.Fonts, dict[str, str]]:
    fonts, family = _fonts(directory)
    return fonts, {"font": family, "data": orjson.dumps(data).decode()}


def _set(template: Path, data: Mapping[str, Any], directory: str, **how: Any) -> bytes:
    fonts, inputs = _inputs(data, directory)
    made = typst.compile(template, root=template.parent, font_paths=fonts, sys_inputs=inputs, **how)
    if isinstance(made, list):  # a picture of several pages; ours have one
        made = made[0]
    assert made is not None
    return bytes(made)

"""A digest as a letter: a page with its picture, the same as text, and the printed sheet."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import Environment

from app.config import Settings
from app.digests.printing import TITLE, chart, pdf
from app.digests.telling import change_words, chosen, headline, known_words, parted, text_of, towns_words
from app.digests.terms import Letter
from app.outbox.enclosures import Enclosure
from app.typeset import NO_FONT, NoFont
from app.web.templating import make_environment

PICTURE = "ladder.png"
_CUT = "（" + NO_FONT.partition("。")[2].rstrip("。") + "。这封信因此没有图表和 PDF。）"


class DigestPress:
    def __init__(self, settings: Settings, environment: Environment | None = None) -> None:
        self._settings = settings
        self._environment = environment or make_environment()

    def address(self, document: Mapping[str, Any]) -> str:
        return f"{self._base}/digests/{document['week']}?scope={quote(document['scope'])}"

    @property
    def _base(self) -> str:
        return self._settings.base_url.rstrip("/")

    def letter(self, document: Mapping[str, Any], sections: Collection[str], *, bureau: str) -> Letter:
        subject = f"{TITLE} {document['scope_name']} {document['label']}"
        picture, sheet, note = self._drawn(document, sections, bureau)
        page = self.page(document, sections, bureau=bureau, subject=subject, picture=bool(picture), note=note)
        enclosures = [Enclosure("page", "digest.html", "text/html", page.encode())]
        if picture:
            enclosures.append(Enclosure("picture", PICTURE, "image/png", picture))
        if sheet:
            name = f"周报 {document['week']} {document['scope_name']}.pdf"
            enclosures.append(Enclosure("attachment", name, "application/pdf", sheet))
        said = text_of(document, sections=sections, address=self.address(document))
        return Letter(subject, f"{note}\n\n{said}" if note else said, enclosures)

    def _drawn(self, document: Mapping[str, Any], sections: Collection[str], bureau: str) -> tuple[bytes, bytes, str]:
        """Picture and sheet, or a sentence why there are none."""
        fonts = self._settings.fonts
        try:
            has_ladder = any(s["code"] == "ladder" for s in chosen(document, sections))
            sheet = pdf(document, bureau=bureau, sections=sections, footer=self.address(document), fonts=fonts)
            return (chart(document, fonts=fonts) if has_ladder else b""), sheet, ""
        except NoFont:
            return b"", b"", _CUT

    def page(
        self,
        document: Mapping[str, Any],
        sections: Collection[str] = (),
        *,
        bureau: str,
        subject: str = TITLE,
        picture: bool = False,
        note: str = "",
    ) -> str:
        base, week, scope = self._base, document["week"], quote(document["scope"])
        ladder = next(s for s in document["sections"] if s["code"] == "ladder")
        context: dict[str, Any] = {
            "subject": subject,
            "title": TITLE,
            "d": document,
            "known": known_words(document),
            "headline": headline(document),
            "sections": chosen(document, sections),
            "picture": PICTURE if picture else "",
            "no_picture": note,
            "chart_alt": "；".join(f"{one['label']} {one['value']}" for one in ladder["lists"]),
            "bureau": bureau,
            "base": base,
            "address": self.address(document),
            "list_href": lambda key: f"{base}/digests/{week}/lists/{quote(key)}?scope={scope}",
            "change": change_words,
            "towns": towns_words,
            "parted": parted,
        }
        return self._environment.get_template("mail/digest.html").render(context)

from dataclasses import dataclass
from decimal import Decimal

from app.labels import Labelled
from app.policy.terms import Outcome
from app.policy.wording import standing_words


class VersionState(Labelled):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待发布"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class VersionOrigin(Labelled):
    SEED = "seed", "随系统提供"
    BUREAU = "bureau", "本局维护"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A policy's latest answer for a firm, as lists show it. `shortfall` is a part of what is asked."""

    policy: str
    outcome: Outcome
    missed: int
    lacking: int
    shortfall: Decimal | None

    @property
    def words(self) -> str:
        return standing_words(self.outcome, self.missed, self.lacking)

"""What a firm is: of a size, a tenant of a carrier."""

from typing import ClassVar, Literal

from app.policy.context import Context, shown
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.sizes import SIZE_WORDS, SIZES, limits_for, size_by
from app.policy.terms import Outcome


class SizeAtMost(BaseCriterion):
    """Not above a class of 工信部联企业〔2011〕300号, by last year's figures, else as registered."""

    kind: Literal["size"]
    known_as: ClassVar[str] = "size"
    at_most: Literal["micro", "small", "medium"]

    def examine(self, ctx: Context) -> Finding:
        code = ctx.values.get("industry_code")
        registered = ctx.values.get("size_class")
        paths = self._paths(ctx)
        if code is not None and not paths:
            return Finding(self, Outcome.MANUAL, why="本行业不在《中小企业划型标准规定》列明的范围内，须人工判断。")
        lack = tuple(path for path in paths if path not in ctx.values)
        if code is None or lack:
            if registered not in SIZES:
                return Finding(self, Outcome.UNKNOWN, lack=lack or ("industry_code",))
            return self._judged(registered, "按登记的规模")
        limits = limits_for(code)
        assert limits is not None  # there are paths
        return self._judged(size_by(limits, [ctx.values[path] for path in paths]), "按上年度数据划型")

    def _judged(self, size: str, how: str) -> Finding:
        fits = SIZES.index(size) <= SIZES.index(self.at_most)
        return Finding(self, Outcome.MET if fits else Outcome.NOT_MET, why=f"{how}为{SIZE_WORDS[size]}企业。")

    def _paths(self, ctx: Context) -> list[str]:
        limits = limits_for(ctx.values.get("industry_code") or "")
        return [f"years.{ctx.year}.{figure}" for figure in limits or ()]

    def asks(self, finding: Finding | None = None) -> str:
        return f"不超过{SIZE_WORDS[self.at_most]}企业"

    def required(self, finding: Finding | None = None) -> str:
        return f"<= {self.at_most}"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        paths = ["industry_code", *self._paths(ctx), "size_class"]
        return [(path, shown(ctx.values[path])) for path in paths if path in ctx.values]


class Tenant(BaseCriterion):
    """Is in a carrier on the day."""

    kind: Literal["tenant"]
    known_as: ClassVar[str] = "tenant"

    def examine(self, ctx: Context) -> Finding:
        if "carrier_tenant_since" not in ctx.values:
            return Finding(self, Outcome.UNKNOWN, lack=("carrier_tenant_since",))
        since = ctx.values["carrier_tenant_since"]
        if since is None or since > ctx.as_of:
            return Finding(self, Outcome.NOT_MET, why=self.hint or "没有在孵记录。")
        return Finding(self, Outcome.MET, why=f"{since} 入孵。")

    def asks(self, finding: Finding | None = None) -> str:
        return "在登记的孵化载体内"

    def required(self, finding: Finding | None = None) -> str:
        return "carrier_tenant_since is set"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        path = "carrier_tenant_since"
        return [(path, shown(ctx.values[path]))] if path in ctx.values else []

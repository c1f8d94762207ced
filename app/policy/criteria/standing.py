"""What a firm is: of a size, a tenant of a carrier."""

from typing import ClassVar, Literal

from app.policy.context import Context, shown
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.sizes import SIZE_WORDS, SIZES, limits_for, size_by
from app.policy.terms import MANUAL, MET, NOT_MET, UNKNOWN


class SizeAtMost(BaseCriterion):
    """Not above a class of 工信部联企业〔2011〕300号, by last year's figures, else as registered."""

    kind: Literal["size"]
    known_as: ClassVar[str] = "size"
    at_most: Literal["micro", "small", "medium"]

    def examine(self, ctx: Context) -> Finding:
        size, lack = ctx.once("size", 0, _size)
        if size is None:
            if lack:
                return Finding(self, UNKNOWN, lack=lack)
            return Finding(self, MANUAL, why="本行业不在《中小企业划型标准规定》列明的范围内，须人工判断。")
        return Finding(self, MET if SIZES.index(size) <= SIZES.index(self.at_most) else NOT_MET)

    def says(self, finding: Finding, ctx: Context) -> str:
        size, lack = ctx.once("size", 0, _size)
        return f"按{'登记' if lack else '上年度数据'}为{SIZE_WORDS[size]}企业。" if size else finding.why

    def asks(self, finding: Finding | None = None) -> str:
        return f"不超过{SIZE_WORDS[self.at_most]}企业"

    def required(self, finding: Finding | None = None) -> str:
        return f"<= {self.at_most}"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        paths = ["industry_code", *_paths(ctx), "size_class"]
        return [(path, shown(ctx.values[path])) for path in paths if path in ctx.values]


def _paths(ctx: Context) -> list[str]:
    limits = limits_for(ctx.values.get("industry_code") or "")
    return [f"years.{ctx.year}.{figure}" for figure in limits or ()]


def _size(ctx: Context) -> tuple[str | None, tuple[str, ...]]:
    """The class, and what its figures lack: then it is the registered one, or not known."""
    values = ctx.values
    code = values.get("industry_code")
    limits = limits_for(code or "")
    paths = _paths(ctx)
    lack = tuple([path for path in paths if path not in values]) if code else ("industry_code",)
    if lack:
        return values.get("size_class") if values.get("size_class") in SIZES else None, lack
    return (size_by(limits, [values[path] for path in paths]) if limits else None), ()


class Tenant(BaseCriterion):
    """Is in a carrier on the day."""

    kind: Literal["tenant"]
    known_as: ClassVar[str] = "tenant"

    def examine(self, ctx: Context) -> Finding:
        if "carrier_tenant_since" not in ctx.values:
            return Finding(self, UNKNOWN, lack=("carrier_tenant_since",))
        since = ctx.values["carrier_tenant_since"]
        if since is None or since > ctx.as_of:
            return Finding(self, NOT_MET, why=self.hint or "没有在孵记录。")
        return Finding(self, MET, why=f"{since} 入孵。")

    def asks(self, finding: Finding | None = None) -> str:
        return "在登记的孵化载体内"

    def required(self, finding: Finding | None = None) -> str:
        return "carrier_tenant_since is set"

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        path = "carrier_tenant_since"
        return [(path, shown(ctx.values[path]))] if path in ctx.values else []

"""One small family of errors: each carries its HTTP status and a sentence for the person."""

import errno
from collections.abc import Mapping, Sequence

_REFUSALS = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是一个目录",
    errno.ENOTDIR: "路径中间有一段不是目录",
    errno.EROFS: "磁盘是只读的",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出了磁盘配额",
    errno.ENAMETOOLONG: "名称太长",
}


def because(error: OSError) -> str:
    """Why the system refused, in words; in its own where it says something rare."""
    return _REFUSALS.get(error.errno or 0) or error.strerror or str(error)


class AppError(Exception):
    status = 500
    title = "系统出错了"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(AppError):
    status = 404
    title = "没有找到"

    def __init__(self, sentence: str = "没有这条记录，或者它不在您的管辖范围内。") -> None:
        super().__init__(sentence)


class SignInRequired(AppError):
    status = 401
    title = "请先登录"

    def __init__(self, sentence: str = "请先登录，登录后会回到这一页。") -> None:
        super().__init__(sentence)


class PasswordChangeRequired(AppError):
    """Signed in with a one-time password; pages lead to where it is changed."""

    status = 403
    title = "请先修改口令"

    def __init__(self, sentence: str = "请先在“修改口令”里换掉一次性口令。") -> None:
        super().__init__(sentence)


class Forbidden(AppError):
    status = 403
    title = "没有权限"

    def __init__(self, sentence: str = "您的角色没有这项权限。") -> None:
        super().__init__(sentence)


class Conflict(AppError):
    """Somebody else was faster; the sentence says who and what."""

    status = 409
    title = "与他人的操作冲突"


class Stale(Conflict):
    """An `If-Match` or hidden version that is no longer the current one."""

    status = 412


class Waiting(Conflict):
    """Something of the same kind waits for a second person, perhaps one's own: nobody was faster."""

    title = "正待复核"


class Refused(AppError):
    """A rule says no; `reasons` are the conditions missed, each a sentence to act on."""

    status = 409
    title = "不能办理"

    def __init__(self, sentence: str, *, reasons: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.reasons = list(reasons)


class TooMany(AppError):
    """Asked too often; the sentence says when again. `wait`: seconds, where that is a matter of time."""

    status = 429
    title = "太频繁"

    def __init__(self, sentence: str, *, wait: int = 0) -> None:
        super().__init__(sentence)
        self.wait = wait


class Invalid(AppError):
    """Input that cannot be taken; `fields` maps a field's name to its sentence."""

    status = 422
    title = "填写有误"

    def __init__(self, fields: Mapping[str, str], sentence: str = "有几处需要改正。") -> None:
        super().__init__(sentence)
        self.fields = dict(fields)


class Unavailable(AppError):
    status = 503
    title = "暂时不可用"

    def __init__(self, sentence: str = "数据库暂时连不上，请稍后重试；已提交的数据不会丢失。") -> None:
        super().__init__(sentence)


class PreconditionRequired(AppError):
    status = 428
    title = "缺少前提"

"""The words of signing in: what is asked of passwords, and how a lost second factor is given up."""

from app.labels import Labelled


class PasswordProfile(Labelled):
    """The two standards contradict each other: one wants kinds of characters and change, the other forbids both."""

    DENGBAO = "dengbao", "等保：12 个字符，三种，90 天一换"
    ASVS = "asvs", "ASVS：15 个字符，不限种类，不定期换"


class ResetState(Labelled):
    WAITING = "waiting", "等待第二人"
    DONE = "done", "已重置"
    REFUSED = "refused", "未同意"

"""The words of signing in: what is asked of passwords, and how a lost second factor is given up."""

from app.labels import Labelled


class PasswordProfile(Labelled):
    """The two standards contradict each other: one wants kinds of characters and change, the other forbids both."""

    DENGBAO = "dengbao", "等保：12 个字符以上，四种字符中的三种，90 天一换（GB/T 22239-2019 8.1.4.1 a）"
    ASVS = "asvs", "ASVS：15 个字符以上，字符种类不限，不定期更换（OWASP ASVS 5.0 V6.2.5、V6.2.10）"


class ResetState(Labelled):
    WAITING = "waiting", "等待第二人"
    DONE = "done", "已重置"
    REFUSED = "refused", "未同意"

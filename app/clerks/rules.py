"""What a person may type about themselves, judged at the door."""

from app.clerks.terms import Application, Asked
from app.errors import Invalid
from app.text import TextError, halve, is_email, is_phone, normalise
from app.text.uscc import check

_LONGEST_NAME, _LONGEST_EMAIL, _LONGEST_WORDS = 30, 120, 300


def read_asked(name: str, email: str, *, signatory: bool = False) -> Asked:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    asked = Asked(_name(name, faults), _email(email, faults), signatory)
    if faults:
        raise Invalid(faults)
    return asked


def read_application(uscc: str, name: str, email: str, phone: str, words: str) -> Application:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    code = check(uscc)
    if code.errors:
        faults["uscc"] = "".join(code.errors)
    cleaned = halve(phone)
    if not is_phone(cleaned) or len(cleaned) > 40:
        faults["phone"] = "请填写能联系到您的电话，如 0750-2210000。"
    said = Application(
        code.code, _name(name, faults), _email(email, faults), cleaned, _line("words", words, _LONGEST_WORDS, faults)
    )
    if faults:
        raise Invalid(faults)
    return said


def _name(value: str, faults: dict[str, str]) -> str:
    name = _line("name", value, _LONGEST_NAME, faults)
    if not name and "name" not in faults:
        faults["name"] = "请填写姓名。"
    return name


def _email(value: str, faults: dict[str, str]) -> str:
    email = halve(value).lower()
    if not is_email(email) or len(email) > _LONGEST_EMAIL:
        faults["email"] = "请填写一个邮箱地址，如 caiwu@example.com；链接会发到这里。"
    return email


def _line(field: str, value: str, longest: int, faults: dict[str, str]) -> str:
    try:
        return normalise(value, longest=longest)
    except TextError as error:
        faults[field] = str(error)
        return ""

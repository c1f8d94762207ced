"""People's text at the door: cleaned, compared, sorted and searched in one way everywhere."""

from app.text.amounts import AmountError, AnswerError, parse_amount, parse_yes_no
from app.text.clean import TextError, halve, is_code, key, normalise
from app.text.dates import DateError, parse_date
from app.text.emails import is_email
from app.text.grams import index_grams, query_grams
from app.text.names import pinyin
from app.text.phones import is_phone, numbers_in, numbers_said

__all__ = [
    "AmountError",
    "AnswerError",
    "DateError",
    "TextError",
    "halve",
    "index_grams",
    "is_code",
    "is_email",
    "is_phone",
    "key",
    "normalise",
    "numbers_in",
    "numbers_said",
    "parse_amount",
    "parse_date",
    "parse_yes_no",
    "pinyin",
    "query_grams",
]

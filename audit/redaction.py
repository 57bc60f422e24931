"""What may never enter the ledger's metadata, and how it is taken out.

Two nets, since the ledger cannot be mended later: a key that names a secret or a person's own words
loses its value whatever that is; a value that looks like an e-mail, a phone or card number, a birth
date or a token is lost under any key. A value is replaced whole, for what stands around a secret
is seldom harmless. Better one harmless word too many than one secret.

Names that lead to a thing, a provider or an `org_ref`, stay as they are, for without them nobody knows
what was booked: a date in one is a season, and digits are a number of the provider's. They are lost
where they hold a secret, or are nothing but a card number or a phone number written as one. Doors that
take a name from a client ask `is_personal`, and refuse it there.

A running text, as a log line is, must stay readable: there only the secret's own words are replaced.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

REDACTED = "[redacted]"

# Parts of a key: `newPassword` is read as `new_password`.
_SECRET_PARTS = re.compile(
    "passw(or)?d|passwort|passphrase|passcode|secret|token|authorization|cookie|ciphertext"
    "|(api|private|session)_?key|credit_?card|card_?number|birth|phone|answers|e_?mail|address"
    "|(first|last|full|child|sur|given|family|parent)_?name"
)
# Words that are harmless inside longer ones, and telling on their own.
_SECRET_WORDS = {
    "answer", "auth", "bearer", "body", "content", "credentials", "cvc", "cvv", "dob", "jwt",
    "message", "mobile", "otp", "pass", "pin", "prompt", "pwd", "query", "ssn", "text",
}  # fmt: skip
# `answers_digest` or `token_count` only tell about the thing: their values meet the second net.
_ABOUT = {"at", "count", "digest", "length", "ms", "size", "used", "version"}
# Other people's names for things, fingerprints, and versions, which may be dates: digits there are no
# phone and no card.
_NAMES_OF_THINGS = {"provider", "request_id", "sessionId"}
_NAMING = {"fp", "ref", "version"}

_SEP = r"[\s./\u2010-\u2015\u2212-]"  # what people put between groups of digits
_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_YEAR, _DAY = "(?:19|20)[0-9]{2}", "[0-3]?[0-9]"
_SHORT_DAY, _SHORT_MONTH = "(?:0[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|1[0-2])"
# English, German, French, Spanish, Italian, Portuguese, Dutch
_MONTH = (
    "(?:jan|ene|gen|feb|fe?v|fév|mar|mär|mrz|maa|mei|mai|apr|avr|abr|may|mag|jun|jui|giu|jul|lug|aug"
    r"|ago|aoû|aou|sep|set|oct|okt|ott|out|nov|dec|dez|déc|dic)[a-zà-ÿ]*\.?"
)
_OF = r"(?:\s(?:de|del|di|do)\b)?"

# In a text what follows such a name is a secret, however short.
_TELLING = (
    r"(?:passw(?:or)?d|passwort|kennwort|mot\sde\spasse|contrase[nñ]a"
    "|passphrase|passcode|(?<![a-z])(?:pwd|otp)|secret|token"
    "|api[_-]?key|authorization|cookie|sessionid)"
)
_HARMLESS = re.compile(
    rf"""{_START}(?:
        # a UUID
        [0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}
        # an RFC 3339 moment
      | [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?
        (?:Z|[+-][0-9]{{2}}:[0-9]{{2}})
        # a digest
      | (?:[0-9a-f]{{2}}){{16,64}}
    ){_END}""",
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)
_SECRET = re.compile(
    rf"""
        # an e-mail, a JWT, what stands in an Authorization header, a log-in inside a URL
        \S(?:@|%40)[^\s@.]+(?:\.[^\s@.]+)+
        # the e-mail with blanks around its sign, or another way to write that
      | \S\s?(?:@|%40|&\#0*64;|&\#x0*40;|&commat;|[(\[]\s?at\s?[)\]])\s?
        [^\s@.]+(?:\.[^\s@.]+)*\.[^\W\d_]{{2}}
      | eyJ[\w-]{{5,}}\.[\w-]+\.[\w-]*
      | \bbearer\s+\S{{6}}
      | \bbasic\s+(?=\S*[0-9=])[\w+/-]{{8}}
      | ://[^\s/@]+@
        # password=…, token: …, password hunter2
      | {_TELLING}["']?\s*[=:]\s*\S
      | (?:passw(?:or)?d|passwort|kennwort)\s+(?:(?:is|ist|was|war)\s+)?(?=\S*[0-9])\S{{4}}
        # keys of ours and of known services, a sealed secret, a PEM block, a hashed password
      | {_START}(?:sa_|sk-|gh[pousr]_|AKIA|AIza|xox[abp]-)[\w-]{{16}}
      | \bsa1\.[0-9a-f]{{16}}\.
      | -----BEGIN
      | \$(?:argon2|pbkdf2|2[aby]\$)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Most names are such: nothing above can stand in one, which is told at a fraction of the price.
_PLAIN_NAME = re.compile(
    r"(?:(?!--|sa_|sk-|gh[pousr]_|akia|aiza|xox[abp]-)[a-z0-9_-]){1,200}", re.ASCII
)
# The same in a running text, as far as each goes.
_SECRET_IN_TEXT = re.compile(
    rf"""
        [^\s@"'`<>()\[\]{{}},;:=/]{{1,64}}(?:@|%40)[^\s@"'`<>()\[\]{{}},;:/?&]+\.[^\s@"'`<>()\[\]{{}},;:/?&.]+
      | (?<![\w-])eyJ[\w-]{{5,}}\.[\w-]+\.[\w-]*
      | (?<=://)[^\s/@]+(?=@)
      | {_START}(?:sa_|sk-|gh[pousr]_|AKIA|AIza|xox[abp]-)[\w-]{{16,}}
      | \bsa1\.[0-9a-f]{{16}}\.[\w=-]*
      | -----BEGIN[^-]+-----[^-]*
      | \$(?:argon2|pbkdf2|2[aby]\$)\S*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NAMED_IN_TEXT = re.compile(
    rf"""(?P<name>
        \b(?:bearer|basic)\s+(?=\S*[0-9=._-])
      | {_TELLING}["']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?(?:[\[(](?=["']))?["']?
    )(?: (?<=")(?:\\.|[^"\\])+ | (?<=')(?:\\.|[^'\\])+ | [^\s"'&,;{{}}()\[\]]+ )""",
    re.IGNORECASE | re.VERBOSE,
)
_PHONE = rf"""
        # with the country, of North America, with a trunk 0
        (?:\+|00)[1-9](?:{_SEP}?\(?[0-9]\)?){{7,14}}
      | (?:1{_SEP}?)?\(?[2-9][0-9]{{2}}\)?{_SEP}{{0,2}}[2-9][0-9]{{2}}{_SEP}?[0-9]{{4}}
      | \(?0[0-9]{{1,4}}\)?{_SEP}[0-9]{{3,4}}{_SEP}?[0-9]{{3,4}}
      | \(?0[1-9](?:\)?{_SEP}{{0,2}}[0-9]){{7,10}}
"""
# A bare day could be a child's birthday; what happens has a time of day, too.
_DATE = rf"""
        {_YEAR}{_SEP}[01]?[0-9]{_SEP}{_DAY}
      | {_DAY}{_SEP}{_DAY}{_SEP}{_YEAR}
      | {_YEAR}{_SHORT_MONTH}{_SHORT_DAY}
        # with dots only in full: else it is a version, or a part of an address
      | (?<![./]){_SHORT_DAY}\.{_SHORT_MONTH}\.[0-9]{{2}}(?!\.?[0-9])
      | (?<![./])[0-3]?[0-9]/[0-3]?[0-9]/[0-9]{{2}}(?!/)
      | {_MONTH}\s{_DAY}(?:st|nd|rd|th|\.)?,?\s{_YEAR}
      | {_DAY}(?:st|nd|rd|th|er|\.)?{_OF}\s?{_MONTH}{_OF},?\s{_YEAR}
"""
_PERSONAL_NUMBER = re.compile(
    rf"""{_START}(?:
        {_PHONE}
        # a social security number
      | [0-9]{{3}}-[0-9]{{2}}-[0-9]{{4}}
      | {_DATE}
    ){_END}""",
    re.IGNORECASE | re.VERBOSE,
)
# What stands alone: nearly no name gets past the first of them.
_MERE_NUMBER = re.compile(r"[+(]?[0-9][0-9\s()./_\u2010-\u2015\u2212-]{6,}")
_PHONE_ALONE = re.compile(_PHONE, re.VERBOSE)
_CARD_SEP = r"[\s./_\u2010-\u2015\u2212-]"
_DIGITS = re.compile(rf"{_START}[0-9]+(?:{_CARD_SEP}+[0-9]+)*{_END}")


def redact(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the metadata in which every secret and every person's detail is gone."""
    return {key: _redact_under(key, value) for key, value in metadata.items()}


def redact_name(text: str | None) -> str | None:
    """Return the name of a thing (a provider, an org_ref), or "[redacted]" if it holds a secret."""
    if text is None:
        return None
    if _PLAIN_NAME.fullmatch(text):
        return REDACTED if _is_mere_number(text) else text
    return REDACTED if _SECRET.search(_plain(text)) or _is_mere_number(_folded(text)) else text


def is_personal(name: str) -> bool:
    """Say whether a name is nothing but a card number, a phone number or a day."""
    plain = _folded(name).strip()
    found = _PERSONAL_NUMBER.search(plain)
    return _is_mere_number(plain) or (found is not None and found[0] == plain)


def redact_text(text: str) -> str:
    """Return a running text in which "[redacted]" stands for e-mails, tokens and named secrets."""
    return _SECRET_IN_TEXT.sub(REDACTED, _NAMED_IN_TEXT.sub(rf"\g<name>{REDACTED}", text))


def secrets_in(value: Any) -> Iterator[str]:
    """Yield every text that stands under a key which names a secret."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts_in(item) if _is_secret(_words(key)) else secrets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from secrets_in(item)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, whatever it stands under."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _redact_under(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    words = _words(key)
    if _is_secret(words):
        return REDACTED
    if isinstance(value, str) and (key in _NAMES_OF_THINGS or words[-1] in _NAMING):
        return redact_name(value)
    return _redact_value(value)


def _redact_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return redact(value)
    if isinstance(value, list):
        return [_redact_value(item) for item in value]
    if isinstance(value, str):
        return REDACTED if _tells(_plain(value)) else value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1_000_000_000:
        return REDACTED if _is_personal_number(str(value)) else value
    return value


def _words(key: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(key)).lower().split("_")


def _is_secret(words: list[str]) -> bool:
    if words[-1] in _ABOUT:
        return False
    return bool(_SECRET_PARTS.search("_".join(words)) or _SECRET_WORDS.intersection(words))


def _plain(text: str) -> str:
    """Return the text without full-width disguises, and without what is surely harmless."""
    return _HARMLESS.sub("|", _folded(text))


def _folded(text: str) -> str:
    """Return the text in plain letters, with the digits that we look for in place of other scripts'."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in unicodedata.normalize("NFKC", text)
    )


def _tells(plain: str) -> bool:
    return bool(_SECRET.search(plain)) or _is_personal_number(plain)


def _is_mere_number(name: str) -> bool:
    """Say whether a name is a card number, or a phone number that is written as one."""
    if not _MERE_NUMBER.fullmatch(name):
        return False
    is_phone = not name.isdigit() and _PHONE_ALONE.fullmatch(name) is not None
    return is_phone or _holds_card(["".join(re.findall("[0-9]", name))])


def _is_personal_number(plain: str) -> bool:
    return bool(_PERSONAL_NUMBER.search(plain)) or any(
        _holds_card(re.findall("[0-9]+", run)) for run in _DIGITS.findall(plain)
    )


def _holds_card(groups: list[str]) -> bool:
    """Say whether groups of digits that stand together are a card number (and an expiry date)."""
    for start in range(len(groups)):
        number = ""
        for group in groups[start:]:
            number += group
            if len(number) > 19:
                break
            if len(number) >= 13 and number[0] in "23456" and _luhn(number):
                return True
    return False


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0

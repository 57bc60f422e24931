"""What must not leave with a parent's words: secrets, addresses, and numbers of people.

Pure. The one place that knows, for the language model's guard and for the map's question alike. What
is looked for has a shape, or a name before it; whoever finds it lets none of the words leave, since
what stands around a secret is seldom harmless. Names of clubs have digits and signs, too ("Studio 54
Dance", "Pin Oak", "Token Creek"), and are to pass.
"""

import re
import unicodedata

from audit import opened, redaction

# Whoever writes one of these may write the thing itself right after it, in any shape. The first
# stand in no other word of any language that parents write here.
_PASSWORD = re.compile(
    r"pass?w(?:or?d|rod|rd|ort)|pass\W(?:word|wort|phrase|code)|passphrase|passcode|contrasen[ay]"
    r"|kennwort|wachtwoord|losenord|salasana|adgangskode|palavra\W?passe|mot\W+de\W+passe"
    r"|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|парол|סיסמ|كلمة\s+(?:المرور|السر)|पासवर्ड|รหัสผ่าน"
)
_BRIEFLY = re.compile(
    r"\b(?:pwd|pw|psw|mdp|senha|has[lł]o|parola|heslo|geslo|lozinka|zaporka|jelszo|kodeord|passord"
    r"|sifre|mat\W+khau|kata\W+sandi|κωδικοσ|cvv2?|cvc2?|otp|ssn|api\W?key|maiden\W+name)\b"
)
_IS = r"(?:(?:is|are|was|es|e|ist|est|lautet|jest|eh)\b(?!['’])|[:=#])"
_NO_VALUE = (
    r"(?!(?:not|no|in|on|at|a|an|the|safe|secure|wrong|broken|required|needed|necessary|optional|free"
    r"|there|where|what|ok|okay|fine|with|already|still|so|too|for|it|this|that|working|stuck|down"
    r"|lost|gone|old|new|blocked|locked|expired|possible|mandatory)\b)"
)
# These name other things as well, and a secret only with something after them
_WITH_A_VALUE = re.compile(
    r"\bpin\b\W{0,3}(?:(?:code|number|no|nr)\b\W{0,3})?(?:\d{3}|" + _IS + r"\W{0,3}[^\W_])"
    r"|\b(?:secret|token|clave|code ?word)\b\W{0,3}" + _IS + r"\W{0,3}" + _NO_VALUE + r"[^\W_]"
    r"|(?<!zip )(?<!area )(?<!postal )(?<!promo )(?<!discount )(?<!coupon )(?<!dress )"
    r"\b(?:code|codigo|tan)\b\W{0,3}(?:" + _IS + r"\W{0,3})?(?=\S*\d{3})\S"
    r"|\b(?:log\W?ins?|sign\W?in|user\W?(?:name|id)|usuario|benutzername|gebruikersnaam)\b\W{0,3}"
    + _IS + r"\W{0,3}" + _NO_VALUE + r"[^\W_]"
)  # fmt: skip
# "hunter2", "Tr0ub4dor", "P@ssword": letters among digits or signs, as nobody writes a word
_LOOKS_LIKE_ONE = re.compile(
    r"(?<!\S)(?=\S*[^\W\d_]{3})"
    r"(?:\S*[^\W_]{3}\d|\S*\d[^\W\d_]{3}|\S*[^\W_][@#$%^*=+~!?]+[^\W_])\S*"
)
# … but for these: "Studio54", "Kids4Fun", "12noon", "U10girls", "Arts+Crafts"
_NO_SECRET = re.compile(
    r"(?:studio|gym|level|route|district|area|grades?|room|team|camp)\d{1,3}"
    r"|u\d{1,2}(?:boys|girls)?"
    r"|(?-i:[A-Z][a-z]+[24][A-Z][a-z]+)"
    r"|\d+(?:-\d+)?-?(?:noon|min(?:ute)?s?|h(?:ou)?rs?|days?|weeks?|months?|years?|yrs?|meters?|miles?"
    r"|graders?)(?:-olds?)?"
    r"|[^\W\d_]{3,}(?:\+[^\W\d_]{3,})+",
    re.IGNORECASE,
)
_STRONG = re.compile(r"(?=\S*\d)(?=\S*[@#$%^&*=+~!?]\S)\S+")
_OFFERS = re.compile(
    r"\b(?:log\W?in|sign\W?in|user\W?name|user|use|try|enter)\W{1,3}\Z", re.IGNORECASE
)

# What is said of a password without telling it; a message with any other word may hold one.
_TALK = re.compile(
    r"(?:passwords?|passcode|pwd?|contrasena|clave|accounts?|log ?in|e-?mail|username"
    r"|that|thats|this|it|its|the|an?|my|our|his|her|your|their|same|one|i|im|ive|we|weve|you|they|s?he"
    r"|is|isnt|was|wasnt|are|were|be|been|do|does|doesnt|did|didnt|ha[sd]|have|havent|can|cant|cannot"
    r"|will|wont|would|should|and|but|so|not|no|yes|yeah|twice|really|definitely|still|just|again|now|already"
    r"|right|(?:in)?correct|wrong|good|ok|okay|fine|valid|old|new|current|different|sure|certain"
    r"|works?|worked|working|changed?|reset|updated?|typed?|enter(?:ed)?|gave|put|used?|using|think|know"
    r"|check(?:ed)?|saved|stored|accepted|refused|says?|said|told|on|in|at|there|here|to|for|with|of"
    r"|website|site|page|please|sorry"
    r"|es|esta|la|el|mi|su|(?:in)?correcta|equivocada|vieja|nueva|misma|ya|cambie|puse|que|si|en|de"
    r"|segur[ao])"
)
_CALLED = r"\b(?:password|passcode|pwd?|contrasena|clave)s?"
_STATE = (
    r"(?:not|now|still|just|really|definitely|already|right|(?:in)?correct|wrong|good|ok|okay|fine|valid"
    r"|old|new|current|different|the|my|saved|stored|accepted|refused|changed|updated|working|la|mi|en"
    r"|(?:in)?correcta)\b"
)
_GOES_ON = (
    r"(?:it|its|that|thats|this|and|but|so|i|im|we|please|works?|worked|changed|again|now|here"
    r"|twice)\b"
)
# A value may follow in quotes, after "is", after a sign ("password: right") or at once
_TELLS = re.compile(
    r"[^a-z\s.,!?'-]|(?<![a-z])'|'(?![a-z])"
    rf"|{_CALLED}\s+(?:is|was|es)\s+(?!{_STATE})\w"
    rf"|{_CALLED}(?=[^\S\n]*[.,!?\n-])[\s.,!?-]++(?!{_GOES_ON})\w"
    rf"|{_CALLED}\s++(?=\w++\W*+\Z)(?!{_GOES_ON})\w"
)

_MAILS = r"(?:gmail|googlemail|yahoo|outlook|hotmail|icloud|aol|gmx|proton(?:mail)?|live|msn)"
_EMAIL = re.compile(
    r"\S@\S|%40|\w\s*@\s*[\w-]+\s*\.\s*\w|[(\[{<]\s*(?:at|@|arroba)\s*[)\]}>]|\barroba\b"
    r"|\b(?:dot|punto|punkt)\W{0,3}(?:com|net|org|edu|gov|info)\b"
    rf"|\bat\W+{_MAILS}\b"
)
_NUMBER = re.compile(
    r"(?<!\d)\d{6}"  # nothing that a parent looks for has so many
    r"|(?<![\w-])\d{3}[\s.\u2010-\u2015-]\d{4}(?!\w)"  # a telephone in the same town
    r"|(?<![\w.])(?!20\d\d\W{1,3}(?:20)?\d\d(?!\w))\+?\(?(?:\d[\s().\u2010-\u2015/-]{0,3}){6,}\d(?!\w)"
    r"|(?<!\d)\d{1,2}([./-])\d{1,2}\1(?:\d\d){1,2}(?!\d)"  # a day of birth
    r"|\b(?:dob|d\.o\.b|date of birth|birth ?(?:day|date)|born|geb|geboren|nacid[oa]|nacio)\b\D{0,20}\d"
)
# "QX99812", and "insurance id Q-12"
_IDENTITY = re.compile(
    r"(?<![\w])(?=\d*[^\W\d_])(?=(?:[^\W\d_]*\d){4})[^\W_]{6,}(?!\w)"
    r"|\b(?:insurance|medicaid|medicare|passport|licen[cs]e|social\W+security|health\W+(?:card|plan)"
    r"|versicherungs?\w*|krankenkasse|seguro(?:\W+social|\W+medico)?)\b[^.;!?\n]{0,30}\d"
)
_STREET = (
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|terrace|circle)"
)
_HOME = re.compile(
    r"\b(?:we|i)\W+(?:live|reside)\W+(?:at|on)\b|\b(?:my|our|home)\W+address\b"
    r"|\b(?:call|text|phone|reach|write|mail)\W+(?:me|us|my)\b"
    rf"|\b\d{{1,5}}\s+(?:[nsew]\.?\s+)?[^\W\d_]+(?:\s+[^\W\d_]+)?\s+{_STREET}\b"
    r"|\w(?:straße|strasse|str\.)\s*\d|\b(?:calle|avenida|rue)\s+[^\W\d_]+(?:\s+[^\W\d_]+)?,?\s+\d"
)

_CHILD = re.compile(
    r"(?i:\b(?:my|our|his|her|mi|mein|meine|meinen|mon|ma|notre)\s+(?:[^\W\d_]+\s+){0,2}?"
    r"(?:daughter|son|kid|child|boy|girl|niece|nephew|hij[oa]|tochter|sohn|kind|fille|fils)),?\s+"
    r"((?:[A-Z][^\W\d_]+\s?){1,3})"
)

# Letters of other alphabets that look like ours, and what else people write for a letter
_ALIKE = str.maketrans("авеіјкмнорстухѕԁαβεικνορτυχ", "abeijkmhopctyxsdabeiknoptux")
_FOR_LETTERS = str.maketrans("0345@$", "oeasas")
_APART = re.compile(r"(?<![^\W_])(?:[^\W_][\s._*·-]{1,2}){3,}[^\W_](?![^\W_])")
_WORD = re.compile(r"[^\W\d_]+")


def tell(text: str) -> bool:
    """Return whether a text holds what neither a language model nor a map is to see."""
    shown = unicodedata.normalize("NFKC", text)
    small = plain(text)
    return (
        redaction.redact({"said": text}) != {"said": text}
        or opened.is_held([text, small])
        or name_a_secret(text)
        or bool(_looking_like_one(shown))
        or any(of.search(small) for of in (_EMAIL, _NUMBER, _IDENTITY, _HOME))
        or any(map(_mixes_alphabets, _WORD.findall(shown)))
    )


def name_a_secret(text: str) -> bool:
    """Return whether a text names a password, a code or a login and may go on to tell it."""
    small = plain(text)
    joined = _APART.sub(_together, small)
    if any(_names_one(said) for said in (small, joined, joined.translate(_ALIKE))):
        return True
    if _PASSWORD.search(joined.translate(_ALIKE).translate(_FOR_LETTERS)):
        return True
    shown = unicodedata.normalize("NFKC", text)
    return any(
        _STRONG.fullmatch(one[0]) or _OFFERS.search(shown[: one.start()])
        for one in _looking_like_one(shown)
    )


def only_talk_of_one(text: str) -> bool:
    """Return whether a text speaks of a password in words that tell none: "that password is right"."""
    small = plain(text).replace("’", "'")
    said = re.findall(r"[a-z]+", small.replace("'", ""))
    return _TELLS.search(small) is None and all(map(_TALK.fullmatch, said))


def children_in(text: str) -> set[str]:
    """Return the names of children that a text tells, in small letters: "my daughter Emma"."""
    return {name for told in _CHILD.findall(text) for name in plain(told).split()}


def plain(text: str) -> str:
    """Return the text in small letters, without disguises: full width, accents, unseen signs."""
    seen = "".join(one for one in text if unicodedata.category(one) != "Cf")
    apart = unicodedata.normalize("NFKD", seen).casefold()
    return unicodedata.normalize(
        "NFC", "".join(one for one in apart if not unicodedata.combining(one))
    )


def _names_one(said: str) -> bool:
    return any(of.search(said) for of in (_PASSWORD, _BRIEFLY, _WITH_A_VALUE))


def _looking_like_one(shown: str) -> list[re.Match[str]]:
    return [
        one
        for one in _LOOKS_LIKE_ONE.finditer(shown)
        if not _NO_SECRET.fullmatch(one[0].strip(".,;:!?()\"'"))
    ]


def _together(letters: re.Match[str]) -> str:
    return re.sub(r"[\W_]", "", letters[0])


def _mixes_alphabets(word: str) -> bool:
    """Return whether a word has Latin letters and such as only look like them."""
    if word.isascii():
        return False
    names = {unicodedata.name(one, "").partition(" ")[0] for one in word}
    return "LATIN" in names and not names.isdisjoint({"CYRILLIC", "GREEK"})

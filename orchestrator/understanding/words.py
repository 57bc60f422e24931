"""Words: how a text is taken apart, which words say something, and how alike two of them are."""

import re
import unicodedata
from difflib import SequenceMatcher

LONGEST_TEXT = 2_000  # characters are looked at, of a message or of what a provider says
LONGEST_WORD = 40  # letters of a word are looked at
MOST_WORDS = 24  # of a message are compared with names; the rest hardly names something better

TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+(?:[.:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
BREAK = re.compile(r"[.,](?!\d)|[;:!?()\n]+(?!\d)|\.{2,}| - |[¿¡\"]")
THUMBS = str.maketrans({"👍": " yes ", "✅": " yes ", "👌": " yes ", "👎": " no ", "❌": " no "})


def listed(text: str) -> frozenset[str]:
    """Return the words of a list that is written as a line."""
    return frozenset(text.split())


def fold(text: str) -> str:
    """Return a text in small letters, without accents, with straight quotes and dashes."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST_TEXT].translate(THUMBS)).casefold()
    plain = plain[:LONGEST_TEXT]  # some characters unfold to twenty
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub("[–—−]", "-", re.sub("[’‘`´]", "'", plain))


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text: "Don't, it's Emma's 1st!" is dont, it, emma, 1st."""
    found = (token[:LONGEST_WORD] for token in TOKEN.findall(fold(text)))
    return [token.removesuffix("'s").replace("'", "") for token in found]


def clauses(text: str) -> list[list[str]]:
    """Return the words of a text, clause by clause: a comma or a full stop begins another one."""
    parts = BREAK.split(fold(text))
    return [said for part in parts if (said := tokens(part))]


def content(said: list[str]) -> list[str]:
    """Return the words that say something, each once, in their order."""
    return list(dict.fromkeys(word for word in said if word not in STOPWORDS))


def alike(said: str, known: str) -> float:
    """Return how alike two words are: 1 the same, 0 strangers; a slip of the finger counts."""
    if _singular(said) == _singular(known):
        return 1.0
    if said.isdigit() or known.isdigit():
        return 0.0
    if len(said) >= 3 and known.startswith(said):
        return 0.9
    # comparing letter by letter is dear: only what is about as long, and begins or ends alike
    if len(said) < 4 or abs(len(said) - len(known)) > 2:
        return 0.0
    if said[0] != known[0] and said[-1] != known[-1]:
        return 0.0
    ratio = SequenceMatcher(None, said, known).ratio()
    return ratio * 0.9 if ratio >= (0.8 if len(said) > 4 else 0.85) else 0.0


def _singular(word: str) -> str:
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word.rstrip("s")


STOPWORDS = listed(

        # English: what holds a sentence together
        "a an the that this these those one ones of in on at for to by near with and or but so if"
        " from as than then too also just only even about into my our your their its i me we us you"
        " he she him her his hers they them it im ive id ill were youre hes shes theyre thats is am"
        " are was be been being has have had do does did done would could should will can may might"
        " must lets let go going get got there here where what when which who how much many why yes"
        " no not dont doesnt didnt cant wont ok okay yeah yep yup nope sure hi hello hey please pls"
        " plz thanks thank thx ty well um uh er hmm oh ah lol haha actually really maybe probably"
        " think guess believe mean sounds sound looks look looking works fine good great"
        " perfect nice"
        " best better rather instead very like likes love loves wants want wanted need needs"
        " needed prefer"
        " take takes taking pick choose select give try go something anything thing things stuff"
        " some any all both each other another location branch site idk"
        " dunno ours mine live lives living else different"
        " right now today again because bc cuz since already"
        " said says say told wait sorry oops omg wow yay start starts thought changed mind up"
        " out off over under left cost costs"
        # a signup's own words
        " program programs class classes course courses lesson lessons option options number choice"
        " sign signup signed register registration enroll enrol enrollment book join spot spots"
        # the family
        " kid child children son sons daughter daughters boy boys girl girls"
        " year years yr yrs yo old age aged ages month months husband wife mom dad"
        # Spanish
        " el la los las lo un una unos unas uno de del al en con por para y o que se su sus mi mis"
        " tu me te le les nos yo es son esta este esto ese esa eso esos esas estos estas hay si"
        " quiero quisiera quiere queremos gustaria prefiero prefiere elijo escojo tomo dame ponme"
        " favor gracias hola buenas buenos dias tardes noches bueno vale claro mejor muy mas pero"
        " hijo hija hijos hijas nino nina ninos ninas ano anos tiene edad clase clases curso cursos"
        " programa programas opcion numero inscribir inscribirla inscribirlo apuntar donde cuanto"
        " cuando cual como cerca ser seria creo pues mejor otro otra entonces ella esposo"

)  # fmt: skip

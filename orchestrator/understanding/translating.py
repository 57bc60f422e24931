"""Kinds of activity and of place in the English that provider tools know; names stay as they are."""

import re

from orchestrator.understanding import words

ACTIVITIES = {
    "esqui": "ski", "esquiar": "ski", "natacion": "swim", "nadar": "swim", "gimnasia": "gymnastics",
    "futbol": "soccer", "beisbol": "baseball", "baloncesto": "basketball", "voleibol": "volleyball",
    "tenis": "tennis", "baile": "dance", "danza": "dance", "bailar": "dance", "musica": "music",
    "arte": "art", "pintura": "painting", "pintar": "painting", "patinaje": "skating",
    "patinar": "skating", "ajedrez": "chess", "guitarra": "guitar", "equitacion": "horse riding",
    "caballos": "horse", "esgrima": "fencing", "atletismo": "track", "ciclismo": "cycling",
    "teatro": "theater", "cocina": "cooking", "deportes": "sports", "ciencia": "science",
    "verano": "summer", "invierno": "winter",
}  # fmt: skip
PLACES = {
    "campamento": "camp", "campamentos": "camp", "escuela": "school", "escuelas": "school",
    "academia": "academy", "academias": "academy", "gimnasio": "gym", "piscina": "pool",
    "asociacion": "association", "liga": "league", "estudio": "studio", "centro": "center",
    "club": "club", "clubes": "club", "clubs": "club",
}  # fmt: skip
LESSONS = words.listed("clase clases leccion lecciones curso cursos")
SLIPS = {
    "clup": "club", "clud": "club", "culb": "club", "clubb": "club", "sking": "skiing",
    "skii": "ski", "swiming": "swimming", "swimm": "swim", "swimin": "swimming", "scool": "school",
    "skool": "school", "shcool": "school", "schol": "school", "cmap": "camp", "capm": "camp",
    "acadamy": "academy", "acedemy": "academy", "soccor": "soccer", "gimnastics": "gymnastics",
    "gymnastic": "gymnastics", "tenniss": "tennis", "karatee": "karate", "kararte": "karate",
}  # fmt: skip
DRAWN = {
    "🏊": "swim", "🎿": "ski", "⛷": "ski", "🏂": "snowboard", "⚽": "soccer", "🏀": "basketball",
    "⚾": "baseball", "🎾": "tennis", "🏐": "volleyball", "🏒": "hockey", "⛸": "skating",
    "🤸": "gymnastics", "🥋": "karate", "🏕": "camp", "⛺": "camp", "🩰": "ballet", "🎨": "art",
    "🎹": "piano", "🎸": "guitar", "🎻": "violin", "🐎": "horse riding", "🏇": "horse riding",
}  # fmt: skip

_DRAWN = re.compile(f"({'|'.join(DRAWN)})[\ufe0f\u200d♀♂\U0001f3fb-\U0001f3ff]*")
_KINDS = ACTIVITIES | PLACES
_JOINS = words.listed("de del la el los las")


def written_out(text: str) -> str:
    """Return a text with the pictures of activities in words: 🏊 is swim."""
    return _DRAWN.sub(lambda match: f" {DRAWN[match[1]]} ", text)


def in_english(query: str) -> str:
    """Return what is looked for with its Spanish kinds in English, and their slips mended.

    "Club de esquí Blackhawk" is "ski club Blackhawk"; "Campamento Arcoíris" is a name.
    """
    raw = query.split()
    plain = ["".join(words.tokens(word)) for word in raw]
    mended = [SLIPS.get(word, as_typed) for word, as_typed in zip(plain, raw, strict=True)]
    if not any(word in _KINDS and _KINDS[word] != word for word in plain) or _is_a_name(raw, plain):
        return " ".join(mended)
    return " ".join(_translated(mended, plain)) or query


def _is_a_name(raw: list[str], plain: list[str]) -> bool:
    """Return whether the words are one name in capitals that begins with a kind of place."""
    telling = [one for one, word in zip(raw, plain, strict=True) if word not in _JOINS]
    names = [one for one, word in zip(raw, plain, strict=True) if word not in {*_KINDS, *_JOINS}]
    return plain[0] in PLACES and bool(names) and all(one[:1].isupper() for one in telling)


def _translated(raw: list[str], plain: list[str]) -> list[str]:
    """Return the words in English: what a place is for goes before it, as English has it."""
    done: list[str] = []
    is_joined = False
    for place, word in enumerate(plain):
        after = next((one for one in plain[place + 1 :] if one not in _JOINS), "")
        if word in LESSONS and after in ACTIVITIES:
            continue
        if word in _JOINS and (after in _KINDS or plain[place - 1] in _KINDS):
            is_joined = bool(done)
            continue
        kind = _KINDS.get(word)
        if kind and word in ACTIVITIES and is_joined and done[-1] in PLACES.values():
            done.insert(len(done) - 1, kind)
        else:
            done.append(kind or raw[place])
        is_joined = False
    return done

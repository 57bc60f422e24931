"""When an action that the model names is borne out by how a parent put it.

Whatever the parser takes for a question, or for a wish that needs a button, is no action. Where the
parser reads the same action all is well. Else

- what loses work (another program, another club) needs a word for "another", "back" or "change",
  and no "don't";
- a choice, and going on, need words without a doubt or a no.

Simple on purpose: one answer too careful costs a parent a sentence, one deed too quick their work.
"""

from orchestrator.understanding import words
from orchestrator.understanding.intents import Intent

LOSES_WORK = {"change_program", "change_provider"}
GOES_ON = {"select_provider", "select_program", "complete_prereqs", "check_prereqs"}

NEGATED = words.listed(
    "not dont doesnt didnt isnt arent wasnt wont cant shouldnt havent hasnt never nicht nie kein keine"
    " pas jamais nunca tampoco non nao nie niet"
)
DOUBTS = NEGATED | words.listed(
    "no nope nah wait hold stop later maybe perhaps unsure sure why too but if whether nein warte moment"
    " vielleicht spater aber attends attendez peut mais trop espera espere quiza quizas pero"
    " demasiado aun todavia despues expensive far doubt unclear wonder wondering confused"
)
ELSEWHERE = words.listed(
    "another other others different change changing switch switching swap instead else elsewhere back"
    " wrong previous return otro otra otros otras cambiar cambio cambia diferente volver atras"
    " equivocado autre autres changer retour revenir ander andere anderen anderer anderes anders"
    " wechseln zuruck falsch altro altra cambiare indietro outro outra mudar voltar trocar inny inna"
    " zmienic terug veranderen"
)


def may_be_done(action: str, read: Intent, text: str) -> bool:
    """Return whether an action of the model's may be done; `read` is how the parser reads the text."""
    if read.question is not None or read.name.startswith("asked_to_"):
        return False
    if read.name == action:
        return True
    said = set(words.tokens(text))
    if action in LOSES_WORK:
        return not said.isdisjoint(ELSEWHERE) and said.isdisjoint(NEGATED)
    return action not in GOES_ON or said.isdisjoint(DOUBTS)

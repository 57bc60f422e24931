"""`python -m tests.orchestrator.understanding` prints what the parser misreads of the work part."""

from orchestrator.understanding.parser import understand
from tests.orchestrator.understanding import corpus


def main() -> None:
    """Print the misread sentences of the work part, step by step, and the scores."""
    read = corpus.readings(corpus.sentences("work"), understand)
    for step in corpus.STEPS:
        for one in read:
            if one.sentence.step is step and not one.is_right:
                print(one)
    print(corpus.table({"work": corpus.scores(read)}))


if __name__ == "__main__":
    main()

"""What can keep a language model from reading a message. The parser reads it then."""

from typing import ClassVar


class ModelError(Exception):
    """The model did not read this message; `log_word` says why, without a word of the message."""

    log_word: ClassVar[str]


class PromptRefusedError(ModelError):
    """The message holds what no language model is to see: it was not sent."""

    log_word = "held_back"


class ModelRestsError(ModelError):
    """The model failed again and again, and is left alone for a while: it was not asked."""

    log_word = "resting"


class ModelTimeoutError(ModelError):
    """The model did not answer in time."""

    log_word = "timeout"


class ModelUnavailableError(ModelError):
    """The model cannot be reached, is in trouble, or does not take our requests."""

    log_word = "unavailable"


class ModelRefusedError(ModelError):
    """The model, or the server before it, will not read this message."""

    log_word = "refused"


class ModelAnswerError(ModelError):
    """The model answered, but with nothing that is asked for, or nothing to be believed."""

    log_word = "bad_answer"

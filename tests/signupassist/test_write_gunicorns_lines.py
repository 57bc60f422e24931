"""Writing what gunicorn says of itself…"""

import json
import logging
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from signupassist.gunicorn_logs import Logger

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Leave the loggers of this process as they were."""
    both = [logging.getLogger(f"gunicorn.{name}") for name in ("error", "access")]
    before = [(one.propagate, one.handlers[:]) for one in both]
    yield
    for one, (propagate, handlers) in zip(both, before, strict=True):
        one.propagate, one.handlers = propagate, handlers


def spoken(**settings: str) -> Logger:
    """Return gunicorn's logger with these settings of its command line."""
    config = Config()
    for name, value in settings.items():
        config.set(name, value)
    return Logger(config)


def test_takes_one_json_object_a_line_in_production(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEBUG", "false")
    monkeypatch.delenv("LOG_FORMAT", raising=False)
    told = spoken(accesslog="-")
    told.info("Booting worker with pid: %s", 17)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        told.exception("Error handling request %s", "/auth?email=pat@example.com")
    told.access_log.info("GET /auth")

    out, err = capsys.readouterr()
    start, error = map(json.loads, err.splitlines())
    assert (start["event"], start["logger"]) == ("Booting worker with pid: 17", "gunicorn.error")
    assert error["event"] == "Error handling request /auth?email=[redacted]"
    assert error["exception"].endswith("ValueError: two\nlines")
    assert json.loads(out)["event"] == "GET /auth"


def test_says_nothing_of_requests_unless_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "false")
    assert not spoken().access_log_enabled


@pytest.mark.parametrize(
    ("variables", "is_json"),
    [
        ({"DEBUG": "true", "LOG_FORMAT": ""}, False),
        ({"DEBUG": "true", "LOG_FORMAT": "JSON"}, True),
        ({"DEBUG": "false", "LOG_FORMAT": "console"}, False),
    ],
)
def test_goes_by_the_settings(
    variables: dict[str, str],
    is_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    spoken().info("Starting gunicorn")

    line = capsys.readouterr().err
    assert "Starting gunicorn" in line
    assert line.startswith("{") is is_json

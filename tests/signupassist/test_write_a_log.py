"""Writing a log line…"""

import json
import logging
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from audit import opened
from audit.context import about_session, serving
from tests.roles import staff_with
from tests.signupassist.lines import written

ROOT = Path(__file__).resolve().parents[2]
SECRET = 'Nightjar "7319" & Gämse'
FORMATS = pytest.mark.parametrize("log_format", ["console", "json"])

logger = logging.getLogger("orchestrator.tools")


class Account:
    """Something whose own words hold a secret."""

    def __str__(self) -> str:
        return f"<account {SECRET}>"


@FORMATS
@pytest.mark.once
def test_keeps_the_text_verbatim_that_operators_search_for(log_format: str) -> None:
    opened.remember(SECRET, "programs", "timeout")
    with written(log_format) as lines:
        logger.info("[MCP] Calling real tool: %s", "scp.get_programs")
        logger.warning("[MCP] Falling back to mock tool for %s", "search_provider")

    assert "[MCP] Calling real tool: scp.get_programs" in lines.getvalue()
    assert "[MCP] Falling back to mock tool for search_provider" in lines.getvalue()


@FORMATS
@pytest.mark.once
def test_seals_what_is_open_in_words_values_and_errors(log_format: str) -> None:
    opened.remember(SECRET)
    with written(log_format) as lines:
        logger.info("opened %s", SECRET)
        logger.info("opened %s of %s", {"password": SECRET}, Account())
        logger.info(SECRET)
        try:
            raise ValueError(f"cannot use {SECRET}")
        except ValueError:
            logger.exception("It broke")

    told = lines.getvalue()
    assert "Nightjar" not in told
    assert "7319" not in told
    assert "ValueError: cannot use [sealed]" in told


@FORMATS
@pytest.mark.once
def test_redacts_e_mails_and_named_secrets_that_nobody_opened(log_format: str) -> None:
    with written(log_format) as lines:
        logger.info("refused %s with password=%s", "pat@ski.example", "hunter2")

    assert "refused [redacted] with password=[redacted]" in lines.getvalue()


@FORMATS
@pytest.mark.once
def test_tells_where_it_broke_and_what_led_to_it(log_format: str) -> None:
    with written(log_format) as lines:
        try:
            try:
                raise KeyError("first")
            except KeyError as error:
                raise RuntimeError("second") from error
        except RuntimeError:
            logger.exception("It broke")

    told = lines.getvalue()
    told = told if log_format == "console" else json.loads(told)["exception"]
    assert told.index("KeyError: 'first'") < told.index("direct cause") < told.index("second")
    assert f'File "{__file__}"' in told
    assert told.count("Traceback (most recent call last)") == 2


@FORMATS
@pytest.mark.once
def test_is_not_stopped_by_an_error_that_goes_round_in_circles_or_cannot_speak(
    log_format: str,
) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    first, second = ValueError("first"), MuteError()
    first.__context__, second.__context__ = second, first
    with written(log_format) as lines:
        logger.error("It broke", exc_info=first)

    assert "ValueError: first" in lines.getvalue()
    assert "MuteError: (without words)" in lines.getvalue()


@FORMATS
def test_tells_what_a_database_refused_without_the_row(log_format: str, parent: User) -> None:
    with written(log_format, level=logging.INFO) as lines:
        try:
            with transaction.atomic():
                User.objects.create(email=parent.email)
        except IntegrityError:
            logger.exception("It broke")

    told = lines.getvalue()
    names = {
        "postgresql": "23505 users users_email_of_local_accounts",
        "sqlite": "UNIQUE constraint failed",
    }
    assert f"IntegrityError: {names[connection.vendor]}" in told
    assert parent.email not in told
    assert "pat@" not in told


@FORMATS
def test_tells_nothing_of_a_value_that_a_database_cannot_read(log_format: str, db: None) -> None:
    asked = "SELECT json(%s)" if connection.vendor == "sqlite" else "SELECT %s::json"
    with written(log_format, level=logging.INFO) as lines:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(asked, [SECRET])
        except AnyDatabaseError:
            logger.exception("It broke")

    assert "Error: " in lines.getvalue()
    assert "Nightjar" not in lines.getvalue()


@pytest.mark.once
def test_is_one_json_object_in_production() -> None:
    with written("json") as lines, serving("request-1"):
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logger.exception("It broke: %s", "Gämse")

    line = json.loads(lines.getvalue())
    assert lines.getvalue().count("\n") == 1
    assert (line["event"], line["level"]) == ("It broke: Gämse", "error")
    assert (line["logger"], line["request_id"]) == ("orchestrator.tools", "request-1")
    assert line["timestamp"].endswith("Z")
    assert line["exception"].endswith("ValueError: two\nlines")


@pytest.mark.once
def test_names_request_signup_and_trace_where_there_are_any() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    signup = UUID("5f1c1d7e-0000-4000-8000-000000000001")
    with written("json") as lines:
        logger.info("about nothing")
        with serving("request-1", traceparent=f"00-{trace}-00f067aa0ba902b7-01"):
            with about_session(signup):
                logger.info("[MCP] Calling real tool: %s", "scp.get_programs")
            logger.info("about no signup")

    nothing, call, after = map(json.loads, lines.getvalue().splitlines())
    assert call["event"] == "[MCP] Calling real tool: scp.get_programs"
    assert (call["request_id"], call["session_id"]) == ("request-1", str(signup))
    assert call["trace_id"] == after["trace_id"] == trace
    assert "session_id" not in after
    assert not {"request_id", "session_id", "trace_id"} & set(nothing)


@pytest.mark.once
@pytest.mark.parametrize("path", ["/api/v1/sessions/{}", "/api/v1/sessions/{}/actions"])
def test_names_the_signup_that_a_path_names(path: str, db: None) -> None:
    signup = "5f1c1d7e-0000-4000-8000-000000000001"
    browser = Client()
    browser.force_login(staff_with())
    with written("json", level=logging.INFO) as lines:
        browser.get(path.format(signup), headers={"X-Request-ID": "request-of-pat"})

    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    [line] = [one for one in told if one["logger"] == "django.request"]
    assert (line["request_id"], line["session_id"]) == ("request-of-pat", signup)


REFUSED = [
    ("/admin/accounts/user/", 403),
    ("/api/v1/sessions/no-id", 404),
    ("/api/v1/audit?colour=red", 400),
    ("/nothing", 404),
]


@FORMATS
@pytest.mark.once
@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_of_a_refusal_names_its_request_and_holds_no_stack(
    log_format: str, path: str, status: int, db: None
) -> None:
    browser = Client()
    browser.force_login(staff_with())
    with written(log_format, level=logging.INFO) as lines:
        answer = browser.get(path, headers={"X-Request-ID": "request-of-pat"})

    assert answer.status_code == status
    told = [line for line in lines.getvalue().splitlines() if "django.request" in line]
    assert len(told) == 1
    assert "request-of-pat" in told[0]
    assert "Traceback" not in lines.getvalue()
    assert 'File "' not in lines.getvalue()


@pytest.mark.once
def test_holds_no_secret_for_whoever_else_writes_it() -> None:
    opened.remember(SECRET)
    kept: list[str] = []

    class Another(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(logging.Formatter().format(record))

    handler = Another()
    logger.addHandler(handler)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("It broke with %s", SECRET)
    finally:
        logger.removeHandler(handler)

    assert "ValueError: [sealed]" in kept[0]
    assert "It broke with [sealed]" in kept[0]
    assert "Nightjar" not in kept[0]


UNCAUGHT = """
import threading, django
django.setup()
from audit import opened
secret = "Night" + "jar 7319"
opened.remember(secret)
def thread():
    opened.remember(secret)
    raise ValueError(secret)
one = threading.Thread(target=thread)
one.start()
one.join()
raise RuntimeError(secret)
"""


@pytest.mark.once
def test_seals_errors_that_nobody_caught_as_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "ValueError: [sealed]" in done.stderr
    assert "RuntimeError: [sealed]" in done.stderr
    assert "Nightjar" not in done.stdout + done.stderr

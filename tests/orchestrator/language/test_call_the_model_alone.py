"""A question to the language model…"""

import ipaddress
import logging
import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from orchestrator.language import client, wire
from orchestrator.language.rest import Rest
from orchestrator.tools.mcp import names
from tests.orchestrator.language.conftest import read
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import KEY, LanguageModelServer, Script

pytestmark = pytest.mark.once

WORDS = "the second one, said the zebrafinch"


def test_carries_nothing_but_what_it_needs(
    model: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the environment nor the SDK adds anything about us."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    assert read(WORDS, PLANS["ski_programs"]).llm == "model"

    [question] = model.questions
    assert {name.lower() for name in question.headers} == wire.HEADERS | set(wire.OURS)
    assert question.headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in question.raw
    assert set(question.body) == {
        "model", "messages", "response_format", "max_completion_tokens", *client.OPTIONS
    }  # fmt: skip
    assert question.body["store"] is False
    assert [message["role"] for message in question.body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_nobody_elsewhere(model: LanguageModelServer, status: int) -> None:
    elsewhere = model.url.replace("/v1", "/v2/chat/completions")
    model.script(Script(status=status, headers={"Location": elsewhere}))
    assert read(WORDS, PLANS["ski_programs"]).llm == "fallback"
    assert len(model.questions) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_goes_to_no_address_at_which_no_model_can_be(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    found = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80))
    monkeypatch.setattr(names, "resolve", lambda *_, **__: [found])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was called"))
    monkeypatch.setattr(client, "rest", Rest())
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-1", "http://model.example/v1"
    assert read(WORDS, PLANS["ski_programs"]).llm == "fallback"


def test_is_held_to_the_origin_at_the_last_moment(model: LanguageModelServer) -> None:
    read(WORDS, PLANS["ski_programs"])
    with LanguageModelServer() as another:
        client._line(KEY, model.url).sdk.base_url = another.url
        assert read(WORDS, PLANS["ski_programs"]).llm == "fallback"
        assert another.questions == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPENAI_BASE_URL", "localhost:11434"), ("OPENAI_API_KEY", "sk-1\nHost: evil.example")],
)
def test_needs_settings_that_can_be_understood(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import signupassist.settings"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert name in started.stderr.splitlines()[-1]
    assert value not in started.stderr


@pytest.mark.parametrize(
    "script",
    [
        Script(),
        Script(status=400, body=b"zebrafinch"),
        Script(cut=True),
        Script(content="zebrafinch"),
    ],
)
def test_leaves_no_word_and_no_key_in_logs_or_errors(
    model: LanguageModelServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
) -> None:
    monkeypatch.setenv("OPENAI_LOG", "debug")
    caplog.set_level(logging.DEBUG)
    model.script(script)

    found = read(WORDS, PLANS["ski_programs"])

    told = caplog.text + repr(found)
    assert "zebrafinch" not in told
    assert KEY not in told
    assert [one.name for one in caplog.records if one.name.startswith(("openai", "http"))] == []


def test_goes_over_the_connection_that_is_open(model: LanguageModelServer) -> None:
    for _ in range(3):
        read(WORDS, PLANS["ski_programs"])
    assert len({question.port for question in model.questions}) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine and its key, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1).add_extension(here, False)
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
    file = tmp_path_factory.mktemp("tls") / "here.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize("is_trusted", [True, False])
def test_goes_over_tls_to_whom_the_machine_trusts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, certificate: Path, is_trusted: bool
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(client, "rest", Rest())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with LanguageModelServer(tls) as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = KEY, server.url
        found = {read(WORDS, PLANS["ski_programs"]).llm for _ in range(2)}
        client.hang_up()

    assert found == {"model" if is_trusted else "fallback"}
    assert len(server.questions) == (2 if is_trusted else 0)
    assert len({question.port for question in server.questions}) <= 1

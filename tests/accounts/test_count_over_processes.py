"""Limits hold across processes: on the database, and on Redis where there is one…"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.models import User
from audit.models import MandateAudit
from tests import requirements_of_machine
from tests.servers.redis_server import RedisServer
from tests.servers.web_process import Api, WebServer, running, token_of, url_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

GUESSES, ALLOWED = 20, 5  # ACCOUNT_RATE_LIMITS["login_failed"], of one e-mail
REQUESTS, LIMIT = 100, 60
HANDFUL = LIMIT // 20


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the limits are counted: '' is the database."""
    if request.param == "database":
        yield ""
        return
    requirements_of_machine.need("redis")
    server = RedisServer(tmp_path)
    server.start()
    yield server.url
    server.kill()


@pytest.fixture
def web(redis_url: str, tmp_path: Path, parent: User) -> Iterator[list[WebServer]]:
    """Two real processes that share nothing but what is behind them."""
    with running(
        2,
        database_url=url_of_tests(),
        folder=tmp_path,
        REDIS_URL=redis_url,
        REQUESTS_PER_MINUTE=str(LIMIT),
    ) as servers:
        yield servers


@pytest.mark.parametrize(
    "redis_url",
    ["database", pytest.param("redis", marks=pytest.mark.once)],
    indirect=True,
)
def test_of_guesses_and_of_requests(web: list[WebServer], parent: User) -> None:
    """Threat 20: no more guesses than allowed, however many are made at once."""
    api = Api(*web)
    wrong = {"email": parent.email, "password": "a guess"}

    def guess(_: int) -> str:
        return str(api.post("/api/v1/auth/token", wrong).json()["code"])

    with ThreadPoolExecutor(GUESSES) as crowd:
        codes = Counter(crowd.map(guess, range(GUESSES)))

    assert codes == {"login_failed": ALLOWED, "rate_limited": GUESSES - ALLOWED}
    assert MandateAudit.objects.filter(action="user_login_failed").count() == ALLOWED

    known = Api(*web, token=token_of(parent))
    begun = int(time.time()) // 60
    with ThreadPoolExecutor(GUESSES) as crowd:
        answers = list(crowd.map(lambda _: known.get("/api/v1/me"), range(REQUESTS)))

    minutes = int(time.time()) // 60 - begun + 1
    refused = [answer for answer in answers if answer.status_code == 429]
    granted = len([answer for answer in answers if answer.status_code == 200])
    assert granted + len(refused) == REQUESTS
    assert LIMIT - len(web) * (HANDFUL - 1) <= granted <= LIMIT * minutes
    assert {answer.json()["code"] for answer in refused} <= {"rate_limited"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 300 for answer in refused)

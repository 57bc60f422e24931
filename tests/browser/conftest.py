"""A real server, a real Chromium, and pages that note every complaint of the browser."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, expect

from tests import requirements_of_machine
from tests.browser import artefacts, log_ins
from tests.browser.chromium import launched

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_MS = 30_000  # of a machine that does much else
expect.set_options(timeout=PATIENCE_MS)
PARENTS = [f"parent{number}@example.com" for number in range(200)]  # one for every test that asks
WAITING = [f"waiting{number}@example.com" for number in range(8)]  # for a person to look at
FORGETFUL = "forgetful@example.com"  # who has a link to choose a new password
FAMILY = "family@example.com"  # who has three sealed signups behind them
AUDITOR = "auditor@example.com"
PASSWORD = "a long pass phrase"
FAILED = pytest.StashKey[bool]()
PREPARE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)

from accounts.models import User
from django.contrib.auth.hashers import make_password
password = make_password({PASSWORD!r})
User.objects.bulk_create(User(email=email, password=password) for email in {PARENTS + WAITING!r})
User.objects.create_user("staff@example.com", {PASSWORD!r}, is_staff=True, is_superuser=True)
family, auditor = User.objects.bulk_create(
    User(email=email, password=password) for email in [{FAMILY!r}, {AUDITOR!r}]
)

from uuid import uuid4
from django.utils import timezone
from orchestrator.models import RegistrationSubmission
now = timezone.now()
RegistrationSubmission.objects.bulk_create(
    RegistrationSubmission(
        user_id=person.pk, session_id=uuid4(), provider="skiclubpro", org_ref="blackhawk-ski",
        org_name="Blackhawk Ski Club", program_ref="nordic", program_title="Saturday Nordic Kids",
        participant="a" * 64, request_digest="b" * 64, status="needs_operator", is_real=True,
        error_code="no_way_to_ask", attempts=1, created_at=now, updated_at=now, sent_at=now,
        news_at=now,
    )
    for person in User.objects.filter(email__in={WAITING!r})
)

from accounts.services import passwords, roles
from audit import sealing_run
from orchestrator import demo
roles.grant(email={AUDITOR!r}, roles=[roles.Role.AUDITOR], at=now)
demo.write(demo.story(family.pk, 3 * len(demo.STORY), until=now), sealing_run.configured())
print(passwords.key_for(User.objects.create_user({FORGETFUL!r}, {PASSWORD!r})))
"""
NOTE_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Served:
    """The server's address, and people who can log in there."""

    url: str
    database: Path
    environment: dict[str, str] = field(repr=False)  # of its processes
    link: str = field(repr=False)  # of the forgetful one
    parents: Iterator[str] = field(default_factory=lambda: iter(PARENTS))
    waiting: Iterator[str] = field(default_factory=lambda: iter(WAITING))
    staff: str = "staff@example.com"

    def cookies_of(self, email: str) -> StorageState:
        """Return the cookies of this person, who has just logged in."""
        return {
            "cookies": [
                {
                    "name": "sessionid",
                    "value": self.session_of(email),
                    "domain": "127.0.0.1",
                    "path": "/",
                    "expires": -1,
                    "httpOnly": True,
                    "secure": False,
                    "sameSite": "Lax",
                }
            ],
            "origins": [],
        }

    def session_of(self, email: str) -> str:
        """Return the key of a session of this person, who has just logged in."""
        secret_key = self.environment["SECRET_KEY"]
        return log_ins.begin(email, database=self.database, secret_key=secret_key)


@dataclass(frozen=True)
class Prepared:
    """A database with these people in it, to be copied."""

    database: Path
    link: str = field(repr=False)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Prepare a database at once, and one for all workers: each start of manage.py costs seconds."""
    requirements_of_machine.need("browser")
    home = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        home = home.parent  # which all workers of this run share, and no other run
    database, link = home / "browser.sqlite3", home / "browser-link"
    with (home / "browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not link.exists():
            database.unlink(missing_ok=True)  # what another worker failed to prepare
            prepare = [sys.executable, "manage.py", "shell", "-v", "0", "-c", PREPARE]
            done = subprocess.run(
                prepare, cwd=ROOT, env=environment_on(database), check=True, stdout=subprocess.PIPE
            )
            link.write_bytes(done.stdout.split()[-1])
    return Prepared(database, link=f"/auth/reset/{link.read_text()}")


def environment_on(database: Path) -> dict[str, str]:
    """Return the environment of the product on a database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "signupassist.settings",
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{database}",
        "SECRET_KEY": "browsers are signed in with this, and nobody else ever is",
        "CRED_SEAL_KEY": "YnJvd3NlcnMgc2VhbCB3aXRoIHRoaXMga2V5IDAxMjM=",
        "AUDIT_SIGNING_KEY": "c2VhbHMgd2hhdCBhIGJyb3dzZXIgcmVhZHMsIG9ubHk=",
        "AUDIT_CHECKPOINT_FILE": str(database.with_name("checkpoints")),
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "dummymail://",
        "STAFF_MFA": "off",
    }


@contextmanager
def serving(prepared: Prepared, home: Path, **settings: str) -> Iterator[Served]:
    """Run the product as `script/server` does, on a database and a port of its own."""
    database = Path(shutil.copy(prepared.database, home / "db.sqlite3"))
    environment = environment_on(database) | settings
    with socket.create_server(("127.0.0.1", 0)) as listener, (home / "log").open("wb") as log:
        number = listener.fileno()
        gunicorn = [sys.executable, "-m", "gunicorn", "signupassist.wsgi", "--threads=8"]
        gunicorn += ["--keep-alive=75"]  # as in production: none is closed as a browser sends by it
        server = subprocess.Popen(
            [*gunicorn, f"--bind=fd://{number}"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            pass_fds=[number],
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_until_it_answers(f"{url}/auth", server)
            yield Served(url, database, environment, prepared.link)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="session")
def served(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve with the bundled sample tools."""
    with serving(prepared, tmp_path_factory.mktemp("served")) as server:
        yield server


def _wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310  our own address
                return
        except OSError:  # nobody listens yet, or takes too long
            time.sleep(0.2)
    pytest.fail(f"the server does not answer at {url}", pytrace=False)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Keep one browser for these tests, and no longer: its event loop bars others from the ORM."""
    requirements_of_machine.need("browser")
    with launched() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about so far: errors, warnings, breaches of the policy."""
    return []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures of a test know at its end whether it failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, chromium: Browser, served: Served, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """Return pages of fresh windows; in the end, none may hold a complaint about our own code.

    What they show when the test failed is kept (`tests.browser.artefacts`).
    """
    name = f"failed-{request.node.nodeid.rpartition('/')[2]}"
    artefacts.forget(name)
    pages: list[Page] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def open_one(
        *,
        width: int = 1440,
        dark: bool = False,
        phone: bool = False,
        cookies: StorageState | None = None,
    ) -> Page:
        window = chromium.new_context(
            base_url=served.url,
            storage_state=cookies,
            viewport={"width": width, "height": 844 if phone else 900},
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
        )
        window.add_init_script(NOTE_VIOLATIONS)
        page = window.new_page()
        pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    ours = [text for text in complaints if not text.startswith("Failed to load resource")]
    if ours or request.node.stash.get(FAILED, False):
        seen = [page for page in pages if page.url != "about:blank"]
        for number, page in enumerate(seen, 1):
            print(f"{page.url} as it stood:", *artefacts.leave(page, f"{name}-{number}"))
    for page in pages:
        page.context.close()
    assert ours == []


@pytest.fixture
def log_in(served: Served) -> Callable[..., Page]:
    """Return a function that leads somebody to the chat: a parent of their own, unless told whom."""

    def lead(page: Page, email: str | None = None) -> Page:
        key = served.session_of(email or next(served.parents))
        page.context.add_cookies([{"name": "sessionid", "value": key, "url": served.url}])
        page.goto("/")
        return page

    return lead


@pytest.fixture(scope="package")
def cookies(served: Served) -> StorageState:
    """The cookies of a parent who is logged in."""
    return served.cookies_of(next(served.parents))


@pytest.fixture
def chat(open_page: Callable[..., Page], cookies: StorageState) -> Page:
    """A logged-in window for the chat page, whose API is to be answered by `turns.answer_with`."""
    return open_page(cookies=cookies)

"""Reading at the start whose tokens are believed…"""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts import lanes
from accounts.lanes import Lane, LaneError
from signupassist import env
from tests.refusals import refusal

pytestmark = pytest.mark.once

OTHER = {"issuer": "https://login.example.org/", "audience": "signupassist"}
SECRET = "a shared secret of thirty-two bytes or a few more"


def read(**how: Any) -> tuple[Lane, ...]:
    """Return the lanes of these variables; others are empty."""
    words: dict[str, Any] = {
        "supabase_url": "",
        "supabase_secret": "",
        "others": "",
        "strict": True,
    }
    return lanes.read(**(words | how))


def listed(*entries: Any) -> str:
    """Return AUTH_ISSUERS with these entries."""
    return json.dumps(entries)


def test_believes_nobody_unless_told() -> None:
    assert read() == ()


def test_asks_supabase_for_its_public_keys() -> None:
    [lane] = read(supabase_url="https://abc.supabase.co/")

    assert lane.issuer == "https://abc.supabase.co/auth/v1"
    assert lane.jwks_url == "https://abc.supabase.co/auth/v1/.well-known/jwks.json"
    assert (lane.algorithms, lane.audience, lane.secret) == (
        ("ES256", "RS256"),
        "authenticated",
        None,
    )


def test_gives_the_secret_a_lane_of_its_own() -> None:
    public, shared = read(supabase_url="https://abc.supabase.co", supabase_secret=SECRET)

    assert (public.secret, shared.jwks_url, shared.algorithms) == (None, None, ("HS256",))
    assert public.issuer == shared.issuer
    assert SECRET not in repr(shared)


def test_takes_a_secret_without_an_address() -> None:
    [lane] = read(supabase_secret=SECRET)

    assert (lane.issuer, lane.name) == (None, "supabase")


def test_takes_any_openid_provider() -> None:
    one = OTHER | {"jwks_url": "http://127.0.0.1:8090/keys?v=1", "algorithms": ["RS256"]}
    two = OTHER | {"issuer": "https://id.example.net/realms/x"}

    first, second = read(others=listed(one, two))

    assert (first.name, first.issuer) == ("https://login.example.org/",) * 2
    assert (first.jwks_url, first.algorithms) == ("http://127.0.0.1:8090/keys?v=1", ("RS256",))
    assert second.jwks_url == "https://id.example.net/realms/x/.well-known/jwks.json"
    assert not first.is_supabase


@pytest.mark.parametrize(
    ("algorithm", "chosen"),
    [
        ("ES256", "public"),
        ("RS256", "public"),
        ("HS256", "shared"),
        ("none", None),
        ("HS512", None),
        ("PS256", None),
        (None, None),
        (["HS256"], None),
    ],
    ids=str,
)
def test_lets_the_algorithm_choose_between_secret_and_public_keys(
    algorithm: Any, chosen: str | None
) -> None:
    public, shared = read(supabase_url="https://abc.supabase.co", supabase_secret=SECRET)

    found = lanes.choose((public, shared), algorithm=algorithm, issuer=public.issuer)

    assert found == {"public": public, "shared": shared, None: None}[chosen]
    assert lanes.choose((public, shared), algorithm=algorithm, issuer="another") is None


@pytest.mark.parametrize(
    "url",
    [
        "abc.supabase.co",
        "http://abc.supabase.co",
        "ftp://abc.supabase.co",
        "https://",
        "https://user:canary@abc.supabase.co",
        "https://abc.supabase.co?x=1",
        "https://abc.supabase.co#x",
        "https://abc .supabase.co",
        "https://abc.supabase.co:port",
        "http://127.0.0.1.example.org",
        "http://[::2]",
        "https://[::1",
    ],
)
def test_refuses_an_address_that_others_could_answer_for(url: str) -> None:
    with pytest.raises(LaneError, match=r"^SUPABASE_URL .*Good: SUPABASE_URL=https") as caught:
        read(supabase_url=url)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:54321", "http://localhost:54321", "http://[::1]:1"]
)
def test_takes_plain_http_on_this_machine(url: str) -> None:
    assert read(supabase_url=url)[0].issuer == f"{url}/auth/v1"


@pytest.mark.parametrize("secret", ["canary", "x" * 31, "c" * 64, *sorted(lanes.PUBLISHED)])
def test_refuses_a_secret_that_can_be_guessed(secret: str) -> None:
    with pytest.raises(LaneError, match=r"^SUPABASE_JWT_SECRET .*Good: ") as caught:
        read(supabase_secret=secret)
    assert secret not in str(caught.value)


def test_takes_the_secret_of_supabases_own_tools_while_developing() -> None:
    [secret, *_] = sorted(lanes.PUBLISHED)

    assert read(supabase_secret=secret, strict=False)[0].secret == secret


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "{}",
        "[" * 100_000,
        '["https://login.example.org/"]',
        listed({}),
        listed({"issuer": OTHER["issuer"]}),
        listed({"audience": "x"}),
        listed(OTHER | {"audience": ["x"]}),
        listed(OTHER | {"audience": ""}),
        listed(OTHER | {"issuer": "x" * 256}),
        listed(OTHER | {"issuer": "supabase"}),
        listed(OTHER | {"issuer": "signupassist", "jwks_url": "https://x.example/"}),
        listed(OTHER | {"issuer": "login.example.org"}),
        listed(OTHER | {"issuer": "http://login.example.org"}),
        listed(OTHER | {"jwks_url": "file:///etc/passwd"}),
        listed(OTHER | {"jwks_url": 7}),
        listed(OTHER | {"algorithms": []}),
        listed(OTHER | {"algorithms": "RS256"}),
        listed(OTHER | {"algorithms": ["HS256"]}),
        listed(OTHER | {"algorithms": ["RS256", "none"]}),
        listed(OTHER | {"algorithms": [["RS256"]]}),
        listed(OTHER | {"secret": "canary"}),
        listed(OTHER, OTHER),
    ],
    ids=range(23),
)
def test_refuses_issuers_that_cannot_be_understood(value: str) -> None:
    with pytest.raises(LaneError, match=r"^AUTH_ISSUERS .*Good: AUTH_ISSUERS=\[") as caught:
        read(others=value)
    assert "canary" not in str(caught.value)
    assert len(str(caught.value)) < 400
    [good] = json.loads(str(caught.value).partition("AUTH_ISSUERS=")[2])
    assert read(others=listed(good))


def test_refuses_a_second_entry_for_supabase_itself() -> None:
    entry = OTHER | {"issuer": "https://abc.supabase.co/auth/v1"}

    with pytest.raises(LaneError, match="has an entry already"):
        read(supabase_url="https://abc.supabase.co", others=listed(entry))


def test_is_read_from_a_file_as_it_is_written_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"AUTH_ISSUERS={lanes.GOOD_ISSUERS}\n")

    said = env.read_file(tmp_path / ".env")["AUTH_ISSUERS"]

    assert read(others=said)[0].audience == "signupassist"


def test_stops_the_start_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_JWT_SECRET", "canary")

    said = refusal()

    assert said.startswith("SUPABASE_JWT_SECRET is shorter than 32 ")
    assert "canary" not in said
    assert "\n" not in said

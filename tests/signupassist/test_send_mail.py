"""Mail goes where EMAIL_URL says…"""

import pytest

from signupassist import env, mails

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("url", "reaches"),
    [
        ("", False),
        ("consolemail://", False),
        ("smtp+tls://user:password@mail.example.org:587", True),
        ("memorymail://", True),  # the suite's stands for a server
    ],
)
def test_and_what_is_printed_reaches_no_parent(url: str, reaches: bool) -> None:
    mail = mails.read(url)

    assert mails.reaches_parents(mail) is reaches
    assert all(name.startswith("EMAIL_") for name in mail)


@pytest.mark.parametrize("url", ["smtp://host:port", "carrier-pigeon://", "no address"])
def test_or_the_start_is_refused(url: str) -> None:
    with pytest.raises(env.SettingsError, match=r"^EMAIL_URL cannot be understood\. Good: "):
        mails.read(url)

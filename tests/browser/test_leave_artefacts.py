"""What a failed test leaves of its pages…"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import artefacts

pytestmark = pytest.mark.once

PAGE = """<!doctype html><html><head><meta name="csrf-token" content="S3CRET"></head><body>
<p>Here is where it failed.</p><input type="hidden" name="csrfmiddlewaretoken" value="S3CRET">
<input type="password" value="S3CRET"><code class="secret">S3CRET</code>
<input name="password" type="text" value="S3CRET"><a href="otpauth://totp/x?secret=S3CRET">app</a>
<ul class="recovery-codes"><li>S3CRET</li></ul><img class="qr" alt="" src="data:,S3CRET">
</body></html>"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are left during this test."""
    monkeypatch.setenv("SCREENSHOTS", str(tmp_path / "left"))
    return tmp_path / "left"


@pytest.fixture
def page(chromium: Browser) -> Page:
    """A page with a secret in each place where there may be one."""
    page = chromium.new_page()
    page.set_content(PAGE)
    return page


def test_shows_them_without_their_secrets(page: Page, folder: Path) -> None:
    picture, html = artefacts.leave(page, "failed: test_of[something]")
    page.context.close()

    assert picture.parent == html.parent == folder
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Here is where it failed." in html.read_text()
    assert "S3CRET" not in html.read_text()


def test_is_gone_once_the_test_passes_again(page: Page, folder: Path) -> None:
    artefacts.keep(page, "walk")
    artefacts.leave(page, "failed-test[1]")
    page.context.close()

    artefacts.forget("failed-test[1]")

    assert [file.suffix for file in folder.iterdir()] == [".png"]
    assert next(folder.iterdir()).name.startswith("walk-")

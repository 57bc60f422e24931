"""The machine's Chromium, without what would ask the network or draw anew what nobody asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests import requirements_of_machine

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the browser for the length of a `with` block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=requirements_of_machine.chromium(), args=FLAGS
        )
        yield browser
        browser.close()

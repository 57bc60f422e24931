"""`python -m tests.browser.pictures` makes the pictures in docs/images; script/screenshots calls it.

The product runs from a copy of itself, so that a developer's `var/` and `.env` have no part in it:
on the sample tools, with the demo people, and made-up signups in the two weeks before. Windows, names
and clock zone are fixed; what differs from run to run are times and ids alone.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests import processes, requirements_of_machine, suite
from tests.browser import steps
from tests.browser.chromium import launched
from tests.browser.steps import Finger, Walk
from tests.scripts import checkout

IMAGES = checkout.ROOT / "docs" / "images"
PICTURES = (
    "chat.png",
    "chat-phone.png",
    "trail.png",
    "console-dashboard.png",
    "console-timeline.png",
    "api-docs.png",
)
SEALED_WITHIN = 90  # seconds: then the worker has sealed and counted everything
PAST = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from audit import sealing_run
from orchestrator import demo
family = User.objects.create_user("family@example.com")
log, now = sealing_run.configured(), timezone.now()
whole = len(demo.STORY)
for day in range(13, 0, -1):
    for number in range(2 + day * 5 % 4):
        until = now - timedelta(days=day, hours=3 - number)
        rows = (whole, whole, 9, whole, 13)[(day + number) % 5]  # not everybody goes to the end
        demo.write(demo.story(family.pk, rows, until=until), log)
"""


def main(arguments: list[str]) -> int:
    """Return 0 once all pictures are made; otherwise none is changed."""
    argparse.ArgumentParser(
        prog="script/screenshots",
        description="Make the pictures that README.md and docs/ show, in docs/images, all or none.",
        epilog="They are: "
        + "  ".join(PICTURES)
        + "\nIt takes about a minute, and needs Chromium.",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # breaks no name at its hyphen
    ).parse_args(arguments)
    processes.stop_on_signals()
    if requirements_of_machine.missing("browser"):
        suite.install(suite.BROWSER.split())
    if lacking := requirements_of_machine.missing("browser"):
        print(f"script/screenshots needs a browser: {lacking}", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="signupassist-pictures-") as home:
            made = make(Path(home))
            IMAGES.mkdir(exist_ok=True)
            for picture in made:
                shutil.copyfile(picture, IMAGES / picture.name)
                print(f"docs/images/{picture.name}: {picture.stat().st_size // 1024} kB")
    except KeyboardInterrupt:
        print("No picture was changed.", file=sys.stderr)
        return 130
    return 0


def make(home: Path) -> list[Path]:
    """Return the pictures, made in this folder."""
    product = checkout.copy_to(home / "product")
    server = checkout.Server(product)
    try:
        server.wait_until_ready()
        subprocess.run(
            [product / ".venv/bin/python", "manage.py", "shell", "-v", "0", "-c", PAST],
            cwd=product,
            env=checkout.environment(product),
            check=True,
        )
        people = json.loads((product / "var" / "demo.json").read_text())
        with launched() as browser:
            photographer = Photographer(browser, f"http://127.0.0.1:{server.port}", home)
            photographer.take_all(people)
    finally:
        server.stop(signal.SIGTERM)
    return [home / name for name in PICTURES]


class Photographer:
    """Somebody who walks the product with a camera."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self.browser = browser
        self.url = url
        self.folder = folder

    def take_all(self, people: dict[str, dict[str, str]]) -> None:
        """Take every picture, in the order of the story that they tell."""
        with self.window("/", people["parent"]) as parent:
            walk = Walk(parent)
            walk.to_the_confirmation()
            self.take(parent, "chat.png")
            with self.window("/", people["parent"], phone=True) as phone:
                Walk(phone, hands=Finger()).at("Confirm")
                phone.get_by_role("button", name="Confirm registration").evaluate(
                    "each => each.scrollIntoView({ block: 'end' })"
                )
                self.take(phone, "chat-phone.png")
            walk.confirm()
            walk.at("Done")
            [signup, *_] = parent.request.get("/api/v1/sessions").json()["results"]
            parent.goto("/mandates-audit")
            self.take(parent, "trail.png")
        with self.window("/admin/", people["staff"]) as desk:
            self.wait_until_all_is_well(desk)
            self.take(desk, "console-dashboard.png")
            desk.goto(f"/admin/audit/mandateaudit/timeline/{signup['id']}/")
            self.take(desk, "console-timeline.png")
            desk.goto("/api/docs")
            action = desk.locator("#operations-sessions-sessions_action")
            action.locator(".opblock-summary-control").click()
            expect(action.locator("tr.response").first).to_be_visible()
            action.evaluate("each => each.scrollIntoView()")
            self.take(desk, "api-docs.png")

    @contextmanager
    def window(self, path: str, person: dict[str, str], *, phone: bool = False) -> Iterator[Page]:
        """Open a window in which this person is logged in and sees the page at this path."""
        with self.browser.new_context(
            base_url=self.url,
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
            device_scale_factor=1.5 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="America/Chicago",
        ) as window:
            page = window.new_page()
            page.goto(f"/auth?next={path}")
            steps.log_in(page, person["email"], person["password"])
            yield page

    def take(self, page: Page, name: str) -> None:
        """Take a picture of what is in sight."""
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=self.folder / name, animations="disabled", caret="hide")

    def wait_until_all_is_well(self, dashboard: Page) -> None:
        """Wait until the dashboard finds nothing to do: the worker is up, and all is sealed."""
        until = time.monotonic() + SEALED_WITHIN
        while dashboard.get_by_text("All is well").count() == 0 and time.monotonic() < until:
            dashboard.wait_for_timeout(1_000)
            dashboard.reload()
        expect(dashboard.get_by_text("All is well")).to_be_visible()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What is written down is true: settings, commands, paths, errors, names, files and links…"""

import re
import subprocess
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import SHOWN_AS
from orchestrator.flow.rules import RULES
from signupassist import env

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
APPS = {"audit", "accounts", "credentials", "sessions_store", "orchestrator", "signupassist"}
SOURCES = [*sorted(APPS), "benchmarks", "deploy", "script", "static", "templates", "tests"]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Names of others: of PostgreSQL, of packages' tables, of the old service; and of what a page makes up.
NOT_OURS = {
    *(
        "archive_command",
        "pg_basebackup",
        "pg_cron",
        "pg_dump",
        "pg_monitor",
        "pg_net",
        "synchronous_standby_names",
    ),
    *("account_emailaddress", "mfa_authenticator"),
    *("django_admin_log", "django_q_", "django_q_ormq", "django_session", "dns_sd_configs"),
    *("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "service_role", "verify_jwt"),
    *("cleanup_expired_checkout_sessions", "swim_tools", "test_swim_tools"),
}
PATHS_OF_OTHERS = {"/mcp", "/tools", "/tools/call"}
NO_ROUTES = {"/healthz", "/readyz", "/metrics"}  # answered before any
ENDS_OF_PATHS = {"/messages", "/actions"}


def read(name: str) -> str:
    return (ROOT / name).read_text()


def said_in(page: Path) -> list[str]:
    """Return what stands between backticks, without blocks."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def options_of(command: str) -> list[set[str]]:
    """Return the options that a command takes besides Django's own, each in all its spellings."""
    app = get_commands()[command]
    there = app if isinstance(app, BaseCommand) else load_command_class(app, command)
    parsers: list[ArgumentParser] = [there.create_parser("manage.py", command)]
    found = []
    for parser in parsers:
        found += [set(action.option_strings) for action in parser._actions]
        for action in parser._actions:
            if isinstance(action, _SubParsersAction):
                parsers += action.choices.values()
    of_all = BaseCommand().create_parser("manage.py", "any")._option_string_actions
    return [spellings for spellings in found if spellings - set(of_all)]


def test_every_setting_stands_in_the_example() -> None:
    said = set(re.findall(r"^([A-Z_]+)=", read(".env.example"), re.MULTILINE))
    assert said == env.NAMES


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    table = read("docs/operations.md").partition("### Every variable")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == env.NAMES


def test_every_command_stands_in_the_operators_guide_with_its_options() -> None:
    guide = read("docs/operations.md")
    ours = [name for name, app in get_commands().items() if app in APPS]
    assert ours
    for name in ours:
        rows = "".join(row for row in guide.splitlines() if f"| `manage.py {name}" in row)
        assert rows, name
        assert [
            spellings for spellings in options_of(name) if not any(one in rows for one in spellings)
        ] == [], name


def test_every_command_that_is_shown_can_be_given() -> None:
    shown = {
        (page.name, *command)
        for page in PAGES
        for command in re.findall(r"manage\.py ([a-z_]\w*)([^`\n#;&]*)", page.read_text())
    }
    assert shown
    assert [one for one in shown if one[1] not in get_commands()] == []
    for page, command, rest in shown:
        given = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest)) - {"--verbosity"}
        assert given <= set[str]().union(*options_of(command)), (page, command)


def test_every_module_and_script_that_is_run_is_there() -> None:
    for page in PAGES:
        for module in re.findall(
            r"python -m ((?:benchmarks|deploy|tests|signupassist)[\w.]*)", page.read_text()
        ):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), (
                page.name,
                module,
            )


def test_every_path_stands_in_the_api_guide() -> None:
    def paths(resolver: URLResolver, prefix: str = "") -> list[str]:
        found = []
        for one in resolver.url_patterns:
            here = f"{prefix}{one.pattern}"
            if isinstance(one, URLPattern):
                found.append(here)
            elif not here.startswith("admin/"):
                found += paths(one, here)
        return found

    guide = read("docs/api.md")
    ours = {re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path in paths(get_resolver())}
    assert [path for path in sorted(ours) if path.startswith("api/") and path not in guide] == []


def test_every_path_that_is_named_leads_somewhere() -> None:
    path = re.compile(r"(?:(?:GET|POST|DELETE) )?((?:/|api/)[\w/.{}-]*)")
    named = {found[1] for page in PAGES for one in said_in(page) if (found := path.fullmatch(one))}
    for one in sorted(named - PATHS_OF_OTHERS - NO_ROUTES - ENDS_OF_PATHS):
        address = "/" + re.sub(r"\{\w+\}", str(UUID(int=1)), one).lstrip("/")
        if not ((ROOT / one.lstrip("/")).is_file() or Path(one).is_dir()):  # or the system's own
            assert resolve(address).route != "^api/", f"{one} is no path of ours"


def test_every_error_and_action_stands_in_the_api_guide() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.+) \|$", read("docs/api.md"), re.MULTILINE)
    told = {code: (int(status), sentence) for code, status, sentence in rows}
    assert told == {
        code: (entry.status, entry.sentence)
        for code, entry in CATALOGUE.items()
        if code not in SHOWN_AS
    }
    assert [action for action in RULES if f"`{action}" not in read("docs/api.md")] == []


def test_every_table_stands_in_the_picture_of_the_data() -> None:
    ours = {model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()}
    page = read("docs/architecture.md")
    assert [table for table in sorted(ours) if f"`{table}`" not in page] == []


def test_every_table_of_ours_stands_among_what_lies_in_clear() -> None:
    ours = {model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()}
    _, _, after = read("SECURITY.md").partition("## What lies in clear")
    told, _, _ = after.partition("\n## ")
    assert [table for table in sorted(ours) if f"`{table}`" not in told] == []


def test_every_name_of_something_of_ours_is_in_the_code() -> None:
    files = [
        path
        for folder in SOURCES
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    ]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".md"]
    known = set(NOT_OURS)
    for path in files:
        if path.suffix not in {".mo", ".png", ".woff2", ".gz"} and path != Path(__file__):
            known |= {path.stem, *re.findall(r"\w+", path.read_text(errors="replace"))}
    for page in PAGES:
        named = {
            word for one in said_in(page) for word in re.findall(r"\w*[a-z]_\w+|[A-Z]+_\w+", one)
        }
        assert sorted(named - known) == [], page.name


def test_every_file_that_is_named_is_there() -> None:
    file = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|md|js|css|html|yml|yaml|json|sh|po|toml)")
    for page in PAGES:
        for name in filter(file.fullmatch, said_in(page)):
            if name.startswith("var/"):
                continue  # made by running it
            homes = [ROOT, page.parent, *(ROOT / app for app in APPS)]
            homes += [ROOT / "orchestrator" / part for part in ("services", "submissions")]
            assert any((home / name).exists() for home in homes), f"{page.name}: {name}"


def test_every_link_leads_somewhere() -> None:
    def places(page: Path) -> set[str]:
        titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    for page in PAGES:
        for link in re.findall(r"\]\(([^): ]+)\)", page.read_text()):
            target, _, place = link.partition("#")
            file = (page.parent / target) if target else page
            assert file.exists(), f"{page.name}: {link}"
            assert not place or place in places(file), f"{page.name}: {link}"


def test_every_page_is_found_from_the_first() -> None:
    found = [ROOT / "README.md"]
    for page in found:
        for target in re.findall(r"\]\(([^)#: ]+)", page.read_text()):
            linked = (page.parent / target).resolve()
            pages = set(PAGES) & ({*linked.glob("*.md")} if linked.is_dir() else {linked})
            found += sorted(pages - {*found})
    assert sorted(set(PAGES) - set(found)) == []


def test_nothing_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git checkout to look through")
    traces = re.compile(rb"/(?:root|home)/[a-z]|index-url|find-links|files\.pythonhosted")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.name != Path(__file__).name:
            assert not traces.search(path.read_bytes()), name

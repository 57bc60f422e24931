"""`python -m tests.upkeep.secret_scan` looks for secrets in what is, or could next be, committed.

It ends with 1 and names file, line and kind where something looks like one; never the thing itself.

Of our own making, since what is kept up needs a binary to be fetched (gitleaks, trufflehog), and
what pip has (detect-secrets) goes by entropy: here that finds thousands of digests in lock files and
test vectors, and a long list of exceptions hides the one that matters. This knows the shapes of keys,
and of values under the names of secrets; readable ones (`the suite signs with this`) are nobody's.
"""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.environments import ROOT

SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[\w+/=]{16}",
    "a key of a known service": (
        r"\b(?:AKIA[0-9A-Z]{16}|AIza[\w-]{30,}"
        r"|(?:gh[opsur]_|github_pat_|glpat-|npm_|pypi-|sk-|sk_live_|rk_live_|xox[abprs]-)[\w-]{20,})"
    ),
    "a token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}",
    "a password in a URL": (  # of a host that can be (RFC 2606)
        r"\b[a-z][a-z0-9+]*://[^\s/:@\"'`<>{}$\\]+:[^\s/:@\"'`<>{}$\\]{6,}@"
        r"(?![\w.-]*\.(?:example|invalid|test)\b)"
    ),
    "a hashed password": (
        r"\$(?:argon2id?\$v=|2[aby]\$\d\d\$)[\w$,=./+]{30,}"
        r"|pbkdf2_sha256\$\d+\$\w+\$[\w+/=]{20,}"
    ),
    "a key of 32 bytes": r"(?<![\w+/-])[\w+/-]{43}=(?![\w=])",
    "a value under a secret's name": (
        r"(?i:(?:key|secret|token|password|passwd)\w*[\"']?\s*[:=]\s*[\"']?)"
        r"(?P<value>[0-9a-f]{32,}|[\w+/-]{40,}={0,2})(?![\w-])"
    ),
}
PATTERN = re.compile(
    "|".join(f"(?P<k{place}>{shape})" for place, shape in enumerate(SHAPES.values()))
)
KINDS = list(SHAPES)
# what people write who mean nobody's secret
EXAMPLE = re.compile(
    r"abcdef|012345|canary|password|example|placeholder|\b(\w)\1{7}", re.IGNORECASE
)
# published, and full of digests and test keys
PUBLISHED = (
    "requirements.txt",
    "requirements-dev.txt",
    "tests/vectors/",
    "tests/upkeep/requirements-audit.txt",
    "tests/servers/sdk/requirements-1x.txt",
    "benchmarks/requirements-langgraph.txt",
)
LARGEST = 4_000_000  # bytes; nothing of ours is


@dataclass(frozen=True)
class Find:
    """What looks like a secret."""

    place: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.kind}"


def files(root: Path = ROOT) -> list[str]:
    """Return what is tracked, or would be by `git add`; without git, whatever is not hidden."""
    command = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return sorted(_all(root))
    return sorted(name for name in said.split("\0") if name)


def _all(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        name = path.relative_to(root)
        if path.is_file() and name.parts[0] not in (".venv", ".git", "var"):
            yield str(name)


def scan(names: list[str], root: Path = ROOT) -> Iterator[Find]:
    """Yield what looks like a secret in these files."""
    for name in names:
        path = root / name
        if name.startswith(PUBLISHED) or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for found in PATTERN.finditer(text):
            if not _is_nobodys(found):
                line = text.count("\n", 0, found.start()) + 1
                kind = next(KINDS[place] for place in range(len(KINDS)) if found[f"k{place}"])
                yield Find(name, line, kind)


def _is_nobodys(found: re.Match[str]) -> bool:
    value = found["value"] or found[0]
    return bool(EXAMPLE.search(value)) or _is_readable(value)


def _is_readable(value: str) -> bool:
    """Say whether somebody wrote this, in words or a code of words: no key is drawn like that."""
    if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", value):
        return True  # the name of a function
    for decode in (bytes.fromhex, partial(base64.b64decode, validate=True)):
        with suppress(ValueError):
            return decode(value).decode("ascii").isprintable()
    return False


def main() -> int:
    """Return 1 if something was found, else 0."""
    found = list(scan(files()))
    for one in found:
        print(one)
    if found:
        print("If it is nobody's, write it so that a reader sees that, too.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

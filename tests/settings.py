"""The suite's own world: no developer's `.env` and no `var/` reaches it."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
for line in EXAMPLE.read_text().splitlines():
    name, is_assignment, _ = line.removeprefix("# ").partition("=")
    if is_assignment and name.isupper():
        os.environ[name] = ""  # set but empty: neither `.env` nor `var/` can fill it

PG = os.environ.get("TEST_DATABASE_URL", "")
_home = tempfile.mkdtemp(prefix="signupassist-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ |= {
    "DEBUG": "false",
    "SECRET_KEY": "the suite signs with this, and nobody else ever does",
    "CRED_SEAL_KEY": "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
    "AUDIT_SIGNING_KEY": "c2VhbHMgdGhlIHN1aXRlcyBsZWRnZXIsIG5vIG1vcmU=",
    "DATABASE_URL": PG or f"sqlite:///{_home}/db.sqlite3",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "EMAIL_URL": "memorymail://",
}

from signupassist.settings import *  # noqa: E402, F403
from signupassist.settings import DATABASES, STORAGES  # noqa: E402

if not PG:  # threads need a file: an in-memory database locks whole tables
    DATABASES["default"]["TEST"] = {"NAME": f"{_home}/test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;"  # speed: nobody pulls the plug on a test
    )
DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
STAFF_MFA = False  # tests of the second step turn it on; others are about what comes behind it
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
REQUEST_LIMITS = {}  # tests are quicker than people; those about it set their own

"""Django's settings, all from the environment (see `.env.example` for every variable)."""

from pathlib import Path
from typing import Any

import django_stubs_ext
from corsheaders.defaults import default_headers

from accounts import lanes
from audit import log_keys, notes
from credentials import keyring
from signupassist import databases, env, languages, logs, mails

django_stubs_ext.monkeypatch()  # lets classes like ModelAdmin[Model] be written at run time

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env.load_files(BASE_DIR)

# --- The basics -----------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret(
    "SECRET_KEY", required=True, good="<the output of: openssl rand -base64 48>"
)
if not DEBUG and (len(SECRET_KEY) < 32 or len(set(SECRET_KEY)) < 5):
    raise env.SettingsError(
        "SECRET_KEY is too easy to guess. Good: SECRET_KEY=<the output of: openssl rand -base64 48>"
    )
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
if "*" in ALLOWED_HOSTS and not DEBUG:  # our mails hold links to the host that was asked for
    raise env.SettingsError(
        "ALLOWED_HOSTS takes any host, which is for development (DEBUG=true) alone. "
        "Good: ALLOWED_HOSTS=app.example.org"
    )
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (
    *default_headers,
    "if-match",
    "idempotency-key",
    "traceparent",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Retry-After",
    "X-Request-ID",
    "X-SCP-Source",
]
NUM_PROXIES = env.number("NUM_PROXIES", 0, low=0, high=10)
PORT = env.number("PORT", 8000, low=1, high=65535)

INSTALLED_APPS = [
    "signupassist.console.ConsoleConfig",  # Django's admin
    "accounts",  # before Django's, so that its commands go before theirs
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "audit",
    "credentials",
    "sessions_store",
    "orchestrator",
    "signupassist",
]

MIDDLEWARE = [
    "signupassist.middleware.RequestIdMiddleware",
    "signupassist.middleware.HeadMiddleware",
    "signupassist.metrics.requests.RequestMetricsMiddleware",
    "signupassist.middleware.HeadersMiddleware",
    "signupassist.middleware.ClientAddressMiddleware",
    "signupassist.middleware.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "signupassist.middleware.PlausibleRequestMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.middleware.RequestLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "signupassist.middleware.TypedSecretsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LoginAgeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "signupassist.middleware.NotFoundMiddleware",
]

ROOT_URLCONF = "signupassist.urls"
WSGI_APPLICATION = "signupassist.wsgi.application"
APPEND_SLASH = False  # paths are a contract: /auth and /auth/ are two different things
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["django.templatetags.i18n"],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------

DATABASES = {"default": databases.read(f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise env.SettingsError("REDIS_URL cannot be understood. Good: REDIS_URL=redis://host:6379/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL  # shared between processes either way: limits must hold across all of them
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # so that a flood of names pushes no counter out
    }
}

# Tasks are delivered at least once, by Redis at most once. timeout < retry, or a slow job would run
# twice at a time; three workers: one is always sealing, and a long clean-up holds nothing up.
Q_CLUSTER: dict[str, Any] = {
    "name": "signupassist",
    "workers": 3,
    "timeout": 300,
    "retry": 360,
    "max_attempts": 3,
    "ack_failures": False,
    "catch_up": False,
    "poll": 0.5,
    "guard_cycle": 2,  # each writes the worker's state to the cache: half a second was too often
    "bulk": 1,
    "queue_limit": 1,  # what is taken waits in memory, and its `retry` is running
    "save_limit": 50,  # all of them are read at each result
    "save_limit_per": "func",
    "recycle": 100_000,
    "label": "Background tasks",
    "time_zone": "UTC",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# --- Who is asking --------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# an e-mail is unique among the accounts that log in with it
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SUPABASE_JWT_SECRET = env.secret("SUPABASE_JWT_SECRET", required=False, good="")
try:
    AUTH_LANES = lanes.read(
        supabase_url=env.text("SUPABASE_URL"),
        supabase_secret=SUPABASE_JWT_SECRET,
        others=env.text("AUTH_ISSUERS"),
        strict=not DEBUG,
    )
except lanes.LaneError as error:
    raise env.SettingsError(str(error)) from None
LOGIN_URL = "/auth"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_FORMS = {"signup": "accounts.forms.SignUpForm"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/auth"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {  # what fails is what is limited; good log-ins come often from one address
    "login": "300/m/ip",
    "login_failed": "20/m/ip,5/300s/key",
    "signup": "60/m/ip",
    "second_factor": "5/300s/key,30/d/key",  # refused codes of one person
    "reset_password": "20/m/ip,3/h/key",
}
PASSWORD_RESET_TIMEOUT = 60 * 60
REQUESTS_PER_MINUTE = env.number("REQUESTS_PER_MINUTE", 600, low=60, high=60_000)
REQUEST_LIMITS = {  # of any kind, within a minute
    "person": REQUESTS_PER_MINUTE,
    "address": 5 * REQUESTS_PER_MINUTE,  # a whole school may stand behind one
    "doors": REQUESTS_PER_MINUTE // 2,  # of one address, to the log-in pages
}
MFA_ADAPTER = "signupassist.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "SignupAssist"
STAFF_MFA = env.choice("STAFF_MFA", "on", ("on", "off")) == "on"
if not (STAFF_MFA or DEBUG):
    raise env.SettingsError(
        "STAFF_MFA is off, which is for development (DEBUG=true) alone. Good: STAFF_MFA=on"
    )
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token in a <meta>
CSRF_FAILURE_VIEW = "signupassist.pages.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

if not DEBUG:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    MESSAGE_STORAGE = "signupassist.cookies.HostMessages"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if NUM_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# --- Secrets of parents ---------------------------------------------------------------------------

CRED_SEAL_KEY = env.secret("CRED_SEAL_KEY", required=False, good="")
CRED_SEAL_KEY_FILE = env.text("CRED_SEAL_KEY_FILE")
REVEALS_PER_HOUR = env.number("REVEALS_PER_HOUR", 20, low=0, high=1000)

# --- The ledger -----------------------------------------------------------------------------------

AUDIT_ORIGIN = env.text("AUDIT_ORIGIN", "localhost/mandate-audit")
try:  # the private key is the worker's alone, the public one everybody's
    AUDIT_SIGNERS = log_keys.signers(
        env.secret("AUDIT_SIGNING_KEY", required=False, good=""), AUDIT_ORIGIN
    )
    AUDIT_VERIFIERS = log_keys.verifiers(env.text("AUDIT_VERIFY_KEY"), AUDIT_SIGNERS)
except log_keys.LogKeyError as error:
    raise env.SettingsError(str(error)) from None
except notes.NoteError:
    raise env.SettingsError(
        "AUDIT_ORIGIN is no name without spaces. Good: AUDIT_ORIGIN=app.example.org/mandate-audit"
    ) from None
AUDIT_CHECKPOINT_FILE = env.text(
    "AUDIT_CHECKPOINT_FILE", str(VAR_DIR / "audit-checkpoints") if DEBUG else ""
)

# --- Provider tools -------------------------------------------------------------------------------

USE_REAL_MCP = env.flag("USE_REAL_MCP", default=False)
MCP_SERVER_URL = env.url(
    "MCP_SERVER_URL",
    env.text("MCP_SERVER_URL", "http://localhost:8080"),
    good="http://localhost:8080",
)
MCP_ACCESS_TOKEN = env.secret("MCP_ACCESS_TOKEN", required=False, good="")
MCP_TRANSPORT = env.choice("MCP_TRANSPORT", "auto", ("auto", "tools-call", "streamable-http"))
MCP_TIMEOUT_SECONDS = env.number("MCP_TIMEOUT_SECONDS", 30, low=1, high=60)
MCP_MAX_RETRIES = env.number("MCP_MAX_RETRIES", 3, low=0, high=3)
MCP_FALLBACK = {"auto": DEBUG, "on": True, "off": False}[
    env.choice("MCP_FALLBACK", "auto", ("auto", "on", "off"))
]
SESSION_TTL_HOURS = env.number("SESSION_TTL_HOURS", 24, low=1, high=24 * 7)

# --- The language model, if any --------------------------------------------------------------------

OPENAI_API_KEY = env.sent_secret("OPENAI_API_KEY", good="sk-…")
OPENAI_BASE_URL = env.url(
    "OPENAI_BASE_URL",
    env.text("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    good="https://api.openai.com/v1",
)
OPENAI_MODEL = env.text("OPENAI_MODEL", "gpt-6-luna")

# --- The map, where the tools know no such provider ------------------------------------------------

GOOGLE_PLACES_API_KEY = env.sent_secret("GOOGLE_PLACES_API_KEY", good="AIza…")
GOOGLE_PLACES_BASE_URL = env.url(
    "GOOGLE_PLACES_BASE_URL",
    env.text("GOOGLE_PLACES_BASE_URL", "https://places.googleapis.com"),
    good="https://places.googleapis.com",
)

# --- The API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.JWTAuthentication",  # first: it decides that a 401 is a 401
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.PersonThrottle"],
    "DEFAULT_PARSER_CLASSES": ["signupassist.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "orchestrator.openapi.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "orchestrator.errors.handle",
    "NUM_PROXIES": NUM_PROXIES,
    "URL_FORMAT_OVERRIDE": None,  # ?format= belongs to the export
    "ALLOWED_VERSIONS": ["1"],  # ?version= names the schema's file
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SignupAssist",
    "DESCRIPTION": "A responsible delegate that signs children up for activities.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/favicon.svg",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "orchestrator.api_problems.with_examples",
    ],
}

# --- Pages, mail, logs ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.known(LOCALE_PATHS[0])
FORMAT_MODULE_PATH = ["signupassist.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

_mail = mails.read(env.text("EMAIL_URL"))
MAILS_PARENTS = mails.reaches_parents(_mail)
vars().update(_mail)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "SignupAssist <no-reply@localhost>")
if "@" not in DEFAULT_FROM_EMAIL:
    raise env.SettingsError(
        "DEFAULT_FROM_EMAIL is no address. Good: DEFAULT_FROM_EMAIL=no-reply@example.org"
    )

METRICS_TOKEN = env.sent_secret("METRICS_TOKEN", good="<openssl rand -hex 32>")
WORKER_METRICS_PORT = env.number("WORKER_METRICS_PORT", 0, low=0, high=65535)
LOG_FORMAT = env.choice("LOG_FORMAT", "console" if DEBUG else "json", ("console", "json"))
LOGGING = logs.config(LOG_FORMAT)
logs.install()
DEFAULT_EXCEPTION_REPORTER = "signupassist.reports.Report"

# --- The keys, last: they are held against all that was read --------------------------------------

_read = env.values(but={"AUDIT_SIGNING_KEY"})
for _key in env.words("AUDIT_SIGNING_KEY"):
    if _secret := keyring.is_also(_key, _read):
        raise env.SettingsError(
            f"AUDIT_SIGNING_KEY holds a key that is {_secret}, too. Good: {log_keys.GOOD}"
        )
try:
    CRED_SEAL_RING = keyring.load(  # for as long as the process runs, whatever becomes of the file
        CRED_SEAL_KEY,
        CRED_SEAL_KEY_FILE,
        other_secrets=env.values(but={"CRED_SEAL_KEY", "CRED_SEAL_KEY_FILE"}),
    )
except keyring.KeyRingError as error:
    raise env.SettingsError(str(error)) from None

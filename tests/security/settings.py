"""Production's own settings, as they are, but for the neighbours that an answer would need."""

from signupassist.settings import *  # noqa: F403
from signupassist.settings import STORAGES

CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
REQUEST_LIMITS = {}
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

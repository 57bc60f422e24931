"""Counting log-in attempts in the database…"""

import pytest
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.test import RequestFactory
from pytest_django import Settings

from accounts.adapter import AccountAdapter


def test_finds_the_table_that_the_migrations_made(db: None) -> None:
    cache = DatabaseCache("django_cache", {})

    cache.set("attempts", [1, 2], 60)

    assert "django_cache" in connection.introspection.table_names()
    assert cache.get("attempts") == [1, 2]


@pytest.mark.once
@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "10.0.0.9"), (1, "203.0.113.7"), (2, "198.51.100.2")]
)
def test_goes_by_the_address_that_the_trusted_proxies_name(
    rf: RequestFactory, settings: Settings, proxies: int, address: str
) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    request = rf.post(
        "/auth", REMOTE_ADDR="10.0.0.9", headers={"x-forwarded-for": "198.51.100.2, 203.0.113.7"}
    )

    assert AccountAdapter().get_client_ip(request) == address

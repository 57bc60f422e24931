"""Staff with a role, as the migration makes it."""

from importlib import import_module
from types import SimpleNamespace

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import User

migration = import_module("signupassist.migrations.0001_roles")


def staff_with(*roles: str, email: str = "kim@example.com") -> User:
    """Return a new person of the staff with these roles, and no other right."""
    user = User.objects.create_user(email, "a staff pass phrase", is_staff=True)
    user.groups.set([group(role) for role in roles])
    return user


def group(role: str) -> Group:
    """Return the role's group, which a flush of an earlier test may have taken away."""
    if not Group.objects.filter(name=role).exists():
        migration.make_roles(apps, SimpleNamespace(connection=connection))
    return Group.objects.get(name=role)

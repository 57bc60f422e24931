"""What each role of the staff may do. Nobody gets a right but through one of them."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "auditor": {
        "audit": ["view_mandateaudit", "export_mandateaudit"],
        "credentials": ["view_storedcredential"],
    },
    "support": {
        "accounts": ["view_user", "disable_user"],
        "sessions_store": [
            "view_agenticcheckoutsession",
            "end_agenticcheckoutsession",
            "view_jobrun",
        ],
        "orchestrator": ["view_registrationsubmission", "resolve_registrationsubmission"],
        "django_q": ["view_schedule", "view_success", "view_failure", "view_ormq"],
    },
}


def make_roles(apps: Any, schema_editor: Any) -> None:
    """Give each role these rights and no others; rights that are not there yet are made first."""
    using = schema_editor.connection.alias
    for app in {app for rights in RIGHTS.values() for app in rights}:
        # Django makes them only after the last migration, which is too late here
        create_permissions(installed.get_app_config(app), verbosity=0, using=using, apps=apps)
    groups = apps.get_model("auth", "Group").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for role, rights in RIGHTS.items():
        wanted = [
            permissions.get(content_type__app_label=app, codename=name)
            for app, names in rights.items()
            for name in names
        ]
        groups.get_or_create(name=role)[0].permissions.set(wanted)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
        ("audit", "0003_rights"),
        ("accounts", "0004_rights"),
        ("credentials", "0002_reveal_budgets"),
        ("sessions_store", "0003_rights"),
        ("orchestrator", "0004_rights"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop, elidable=False)]

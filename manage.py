#!/usr/bin/env python
"""The operators' door: `python manage.py <command>`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")

    try:
        from django.conf import settings
    except ImportError:
        sys.exit("This Python has no Django. Run: .venv/bin/python manage.py …")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError

    try:
        settings.INSTALLED_APPS  # noqa: B018  read the settings now: a bad value ends here, in one line
    except ImproperlyConfigured as error:
        sys.exit(f"SignupAssist cannot start: {error}")
    try:
        execute_from_command_line(sys.argv)
    except (InterfaceError, OperationalError) as error:
        from audit.printing import DATABASE_FAILED, reason_of

        if "--traceback" in sys.argv:
            raise
        print(f"The database failed ({reason_of(error)}).", file=sys.stderr)
        sys.exit(DATABASE_FAILED)


if __name__ == "__main__":
    main()

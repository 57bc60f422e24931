#!/usr/bin/env python
"""The operators' door: `python manage.py <command>`."""

import gc
import os
import sys

NO_RIGHT = "42501"  # PostgreSQL's word for it


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")
    gc.disable()  # until all is loaded (signupassist.apps): nothing of it is garbage

    try:
        from django.conf import settings
    except ImportError:
        sys.exit("This Python has no Django. Run: .venv/bin/python manage.py …")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError, ProgrammingError

    try:
        settings.INSTALLED_APPS  # noqa: B018  read the settings now: a bad value ends here, in one line
    except ImproperlyConfigured as error:
        sys.exit(f"SignupAssist cannot start: {error}")
    try:
        execute_from_command_line(sys.argv)
    except ProgrammingError as error:
        if "--traceback" in sys.argv or getattr(error.__cause__, "sqlstate", "") != NO_RIGHT:
            raise
        print("This login may not do that: give commands DATABASE_OWNER_URL.", file=sys.stderr)
        sys.exit(2)
    except (InterfaceError, OperationalError) as error:
        from audit.printing import DATABASE_FAILED, reason_of

        if "--traceback" in sys.argv:
            raise
        print(f"The database failed ({reason_of(error)}).", file=sys.stderr)
        sys.exit(DATABASE_FAILED)


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""The operators' door: `python manage.py <command>`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018  read the settings now: a bad value ends here, in one line
    except ImproperlyConfigured as error:
        sys.exit(f"SignupAssist cannot start: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

"""`python -m benchmarks.load [--faults [FAULT …]] [--write]`: see `command`."""

import os
import sys

import django


def main() -> int:
    """Return the exit code, once the settings are read that the parts from the tests need."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from benchmarks.load import command

    return command.main()


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.soak [--kills N] [--kind KIND] [--seed N]`: see `run`."""

import os
import sys

import django


def main() -> int:
    """Return the exit code, once the settings are read that everything else needs."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from tests.soak import run

    return run.main()


if __name__ == "__main__":
    sys.exit(main())

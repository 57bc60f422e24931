"""Why the settings keep the product from starting, without a start: `manage.py` and others print it."""

import runpy

import pytest

from signupassist import env, settings


def refusal() -> str:
    """Return what the settings say as they are read anew, with the environment as it is now."""
    with pytest.raises(env.SettingsError) as refused:
        runpy.run_path(settings.__file__)
    return str(refused.value)

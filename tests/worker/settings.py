"""Production's settings, but for times: a job is given up after seconds instead of minutes."""

from signupassist import settings
from signupassist.settings import *  # noqa: F403

Q_CLUSTER = settings.Q_CLUSTER | {"timeout": 6, "retry": 8}

"""The web server's door: `gunicorn signupassist.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")

GUNICORN_HALT = 3  # gunicorn's WORKER_BOOT_ERROR: it stops instead of restarting workers for ever

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    print(f"SignupAssist cannot start: {error}", file=sys.stderr)
    sys.exit(GUNICORN_HALT)

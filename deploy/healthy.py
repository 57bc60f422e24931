"""`python -I -S deploy/healthy.py`: ends with 0 if the web process in this container answers.

For HEALTHCHECK: the image has no curl, and without Django it costs next to nothing.
"""

import http.client
import os
import sys

SECONDS = 4


def main() -> int:
    """Return 0 if `/healthz` on our own PORT is well, else 1."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("PORT") or "8000"), timeout=SECONDS
    )
    try:
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())

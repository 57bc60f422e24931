# syntax=docker/dockerfile:1
# One image for web, worker, release and commands. To pin the base:
#   docker build --build-arg PYTHON=python:3.11-slim-bookworm@sha256:… -t signupassist .
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
COPY . .
# Settings want secrets; these live for this one command, and no layer keeps them.
RUN DEBUG=false SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    CRED_SEAL_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    python manage.py collectstatic --noinput \
    && python -m compileall -q .

FROM ${PYTHON}
WORKDIR /app
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=false \
    LOG_FORMAT=json \
    PORT=8000 \
    WEB_CONCURRENCY=2
# Volumes begin as this folder is, its owner included.
RUN install -d -o 10001 -g 10001 /checkpoints
# Owned by root, so that whoever gets into the service changes nothing of it.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-S", "deploy/healthy.py"]
# It binds to PORT and starts WEB_CONCURRENCY processes. A tool call may take 30 seconds, and is waited for
# at the end; a connection is kept longer than proxies keep it. Whom to believe about addresses and HTTPS
# is one setting, NUM_PROXIES, and none of gunicorn's.
CMD ["gunicorn", "signupassist.wsgi", "--worker-class", "gthread", "--threads", "4", \
     "--timeout", "60", "--graceful-timeout", "40", "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket", "--forwarded-allow-ips=", "--forwarder-headers", "NONE"]

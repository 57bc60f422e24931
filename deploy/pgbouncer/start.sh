#!/bin/sh
# Writes down who may log in, where nobody else reads it, and becomes PgBouncer.
set -eu
umask 077
printf '"web" "%s"\n"worker" "%s"\n' "$WEB_PASSWORD" "$WORKER_PASSWORD" >/tmp/logins
PATH="$PATH:/usr/sbin" exec pgbouncer /etc/signupassist/pgbouncer.ini

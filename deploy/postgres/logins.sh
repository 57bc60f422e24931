#!/bin/sh
# Makes the database and its logins (docs/operations.md, "Database roles"), as a superuser: once, before
# the first release. PostgreSQL's image does so by itself; elsewhere: PGHOST=… PGUSER=postgres sh logins.sh
set -eu
# psql asks for values by name, so that no password stands on a command line
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-${PGUSER:-postgres}}" --dbname postgres <<'SQL'
\getenv owner OWNER_PASSWORD
\getenv web WEB_PASSWORD
\getenv worker WORKER_PASSWORD
CREATE ROLE signupassist_app NOLOGIN;
CREATE ROLE signupassist_staff NOLOGIN;
CREATE ROLE signupassist_jobs NOLOGIN;
CREATE ROLE signupassist_operator NOLOGIN;
CREATE ROLE owner LOGIN PASSWORD :'owner';
CREATE ROLE web LOGIN NOINHERIT PASSWORD :'web' IN ROLE signupassist_app, signupassist_staff;
CREATE ROLE worker LOGIN NOINHERIT PASSWORD :'worker' IN ROLE signupassist_jobs;
CREATE DATABASE signupassist OWNER owner;
\connect signupassist
ALTER SCHEMA public OWNER TO owner;
SQL

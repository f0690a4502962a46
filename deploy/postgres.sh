#!/usr/bin/env bash
# Runs once, when the database is made: one role and one schema for each service; a role reaches no other schema.
set -euo pipefail
for service in broker_gateway risk order_management positions compliance_audit alerts strategy_runner api_gateway; do
  psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v role="ballast_$service" -v schema="$service" \
    -v password="$(cat "/run/ballast/postgres/postgres_$service")" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
GRANT CONNECT, TEMPORARY ON DATABASE ballast TO :"role";
CREATE SCHEMA :"schema" AUTHORIZATION :"role";
SQL
done
psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE ballast FROM PUBLIC;
SQL

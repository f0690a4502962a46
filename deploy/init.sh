#!/bin/sh
# Fills the secrets volumes on the first start; later starts change nothing. Runs as root in a container of its own.
# Three volumes, so that each reader sees only its own: services, Postgres, Redis.
set -eu
all=/secrets/suite
mkdir -p "$all" /secrets/postgres /secrets/redis
umask 077
secret() {
  [ -s "$all/$1" ] || head -c 32 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_' >"$all/$1"
}
services='broker_gateway risk order_management positions alerts compliance_audit strategy_runner api_gateway'
for name in token redis; do secret $name; done
for service in $services; do
  secret postgres_$service
  cp "$all/postgres_$service" /secrets/postgres/
done
[ -s /secrets/postgres/admin ] || head -c 32 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_' >/secrets/postgres/admin
printf 'bind 0.0.0.0\nprotected-mode yes\nrequirepass %s\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n' \
  "$(cat "$all/redis")" >/secrets/redis/redis.conf
cp "$all/redis" /secrets/redis/password
# The services run as 10001. Postgres and Redis read as users of their own images; their volumes are theirs alone.
chown -R 10001:10001 "$all"
chmod 500 "$all"
chmod 400 "$all"/*
chmod 755 /secrets/postgres /secrets/redis
chmod 444 /secrets/postgres/* /secrets/redis/*

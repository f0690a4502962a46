#!/bin/sh
# Makes the secrets on the first start; later starts only repair who may read them. Runs as root, without a network, in a
# container of its own. Five volumes: what the services read, what Postgres reads, what Redis reads, where the gateway
# keeps sessions and emergency commands, and where the broker gateway keeps its kill switch.
set -eu
suite=/secrets/suite postgres=/secrets/postgres redis=/secrets/redis sessions=/secrets/sessions broker=/secrets/broker
group=10000
umask 077
mkdir -p "$suite" "$postgres" "$redis" "$sessions" "$broker"
chown "10050:$group" "$sessions"
chown "10054:$group" "$broker"
chmod 700 "$sessions" "$broker"
secret() {
  [ -s "$1" ] && return
  head -c 32 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_' >"$1.new"
  mv "$1.new" "$1"
  echo "init: made $(basename "$1")"
}

# Every service runs as a user of its own and reads its own password only.
for service in order_management:10051 risk:10052 positions:10053 broker_gateway:10054 strategy_runner:10055 alerts:10056 \
  compliance_audit:10057 api_gateway:10050; do
  name=${service%:*} user=${service#*:}
  secret "$suite/postgres_$name"
  chown "$user:$group" "$suite/postgres_$name"
  chmod 400 "$suite/postgres_$name"
  cp "$suite/postgres_$name" "$postgres/"
done
secret "$suite/token"
chown "10050:$group" "$suite/token"
chmod 400 "$suite/token"
secret "$suite/redis"
chown "0:$group" "$suite/redis"
chmod 440 "$suite/redis"
chmod 755 "$suite"

# Postgres and Redis read as users of their own images; these two volumes are mounted nowhere else.
secret "$postgres/admin"
cp "$suite/redis" "$redis/password"
printf 'bind 0.0.0.0\nprotected-mode yes\nrequirepass %s\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n' \
  "$(cat "$suite/redis")" >"$redis/redis.conf"
chmod 755 "$postgres" "$redis"
chmod 444 "$postgres"/* "$redis"/*
echo "init: done; the token: docker compose exec api_gateway cat /run/ballast/secrets/token"

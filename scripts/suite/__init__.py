"""Runs the suite on one machine: private Postgres and Redis, eight services, one supervisor."""

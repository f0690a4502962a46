"""A private Postgres and a private Redis on loopback."""
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

from suite import layout as where
from suite.secrets_store import ensure_directory, ensure_secret, write_private


def _postgres_bin():
    for folder in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).parent
    raise SystemExit("run: Postgres is not installed; scripts/setup installs it")


def _as_postgres(command):
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]


# Postgres refuses root, and its own user may not reach a clone below /root: data of suites that root starts is here.
ROOT_HOMES = pathlib.Path("/var/lib/ballast")


def choose_postgres_home(layout):
    """Chooses once for this run directory and writes it down; a name of its own, because a directory that was deleted
    and made again is another one, with other passwords."""
    written = layout.run / "postgres_home"
    if written.exists() or (layout.run / "postgres").exists():
        return
    ensure_directory(layout.run)
    if os.geteuid() != 0:
        write_private(written, f"{layout.run / 'postgres'}\n")
        return
    for left in sorted(ROOT_HOMES.glob("*/run_directory")):
        if left.read_text().strip() == str(layout.run):
            print(f"The database of a {layout.run.name} that was deleted is still in {left.parent}; delete it if nobody "
                  "wants it.", flush=True)
    home = ROOT_HOMES / secrets.token_hex(6)
    home.mkdir(parents=True)
    (home / "run_directory").write_text(f"{layout.run}\n")
    write_private(written, f"{home}\n")


# After a checkpoint the first change of each page logs the whole page. Rows of many orders touch many pages a little, so
# that is most of the log: it is compressed, and checkpoints are rarer. docker-compose.yml has the same.
POSTGRES_SETTINGS = {"max_connections": "200", "wal_compression": "lz4", "checkpoint_timeout": "15min",
                     "max_wal_size": "4GB"}


class Postgres:
    def __init__(self, layout):
        self.layout = layout
        choose_postgres_home(layout)
        self.home = layout.postgres_home
        self.data = self.home / "data"
        self.port = layout.ports["postgres"]
        self.process = None

    def _socket_folder(self):
        """Empty: the services come over TCP. A comma in a path would be the end of it."""
        address = self.layout.postgres_address
        return f'"{address}"' if address.startswith("/") else ""

    def _psql(self, sql, database="postgres"):
        command = [str(_postgres_bin() / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                   "-p", str(self.port), "-U", "ballast_admin", "-d", database, "-f", "-"]
        environment = dict(os.environ, PGPASSWORD=ensure_secret(self.layout.secrets / "postgres_admin"))
        done = subprocess.run(command, input=sql, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit("run: Postgres refused: " + done.stderr.strip())
        return done.stdout.strip()

    def start(self):
        password = ensure_secret(self.layout.secrets / "postgres_admin")
        if not (self.data / "PG_VERSION").exists():
            self.home.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(self.home, "postgres", "postgres")
            # initdb reads the password as Postgres' own user, so it gets a file of that user's, gone at once.
            password_file = self.home / "initdb_password"
            write_private(password_file, password + "\n")
            if os.geteuid() == 0:
                shutil.chown(password_file, "postgres", "postgres")
            done = subprocess.run(
                _as_postgres([str(_postgres_bin() / "initdb"), "-D", str(self.data), "-U", "ballast_admin", "-A",
                              "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8"]),
                capture_output=True, text=True, cwd="/")
            password_file.unlink()
            if done.returncode != 0:
                raise SystemExit("run: initdb failed: " + done.stderr.strip())
        log = open(self.layout.logs / "postgres.log", "ab")
        settings = [word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            _as_postgres([str(_postgres_bin() / "postgres"), "-D", str(self.data), "-c", "listen_addresses=127.0.0.1",
                          "-c", f"port={self.port}", "-c", f"unix_socket_directories={self._socket_folder()}", *settings,
                          "-c", "log_min_messages=warning", "-c",
                          "log_min_error_statement=panic", "-c", "shared_buffers=128MB"]),
            stdout=log, stderr=log, start_new_session=True, cwd="/")
        deadline = time.monotonic() + 60
        ready = [str(_postgres_bin() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"run: Postgres did not start; see {self.layout.logs / 'postgres.log'}")
            time.sleep(0.1)
        self._create_schemas()

    def _create_schemas(self):
        """One role and one schema for each service; a role reaches no other schema."""
        sql = []
        for service in where.SERVICES:
            password = ensure_secret(self.layout.secrets / f"postgres_{service}")
            role = f"ballast_{service}"
            sql.append(f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
                       f"CREATE ROLE {role} LOGIN; END IF; END $$;")
            processes = len(self.layout.processes((service,)))
            sql.append(f"ALTER ROLE {role} PASSWORD '{password}' CONNECTION LIMIT {20 * processes};")
        self._psql("\n".join(sql))
        if self._psql("SELECT 1 FROM pg_database WHERE datname = 'ballast';") != "1":
            self._psql("CREATE DATABASE ballast;")
        sql = ["REVOKE ALL ON SCHEMA public FROM PUBLIC;", "REVOKE ALL ON DATABASE ballast FROM PUBLIC;"]
        for service in where.SERVICES:
            role = f"ballast_{service}"
            sql.append(f"GRANT CONNECT, TEMPORARY ON DATABASE ballast TO {role};")
            sql.append(f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role};")
        self._psql("\n".join(sql), "ballast")

    def ask(self, sql, table):
        """The answer; empty when there is no `table` yet."""
        if self._psql("SELECT 1 FROM pg_database WHERE datname = 'ballast';") != "1":
            return ""
        if self._psql(f"SELECT to_regclass('{table}') IS NOT NULL;", "ballast") != "t":
            return ""
        return self._psql(sql + ";", "ballast")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()


class Redis:
    def __init__(self, layout):
        self.layout = layout
        self.port = layout.ports["redis"]
        self.process = None

    def start(self):
        home = self.layout.run / "redis"
        ensure_directory(home)
        password = ensure_secret(self.layout.secrets / "redis")
        # Hot state only: everything in it can be rebuilt, so nothing is written to disk.
        write_private(home / "redis.conf",
                      f"bind 127.0.0.1\nport {self.port}\ndir {home}\nsave \"\"\nappendonly no\n"
                      f"requirepass {password}\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n")
        log = open(self.layout.logs / "redis.log", "ab")
        self.process = subprocess.Popen(["redis-server", str(home / "redis.conf")], stdout=log, stderr=log,
                                        start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"run: Redis did not start; see {self.layout.logs / 'redis.log'}")
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

"""Secrets made on the first run, one file each, readable by the owner only."""
import os
import secrets


def ensure_directory(path):
    path.mkdir(parents=True, exist_ok=True)
    os.chmod(path, 0o700)


def write_private(path, text):
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    os.replace(temporary, path)


def ensure_secret(path):
    """The secret in `path`, made when it is not there."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()

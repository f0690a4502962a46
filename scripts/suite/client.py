"""The REST API, as far as the scripts need it."""
import json
import urllib.request


def call(environment, method, path, body=None, timeout_s=5):
    """The answer's JSON. Raises urllib.error.HTTPError for a refusal, OSError when nothing answers."""
    request = urllib.request.Request(
        environment["BALLAST_URL"] + path, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + environment["BALLAST_TOKEN"], "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        return json.load(answer)


def get(environment, path, timeout_s=5):
    return call(environment, "GET", path, timeout_s=timeout_s)

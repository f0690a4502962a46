"""The REST API, as far as the scripts need it."""
import json
import urllib.error
import urllib.request


def get(environment, path, timeout_s=5):
    request = urllib.request.Request(environment["BALLAST_URL"] + path,
                                     headers={"Authorization": "Bearer " + environment["BALLAST_TOKEN"]})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        return json.load(answer)

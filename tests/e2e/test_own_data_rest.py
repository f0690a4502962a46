"""A user's own bars by REST: a file in a body, what is there, its gaps, the file again, and gone."""
import base64
import gzip
import urllib.request

import pytest

from test_own_data import BROKEN, BTC, GOOD


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("own-rest", {"strategy_runner": {"deployments": []}})
    yield one
    one.remove()


WAY = "/api/live/data-sets"


def csv_of(suite, path):
    request = urllib.request.Request(suite.environment["BALLAST_URL"] + path,
                                     headers={"Authorization": f"Bearer {suite.environment['BALLAST_TOKEN']}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_a_file_goes_in_and_comes_out(suite):
    text = GOOD["quotes"][2]
    status, answer = suite.request("POST", WAY, {"content": text, "instrument": BTC, "name": "rest", "file_name": "own.csv"})
    assert status == 200 and answer["stored"] and answer["data_set"]["version"] == 1, answer
    packed = base64.b64encode(gzip.compress(text.encode())).decode()
    status, answer = suite.request("POST", WAY, {"content_base64": packed, "instrument": BTC, "name": "rest"})
    # Other bytes: another file, another version.
    assert status == 200 and answer["stored"] and answer["data_set"]["version"] == 2, answer
    status, answer = suite.request("POST", WAY, {"content_base64": packed, "instrument": BTC, "name": "rest"})
    assert answer["existed"] and answer["data_set"]["version"] == 2, answer
    listed = suite.get(WAY + "?name=rest")["data_sets"]
    assert [each["version"] for each in listed] == [1, 2] and listed[0]["actor"]
    kind, out = csv_of(suite, WAY + "/rest/csv?version=1")
    assert kind.startswith("text/csv") and out == text
    assert suite.request("DELETE", WAY + "/rest/1")[0] == 200
    assert [each["version"] for each in suite.get(WAY + "?name=rest")["data_sets"]] == [2]
    assert suite.request("DELETE", WAY + "/rest/1")[0] == 404


def test_refused_data_is_an_answer_and_gaps_are_listed(suite):
    text = BROKEN["gap"][0]
    status, answer = suite.request("POST", WAY, {"content": text, "instrument": BTC, "name": "rest-gap"})
    assert status == 200 and not answer.get("stored") and answer["problems"][0]["kind"] == "gap", answer
    status, answer = suite.request("POST", WAY, {"content": text, "instrument": BTC, "name": "rest-gap", "allow_gaps": True})
    assert answer["stored"], answer
    gaps = suite.get(WAY + "/rest-gap/gaps")
    assert int(gaps["gap_count"]) == 1 and int(gaps["gaps"][0]["missing_bars"]) == 2


@pytest.mark.parametrize("body, field", [({}, "content"), ({"content": "x", "content_base64": "eA=="}, "content"),
                                         ({"content_base64": "x"}, "content_base64"), ({"content": "x", "name": "a b"}, "name"),
                                         ({"content": "x", "repair": "yes"}, "repair"), ({"contents": "x"}, "contents")])
def test_a_bad_request_names_its_field(suite, body, field):
    status, answer = suite.request("POST", WAY, body)
    assert status == 400 and any(each["field"] == field for each in answer["error"]["violations"]), answer


def test_what_is_not_there(suite):
    for method, path in (("GET", "/nothing/gaps"), ("GET", "/nothing/csv"), ("DELETE", "/nothing/1")):
        assert suite.request(method, WAY + path)[0] == 404
    for method, path in (("GET", "/nothing/gaps?version=x"), ("DELETE", "/nothing/x"), ("DELETE", "/nothing/0")):
        assert suite.request(method, WAY + path)[0] == 400

"""Somebody else's clients trade at the simulated Binance. Where one of them disagrees, the simulator is wrong until the
venue's documents say otherwise."""
import socket

import pytest


def _still(venue):
    with venue.speaking() as control:
        control.ask("POST", "market", {"moving": False})


def _balanced(venue):
    """What every account owns together is what was deposited."""
    with venue.speaking() as control:
        missing = control.ask("GET", "ledger")["missing"]
    assert missing and all(float(amount) == 0 for amount in missing.values()), missing


def test_the_credentials_are_the_owners_alone_and_the_control_face_wants_its_token(venue):
    import urllib.error
    assert venue.mode == 0o600
    venue.credentials["control_token"] = "guessed"
    with venue.speaking() as control, pytest.raises(urllib.error.HTTPError) as refused:
        control.ask("GET", "ledger")
    assert refused.value.code == 401


def test_ccxt_trades_by_rest(venue):
    _still(venue)
    facts = venue.judge("ccxt/rest.py")
    assert facts["free"] == 100000 and facts["depth"] == 20 and facts["spread"] > 0 and facts["bars"] == 30
    assert facts["cancelled"] == "canceled" and facts["partly"] == 0.02 and facts["partly_status"] == "open"
    assert facts["open"] == ["partly"] and facts["market"] == "closed" and facts["fee"] == "BTC"
    assert facts["refused"] == "InsufficientFunds" and facts["gone"] == "OrderNotFound"
    assert facts["bought"] == pytest.approx(0.02) and facts["orders"] == 3
    _balanced(venue)


def test_ccxt_pro_keeps_a_book_and_hears_of_its_orders(venue):
    facts = venue.judge("ccxt/streams.py")
    assert facts["depth"] >= 20 and not facts["crossed"] and facts["trades"] and facts["candles"]
    assert facts["partly"] == 0.02 and "canceled" in facts["statuses"] and facts["bought"] == pytest.approx(0.02)
    assert facts["balance"] > 2
    _balanced(venue)


def test_python_binance_trades_by_rest_and_hears_of_its_orders(venue):
    _still(venue)
    facts = venue.judge("binance/rest_and_streams.py")
    assert facts["free"] == "100000.00000000" and facts["depth"] == 20 and facts["partly"] == "0.02000000"
    assert facts["executions"] == ["NEW", "TRADE", "CANCELED"] and facts["stream_filled"] == ["0.02000000"]
    assert facts["refused"] == -1013 and facts["trades"] == ["0.02000000"] and facts["oco"] == "EXECUTING"
    _balanced(venue)


def test_ccxt_for_node_trades_by_rest(venue):
    _still(venue)
    facts = venue.judge("ccxt_rest.mjs")
    assert facts["free"] == 100000 and facts["depth"] == 20 and facts["partly"] == 0.02
    assert facts["cancelled"] == "canceled" and facts["bought"] == 0.02


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_binances_own_client_trades_and_hears_of_its_orders(venue, kind):
    _still(venue)
    facts = venue.judge("binance_spot.mjs", venue.credentials[kind])
    assert facts["free"] == "100000.00000000" and facts["depth"] == 20 and facts["partly"] == "0.02000000"
    assert facts["cancelled"] == "CANCELED" and facts["quote"] == "BTCUSDT"
    assert facts["trades"] == facts["stream_filled"] == ["0.02000000"]
    _balanced(venue)


def test_all_of_it_is_there_over_tls(tls_venue):
    _still(tls_venue)
    facts = tls_venue.judge("binance_spot.mjs")
    assert facts["trades"] == facts["stream_filled"] == ["0.02000000"]
    with socket.create_connection(("127.0.0.1", tls_venue.port), 10) as plain:
        plain.sendall(b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in plain.recv(100)


def test_a_lost_answer_is_found_again_by_its_id(venue):
    """What ccxt makes of it: a network error, and the order is there."""
    _still(venue)
    facts = venue.judge("ccxt/lost.py")
    assert facts == {"after": "NetworkError", "status": "open", "before": "NetworkError", "missing": "OrderNotFound",
                     "banned": "DDoSProtection", "clock": "InvalidNonce"}

"""Messages in, answers out: what a strategy's instances make of a deployment's life."""
from decimal import Decimal

import ballast
from ballast.external.v1 import external_strategy_service_pb2 as pb
from ballast.host import Host, registration_of


class Probe(ballast.Strategy):
    """Says what it sees."""

    name = "probe"
    version = "2"
    warmup_bars = 3
    window = ballast.Integer(5, 1, 9, "bars")
    band = ballast.Fraction("0.10", 0, 1)

    def start(self, ctx):
        if self.window == 9:
            raise ValueError("not nine")
        self.seen = []

    def on_bar(self, ctx, bar):
        self.seen.append((bar.close, ctx.warming))
        if bar.close == 13:
            raise ZeroDivisionError("unlucky")
        if bar.close > 100:
            return ballast.long("high", strength=0.5, count=len(self.seen), window=self.window, band=self.band)
        return None


def opened(**parameters):
    return pb.ConnectResponse(opened=pb.DeploymentOpened(deployment_id="d", parameters=parameters, symbols=["A", "B"], timeframe="1m",
                                                        account_id="paper"))


def bars(sequence, *closes, symbol="A", history=False):
    return pb.ConnectResponse(bars=pb.Bars(deployment_id="d", history=history, bars=[
        pb.Bar(sequence=sequence + i, symbol=symbol, open="1", high="1", low="1", close=close, volume="1")
        for i, close in enumerate(closes)]))


def answers(host, message):
    return [request.answer for request in host.handle(message)]


def test_a_strategy_describes_itself():
    made = registration_of(Probe, take_over=True)
    assert (made.name, made.version, made.warmup_bars, made.take_over) == ("probe", "2", 3, True)
    assert made.display_name == "Probe" and made.description == "Says what it sees."
    assert [(one.name, one.default_value, one.minimum, one.maximum, one.type) for one in made.parameters] == [
        ("window", "5", "1", "9", pb.PARAMETER_TYPE_INTEGER), ("band", "0.1", "0", "1", pb.PARAMETER_TYPE_DECIMAL)]


def test_history_is_seen_and_not_answered_and_each_instrument_has_its_own_instance():
    host = Host(Probe)
    assert not answers(host, opened(window="7", band="0.25"))
    assert not answers(host, bars(1, "1", "2", history=True))
    (low,) = answers(host, bars(3, "50"))
    assert (low.deployment_id, low.sequence, low.signal, low.reason) == ("d", 3, pb.SIGNAL_NONE, "")
    (high,) = answers(host, bars(4, "101.5"))
    assert (high.signal, high.reason, high.strength) == (pb.SIGNAL_LONG, "high", "0.5")
    assert dict(high.inputs) == {"count": "4", "window": "7", "band": "0.25"}
    (other,) = answers(host, bars(5, "101", symbol="B"))
    assert other.inputs["count"] == "1"


def test_opened_again_it_knows_nothing_of_before():
    host = Host(Probe)
    answers(host, opened())
    answers(host, bars(1, "101"))
    answers(host, opened())
    (again,) = answers(host, bars(2, "101"))
    assert again.inputs["count"] == "1" and again.inputs["window"] == "5"


def test_one_that_has_raised_decides_nothing_until_it_is_opened_again():
    host = Host(Probe)
    answers(host, opened())
    (first,) = answers(host, bars(1, "13"))
    assert first.failure == "ZeroDivisionError: unlucky" and first.signal == pb.SIGNAL_UNSPECIFIED
    (second,) = answers(host, bars(2, "200"))
    assert second.failure == "ZeroDivisionError: unlucky"
    (sound,) = answers(host, bars(3, "200", symbol="B"))
    assert sound.signal == pb.SIGNAL_LONG
    answers(host, opened())
    assert answers(host, bars(4, "200"))[0].signal == pb.SIGNAL_LONG
    answers(host, opened())
    answers(host, bars(5, "13", history=True))
    assert answers(host, bars(6, "200"))[0].failure, "what it knows of the past is not known either"


def test_parameters_that_do_not_go_together_are_a_failure():
    host = Host(Probe)
    answers(host, opened(window="9"))
    assert answers(host, bars(1, "200"))[0].failure == "ValueError: not nine"


def test_what_is_no_decision_is_a_failure():
    class Wrong(Probe):
        def on_bar(self, ctx, bar):
            return "buy"

    host = Host(Wrong)
    answers(host, opened())
    assert "TypeError" in answers(host, bars(1, "1"))[0].failure


def test_a_closed_deployment_is_forgotten():
    host = Host(Probe)
    answers(host, opened())
    answers(host, pb.ConnectResponse(closed=pb.DeploymentClosed(deployment_id="d")))
    assert not answers(host, bars(1, "200"))


def test_quotes_are_asked_for_by_having_a_method_for_them_and_seen_before_the_bar():
    class Quoted(Probe):
        def start(self, ctx):
            self.spreads = []

        def on_quote(self, ctx, quote):
            if quote.bid_price == 0:
                raise ValueError("no bid")
            self.spreads.append((quote.ask_price - quote.bid_price, ctx.quotes_are_modelled))

        def on_bar(self, ctx, bar):
            return ballast.hold("seen", spreads=self.spreads)

    def quote(bid, ask):
        return pb.ConnectResponse(quotes=pb.Quotes(deployment_id="d", quotes=[pb.Quote(
            symbol="A", bid_price=bid, bid_size="1", ask_price=ask, ask_size="2", last_price=bid, session_open=True)]))

    assert registration_of(Quoted).quotes and not registration_of(Probe).quotes
    host = Host(Quoted)
    assert not answers(host, quote("10", "10.5")), "of a deployment that is not there"
    message = opened()
    message.opened.quote_source = pb.QUOTE_SOURCE_MODEL
    answers(host, message)
    assert not answers(host, quote("10", "10.5"))
    (seen,) = answers(host, bars(1, "10"))
    assert seen.inputs["spreads"] == "[(Decimal('0.5'), True)]"
    answers(host, quote("0", "1"))
    assert answers(host, bars(2, "10"))[0].failure == "ValueError: no bid"


def test_a_decision_may_say_quantity_stop_and_target():
    class Sized(Probe):
        def on_bar(self, ctx, bar):
            return ballast.short("down", quantity=2, stop_price=101.5, target_price=Decimal("90.10"), other=1)

    host = Host(Sized)
    answers(host, opened())
    (said,) = answers(host, bars(1, "1"))
    assert (said.quantity, said.stop_price, said.target_price, dict(said.inputs)) == ("2", "101.5", "90.1", {"other": "1"})
    (plain,) = answers(host_of(Probe), bars(1, "101"))
    assert (plain.quantity, plain.stop_price, plain.target_price) == ("", "", "")


def host_of(strategy):
    host = Host(strategy)
    answers(host, opened())
    return host


def test_numbers_are_told_without_an_exponent():
    assert ballast.hold("x", a=Decimal("1E+3"), b=Decimal("0.1000"), c=Decimal("1E-7"), d=3).inputs == {
        "a": "1000", "b": "0.1", "c": "0.0000001", "d": "3"}

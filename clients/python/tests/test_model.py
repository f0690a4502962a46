from decimal import Decimal

import pytest

import ballast


@pytest.mark.parametrize("strength", ["NaN", "inf", -0.1, 1.1, "x"])
def test_a_strength_is_a_number_of_0_to_1(strength):
    with pytest.raises(ValueError, match="strength"):
        ballast.long("up", strength=strength)


@pytest.mark.parametrize("name", ["quantity", "stop_price", "target_price"])
def test_what_is_asked_of_an_entry_is_above_zero_and_of_an_entry(name):
    for wrong in ("NaN", 0, -1, "x"):
        with pytest.raises(ValueError, match=name):
            ballast.long("up", **{name: wrong})
    # To get out no quantity can be said: it is an input, as any other word.
    assert ballast.out("down", **{name: 1}).inputs == {name: "1"}


def test_a_signal_has_a_reason_that_is_kept():
    for make in (ballast.long, ballast.short, ballast.out):
        with pytest.raises(ValueError, match="reason"):
            make("")
        with pytest.raises(ValueError, match="200"):
            make("ä" * 101)
    with pytest.raises(ValueError, match="16"):
        ballast.long("up", **{f"i{number}": 1 for number in range(17)})


def test_the_default_of_a_parameter_is_within_its_bounds():
    with pytest.raises(ValueError, match="1 to 9"):
        ballast.Integer(10, 1, 9)


def test_averages_round_as_the_suites_own():
    # 2/3 of 0.1 has no end: 18 places, then 12.
    ema = ballast.Ema(2)
    assert ema.add(Decimal("1")) == 1
    assert ema.add(Decimal("1.1")) == Decimal("1.066666666667")
    assert ema.add(Decimal("1.1")) == Decimal("1.088888888889")
    sma = ballast.Sma(3)
    assert [sma.add(Decimal(value)) for value in ("1", "1", "2", "2")] == [None, None, Decimal("1.333333333333"), Decimal("1.666666666667")]


def test_a_touch_is_no_cross():
    cross = ballast.Cross()
    values = [(1, 2), (2, 2), (1, 2), (2, 2), (3, 2), (2, 2), (1, 2)]
    assert [cross.add(Decimal(a), Decimal(b)) for a, b in values] == [0, 0, 0, 0, 1, 0, -1]

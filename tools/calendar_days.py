#!/usr/bin/env python3
"""Writes what an independent calendar says of the New York Stock Exchange, 2015 to 2030, to tests/agreement/xnys_2015_2030.csv.

    python3 -m venv /tmp/calendars && /tmp/calendars/bin/pip install exchange_calendars==4.13.2
    /tmp/calendars/bin/python tools/calendar_days.py [--check]

calendar_agreement_test holds libs/calendar against that file, so that nobody needs pandas to run the tests; --check says whether the file
is still what the package says.
"""
import pathlib
import sys

import exchange_calendars

PINNED = "4.13.2"
FILE = pathlib.Path(__file__).resolve().parents[1] / "tests/agreement/xnys_2015_2030.csv"


def rows():
    calendar = exchange_calendars.get_calendar("XNYS", start="2015-01-01", end="2030-12-31")
    early = set(calendar.early_closes)
    for session in calendar.sessions:
        opens, closes = calendar.session_open(session), calendar.session_close(session)
        yield f"{session:%Y-%m-%d},{opens:%Y-%m-%dT%H:%M:%SZ},{closes:%Y-%m-%dT%H:%M:%SZ},{int(session in early)}"


def main():
    if exchange_calendars.__version__ != PINNED:
        sys.exit(f"exchange_calendars {PINNED} is meant, this is {exchange_calendars.__version__}")
    text = "\n".join(["date,open_utc,close_utc,half_day", *rows()]) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() != text:
            sys.exit(f"{FILE.name} is not what exchange_calendars {PINNED} says")
        print(f"{text.count(chr(10)) - 1} sessions agree")
        return
    FILE.write_text(text)
    print(f"{text.count(chr(10)) - 1} sessions written")


if __name__ == "__main__":
    main()

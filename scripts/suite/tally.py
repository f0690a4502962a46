"""Counts what passed and what failed."""


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.problems = []
        # Passed only when they were run again.
        self.unsteady = []

    def add(self, part, passed, failed):
        self.passed += passed
        self.failed += failed
        if failed or not passed:
            self.problems.append(part)
        if not passed and not failed:
            # A part that ran nothing has not passed.
            self.failed += 1

    def one(self, what, passed):
        self.add(what, int(passed), int(not passed))

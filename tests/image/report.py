"""One line for each check, with what was measured."""

import time


class Report:
    def __init__(self):
        self.passed = self.failed = 0
        self.started = time.monotonic()

    def note(self, text):
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        print(f"[{minutes:3}:{seconds:02}] {text}", flush=True)

    def check(self, name, passed, measured=""):
        """Counts a check and prints its line. A check that fails doesn't end the test."""
        self.passed += bool(passed)
        self.failed += not passed
        print(f"{'ok    ' if passed else 'FAILED'} {name}{f': {measured}' if measured != '' else ''}", flush=True)

    def equal(self, name, found, expected):
        self.check(name, found == expected, found if found == expected else f"{found!r}, expected {expected!r}")

    def close(self):
        """Prints the closing line; returns the exit code."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0

"""What the conformance suites of test/websocket and test/webtransport share: what a case is, the
rest of their command line, and what they print."""

import time


class Failure(AssertionError):
    """The server did something else than it must; the text says what."""


class Case:
    """`function` is given the place where it is run, and raises something if that is not as it must
    be. `needs` is the option without which the case is skipped. `known_limit` says why the case
    cannot pass for now: it is run all the same, and may not pass unnoticed."""

    def __init__(self, group, name, function, *, needs=None, known_limit=None):
        self.group, self.name, self.function = group, name, function
        self.needs, self.known_limit = needs, known_limit

    def run(self, place):
        self.function(place)


class Outcome:
    """A case that was run: its fault, or None, and its seconds."""

    def __init__(self, case, place):
        self.case = case
        self.fault = None
        begun = time.monotonic()
        try:
            case.run(place)
        except Failure as failure:
            self.fault = str(failure)
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"
        self.seconds = time.monotonic() - begun


class Report:
    """Prints what is to be known of each case, and counts."""

    def __init__(self, titles, is_verbose=False):
        self._titles = titles
        self._is_verbose = is_verbose
        self.passed = self.failed = self.skipped = 0

    def add(self, outcome):
        case, fault = outcome.case, outcome.fault
        if case.known_limit and fault is not None:
            self.skipped += 1
            self._say(f"known limit: {case.group}: {case.name}: {case.known_limit}")
        elif case.known_limit:
            self.fail(f"{self._titles[case]}: it passes: its known limit can be removed, which is "
                      f"'{case.known_limit}'")
        elif fault is not None:
            self.fail(f"{self._titles[case]}: {fault}")
        else:
            self.passed += 1
        if self._is_verbose:
            self._say(f"{outcome.seconds:6.3f} s {self._titles[case]}")

    def skip(self, case):
        self.skipped += 1
        self._say(f"SKIPPED {self._titles[case]}: it needs --{case.needs}")

    def fail(self, text):
        self.failed += 1
        self._say(f"FAILED {text}")

    def finish(self):
        """The exit code."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        self._say(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed or not self.passed else 0

    @staticmethod
    def _say(line):
        print(line, flush=True)


def main(parser, cases, run_all):
    """Does what the command line says; the exit code. `run_all(chosen, options)` yields the
    outcomes of the chosen cases as they come up, and raises what no case alone is to blame for."""
    parser.add_argument("--only", metavar="TEXT",
                        help="only cases whose number, group or name is or contains this")
    parser.add_argument("--list", action="store_true", help="print the cases and run none")
    parser.add_argument("--verbose", action="store_true", help="print every case and its time")
    options = parser.parse_args()

    titles = {case: f"{number:3d} {case.group}: {case.name}"
              for number, case in enumerate(cases, start=1)}
    chosen = [case for case, title in titles.items()
              if not options.only or options.only == title.split()[0] or options.only in title]
    if options.list:
        print(*(titles[case] for case in chosen), sep="\n")
        return 0
    report = Report(titles, options.verbose)
    able = [case for case in chosen if not case.needs or getattr(options, case.needs)]
    for case in chosen:
        if case not in able:
            report.skip(case)
    try:
        for outcome in run_all(able, options):
            report.add(outcome)
    except Exception as error:
        report.fail(f"the suite as a whole: {type(error).__name__}: {error}")
    return report.finish()

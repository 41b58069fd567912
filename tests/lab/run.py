"""Runs the lab's tests and counts them; started by `run`, which has prepared everything.   usage: run.py WORK [-k TEXT]"""
import argparse
import atexit
import os
import shutil
import signal
import sys
import time
import unittest

from rig import lab

HERE = os.path.dirname(os.path.abspath(__file__))


class Lines(unittest.TestResult):
    """One line a test, with its seconds; the story of each failure at once."""

    def startTest(self, test):
        super().startTest(test)
        self.began, self.bad = time.monotonic(), False

    def stopTest(self, test):
        super().stopTest(test)
        print("%s %5.1fs  %s" % ("FAIL" if self.bad else "  ok", time.monotonic() - self.began, test.id()), flush=True)

    def _story(self, test, error):
        self.bad = True
        print(self._exc_info_to_string(error, test), flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        self._story(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._story(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            print(subtest, flush=True)
            self._story(test, error)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("work")
    arguments.add_argument("--binary", help="the firstlight to test")
    arguments.add_argument("--client", help="the firstlight of the devices, without libraries")
    arguments.add_argument("--probes", nargs=2, default=(), help="firstlight with the feature probe, and the tests of that feature")
    arguments.add_argument("-k", action="append", default=[], metavar="TEXT", help="only tests whose name holds TEXT")
    given = arguments.parse_args()
    loader = unittest.TestLoader()
    loader.testNamePatterns = ["*%s*" % text for text in given.k] or None
    # The last one switches the laptop off; any other order would boot more often.
    tests = unittest.TestSuite(loader.loadTestsFromName(name) for name in ("test_rig", "test_media", "test_together", "test_cloud_init", "test_devices", "test_sealed", "test_lwm2m", "test_dfu", "test_dap", "test_second_guest"))
    bench = lab.Case.bench = lab.Bench(os.path.abspath(given.work), *(path and os.path.abspath(path) for path in (given.binary, given.client)), tuple(map(os.path.abspath, given.probes)))
    result = Lines()

    def stop(number, _):
        atexit._run_exitfuncs()     # every machine and broker has told it how to end it
        os._exit(128 + number)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        tests.run(result)
    finally:
        bench.end()
    failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
    print("%d passed, %d failed" % (result.testsRun - failed, failed))
    if failed:
        print("disks and logs of this run: " + bench.folder)
    else:
        shutil.rmtree(bench.folder)
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())

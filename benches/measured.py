"""Whole-process measurements for the comparisons in this folder. Standard library only."""
import os
import subprocess
import sys
import time


class Run:
    """One finished command: wall and CPU seconds of it and its children, and its peak memory in MiB."""

    def __init__(self, argv, cwd=None, env=None, stdin=None):
        begun = time.monotonic()
        child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = [], []
        import threading

        drain = threading.Thread(target=lambda: err.append(child.stderr.read()))
        drain.start()
        out.append(child.stdout.read())
        drain.join()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - begun
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss / 1024
        self.status, self.stdout, self.stderr = child.returncode, out[0], err[0]

    def checked(self):
        """Returns itself, or ends the program with the command's own words if it failed."""
        if self.status != 0:
            sys.exit("failed with %d:\n%s" % (self.status, self.stderr.decode("utf-8", "replace")))
        return self


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def disk_bytes(path):
    """Bytes of disk a file really uses."""
    return os.stat(path).st_blocks * 512


class Report:
    """Prints figures, and remembers whether every bound held."""

    def __init__(self):
        self.broken = 0

    def say(self, text):
        print(text, flush=True)

    def bound(self, name, value, limit, unit, at_least=False):
        good = value >= limit if at_least else value <= limit
        self.broken += not good
        print("%-58s %10.2f %s  (%s %s)  %s" % (name, value, unit, "at least" if at_least else "at most", limit,
                                                 "ok" if good else "BROKEN"), flush=True)

    def end(self):
        sys.exit(1 if self.broken else 0)

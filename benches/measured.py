"""Whole-process measurements for the comparisons in this folder. Standard library only."""
import os
import subprocess
import sys
import threading
import time

# Starts the command and reports its exit status, CPU seconds and peak memory. A child is born with the memory of whoever
# starts it, and its peak counts that: so something small stands in between, and peaks below its 8 MiB cannot be told.
STARTER = """
import os, sys
report = int(sys.argv[1])
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, report)])
_, status, usage = os.wait4(pid, 0)
words = "%d %r %d" % (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
os.write(report, words.encode())
"""


class Run:
    """One finished command: its output, wall and CPU seconds of it and its children, and its peak memory in MiB."""

    def __init__(self, argv, cwd=None):
        read, write = os.pipe()
        starter = [sys.executable, "-I", "-S", "-c", STARTER, str(write)] + argv
        begun = time.monotonic()
        child = subprocess.Popen(starter, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write])
        os.close(write)
        talk = []
        drain = threading.Thread(target=lambda: talk.append(child.stderr.read()))
        drain.start()
        self.stdout = child.stdout.read()
        drain.join()
        self.stderr = talk[0]
        child.wait()
        self.wall = time.monotonic() - begun
        with os.fdopen(read) as report:
            words = report.read().split()
        if len(words) != 3:
            sys.exit("%s could not be started:\n%s" % (argv[0], self.stderr.decode("utf-8", "replace")))
        self.status, self.cpu, self.peak = int(words[0]), float(words[1]), int(words[2]) / 1024

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
        print("%-62s %10.2f %s  (%s %s)  %s" % (name, value, unit, "at least" if at_least else "at most", limit,
                                                 "ok" if good else "BROKEN"), flush=True)

    def end(self):
        sys.exit(1 if self.broken else 0)

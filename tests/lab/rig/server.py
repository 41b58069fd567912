"""`firstlight serve` on the host's loopback, where guests reach it as rig.broker.HOST."""
import atexit
import json
import os
import socket
import subprocess
import time

from .machine import PATIENCE, Finished


def free_udp_port():
    """A port of the loopback that nobody receives at now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Server:
    """A fleet's server. What it logs is read as records, a line of JSON each."""

    def __init__(self, binary, fleet):
        self.binary, self.fleet = binary, fleet
        self.log_path, self.talk_path = fleet + ".log", fleet + ".talk"
        with open(self.log_path, "w") as log, open(self.talk_path, "w") as talk:
            self.process = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0", "--json", "--fleet", fleet], env=self._environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=talk)
        atexit.register(self.stop)
        self._await_sockets()

    def _environment(self):
        return dict(os.environ, HOME=self.fleet, NO_COLOR="1")

    def _await_sockets(self):
        end = time.monotonic() + PATIENCE
        while "listening" not in [record.get("event") for record in records(self.talk_path)]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("serve did not start (exit status %s):\n%s" % (self.process.poll(), read(self.talk_path)))
            time.sleep(0.05)

    def log(self):
        """All it has logged so far."""
        return records(self.log_path)

    def await_line(self, seconds=PATIENCE, begin=0, **fields):
        """Waits until it has logged a line with these fields after the first `begin` lines; returns the line."""
        end = time.monotonic() + seconds
        while True:
            found = self.log()[begin:]
            for line in found:
                if all(line.get(name) == value for name, value in fields.items()):
                    return line
            if time.monotonic() > end:
                raise AssertionError("the server never logged %r, but:\n%s" % (fields, "\n".join(map(json.dumps, found))))
            time.sleep(0.05)

    def run(self, *arguments):
        """Runs a command of the fleet's beside it; returns it as Finished."""
        done = subprocess.run([self.binary, *arguments, "--fleet", self.fleet], env=self._environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        return Finished(done.returncode, done.stdout, done.stderr)

    def stop(self):
        """Ends it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def records(path):
    """The records in a file of lines, without a last one that is not whole yet."""
    whole = read(path).rpartition("\n")[0]
    return [json.loads(line) for line in whole.split("\n") if line.startswith("{")]


def read(path):
    """A file's text."""
    with open(path, errors="replace") as file:
        return file.read()

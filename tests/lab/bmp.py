"""A simulated Black Magic Probe on a TCP port, with QEMU's micro:bit behind it.

usage: bmp.py [--port N] [--uid HEX] [--idcode HEX] [--content ADDRESS=HEX]...

Prints `port N` when it is ready and serves one session after the other until its standard input ends. Lines on standard input
change it or look behind it; each is answered by one line:

    die N          the connection ends at the N-th command from now, once
    silent N       from the N-th command from now nothing is answered any more, until the connection ends
    dead 0|1       nothing acknowledges on the wire: the chip has no power
    closed 0|1     the firmware takes the debug pins: the chip acknowledges under reset, and once its core is caught there
    panic 0|1      the debug port answers once, then every access fails: probe-rs' driver of this probe panics
    idcode HEX     another debug port answers
    override A V   a factory word or a system register has another value
    flip A BIT     this bit reads wrong, whatever is stored (0: right again)
    store A HEX    programs flash (only clears bits)
    read A N       what lies in memory, asked from the machine and not through the probe
    commands       commands since the start
    sessions       sessions since the start

The remote protocol is the firmware's (blackmagic, src/remote.h), version 0 with high-level commands.
"""
import argparse
import os
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from microbit import DebugPort, Microbit  # noqa: E402

VERBOSE = "BMP_VERBOSE" in os.environ


class Ended(Exception):
    """The probe is pulled."""


class Wire:
    """SWD bit by bit, as far as a line reset, DPIDR, ABORT and SELECT need it."""

    def __init__(self, port, is_dead):
        self.port, self.is_dead = port, is_dead
        self.out, self.answer, self.write = [], [], None

    def put(self, value, count):
        self.out += [value >> bit & 1 for bit in range(count)]
        self.answer = []
        if self.write is not None and len(self.out) >= 33:
            value = sum(bit << at for at, bit in enumerate(self.out[:32]))
            self.port.dp(self.write, value)
            self.out, self.write = self.out[33:], None

    def take(self, count):
        if not self.answer:
            self.begin()
        bits = (self.answer + [0] * count)[:count]
        self.answer = self.answer[count:] or [0]
        return sum(bit << at for at, bit in enumerate(bits))

    def begin(self):
        request, self.out = self.out[-8:], []
        if len(request) < 8 or request[0] != 1 or request[6] or not request[7] or request[1] or self.is_dead():
            self.answer = [1] * 40
            return
        register = request[3] << 2 | request[4] << 3
        if request[2]:
            value = self.port.dp(register)
            bits = [value >> bit & 1 for bit in range(32)]
            self.answer = [1, 0, 0] + bits + [sum(bits) & 1]
        else:
            self.write, self.answer = register, [1, 0, 0]


class Probe:
    """The probe's commands: text between `!` and `#`, answered `&K...#`."""

    def __init__(self, machine, idcode):
        self.machine, self.port = machine, DebugPort(machine, idcode)
        self.dead = self.panic = self.closed = self.held = False
        self.die = self.silent = None
        self.commands = self.sessions = 0

    def serve(self, link):
        self.sessions += 1
        self.wire = Wire(self.port, self.is_deaf)
        pending, mute = b"", False
        while True:
            more = link.recv(65536)
            if not more:
                return
            pending += more
            while True:
                found = re.search(rb"!([^#]*)#", pending)
                if not found:
                    break
                pending = pending[found.end():]
                self.commands += 1
                if self.counted("die"):
                    raise Ended
                mute = mute or self.counted("silent")
                if mute:
                    continue
                command = found.group(1).decode("ascii", "replace")
                answer = self.answer(command)
                if VERBOSE:
                    print(command, answer, file=sys.stderr, flush=True)
                link.sendall(b"&%s#" % answer.encode())

    def is_deaf(self):
        """Nobody acknowledges: no power, or firmware that runs has taken the pins."""
        return self.dead or self.closed and not self.held and not self.machine.is_caught()

    def counted(self, name):
        left = getattr(self, name)
        if left is None:
            return False
        setattr(self, name, left - 1 if left > 1 else None)
        return left <= 1

    def answer(self, command):
        kind, rest = command[:2], command[2:]
        if kind == "GA":
            return "KSimulated Black Magic Probe"
        if kind == "Gf":
            return "Kf4240"
        if kind == "GZ":
            if self.held and rest == "0":
                with self.machine.lock:
                    self.machine.reset()
            self.held = rest == "1"
            return "K0"
        if kind[0] == "G" or kind in ("HC", "SS"):
            return "K0"
        if kind in ("So", "SO"):
            self.wire.put(int(rest[2:], 16), int(rest[:2], 16))
            return "K0"
        if kind in ("Si", "SI"):
            return f"K{self.wire.take(int(rest[:2], 16)):x}"
        if kind[0] == "H" and (self.panic or self.is_deaf()):
            return "E5"
        return self.high(kind, rest)

    def high(self, kind, rest):
        if kind == "Hd":
            return little(self.port.dp(int(rest[2:6], 16) & 0xFF))
        if kind == "Ha":
            return little(self.port.ap(int(rest[:2], 16), int(rest[2:6], 16) & 0xFF))
        if kind == "HA":
            self.port.ap(int(rest[:2], 16), int(rest[2:6], 16) & 0xFF, int(rest[6:14], 16))
            return "K0"
        if kind == "HL":
            self.port.dp(int(rest[2:6], 16) & 0xFF, int(rest[6:14], 16))
            return "K0"
        if kind == "HM":
            address, length = int(rest[10:18], 16), int(rest[18:26], 16)
            return "K" + self.machine.read(address, length).hex()
        if kind == "Hm":
            address, data = int(rest[12:20], 16), bytes.fromhex(rest[28:])
            self.machine.write(address, data)
            return "K0"
        return "N0"

    def order(self, line):
        """One line of standard input, and its answer."""
        word, *rest = line.split()
        numbers = [int(text, 0) for text in rest[:1] if word != "idcode"]
        if word in ("die", "silent"):
            setattr(self, word, numbers[0] or None)
        elif word in ("dead", "panic", "closed"):
            setattr(self, word, bool(numbers[0]))
        elif word == "idcode":
            self.port.idcode = int(rest[0], 16)
        elif word == "override":
            self.machine.override(numbers[0], int(rest[1], 0))
        elif word == "flip":
            bit = int(rest[1], 0)
            self.machine.flips = {**self.machine.flips, numbers[0]: bit} if bit else {}
        elif word == "store":
            with self.machine.lock:
                self.machine.store(numbers[0], bytes.fromhex(rest[1]))
        elif word == "read":
            with self.machine.lock:
                return self.machine.bus.read(numbers[0], int(rest[1], 0)).hex()
        elif word in ("commands", "sessions"):
            return str(getattr(self, word))
        else:
            return "what?"
        return "ok"


def little(value):
    return "K" + struct.pack("<I", value & 0xFFFFFFFF).hex()


def content(text):
    address, _, data = text.partition("=")
    return int(address, 0), bytes.fromhex(data)


def sessions(server, probe):
    while True:
        link = server.accept()[0]
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with link:
                probe.serve(link)
        except (Ended, ConnectionError):
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--uid", type=lambda text: int(text, 16), default=0x0123456789ABCDEF)
    parser.add_argument("--idcode", type=lambda text: int(text, 16), default=0x0BB11477)
    parser.add_argument("--content", type=content, action="append", default=[])
    options = parser.parse_args()
    probe = Probe(Microbit(options.uid, options.content), options.idcode)
    server = socket.create_server(("127.0.0.1", options.port))
    threading.Thread(target=sessions, args=(server, probe), daemon=True).start()
    print("port", server.getsockname()[1], flush=True)
    for line in sys.stdin:
        print(probe.order(line) if line.strip() else "", flush=True)


if __name__ == "__main__":
    main()

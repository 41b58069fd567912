#!/usr/bin/env python3
"""A chip of the ESP32 family in its ROM loader, on a TCP port or a pseudo terminal; Python's standard library is all it needs.

    usage: esp_rom.py FLASH [--chip esp32c3] [--mac 7c:df:a1:00:00:01] [--size 4] [--pty | --port N] [faults] [--count FILE]

Prints where it listens (`127.0.0.1:PORT`, or the pseudo terminal's path) and serves one client after the other until it is
killed, or until its standard input ends if that is a pipe. FLASH is the flash chip's content: made, all erased, where it is
absent. Several at once do not disturb each other.

What it is strict about, because a real ROM is: flash is reached only after SPI_ATTACH, bits of flash only go from one to zero
unless erased, whole sectors are erased, blocks come in their order, are no more than announced and have the right checksum,
nothing reaches beyond the flash, a command that the chip does not know is refused eight times, and after FLASH_END it is the
firmware that runs: no more answers (until the next client, which is a power cycle). A line cannot reset it: neither TCP nor a
pseudo terminal has DTR and RTS.

eFuses are programmed by the controller's registers as the technical reference manuals have it, bits only from zero to one.
The protocol is Espressif's "Serial Protocol"; esptool and espefuse from PyPI take it for a chip (tests/programmer_esp.rs).
"""
import argparse
import hashlib
import json
import mmap
import os
import pty
import random
import socket
import stat
import struct
import sys
import threading
import time
import tty
import zlib

SECTOR = 4096
UNKNOWN, FAILED, CHECKSUM, NOT_WRITTEN, NOT_READ, TOO_LONG = 5, 6, 7, 8, 9, 10
SYNC, READ_REG, WRITE_REG, SECURITY = 0x08, 0x0A, 0x09, 0x14
BEGIN, DATA, END, ATTACH, PARAMS, MD5, SLOW, BAUD = 0x02, 0x03, 0x04, 0x0D, 0x0B, 0x13, 0x0E, 0x0F
DEFLATED_BEGIN, DEFLATED_DATA = 0x10, 0x11
MAGIC = 0x40001000

# name: magic word, id in the security information, SPI controller, eFuse controller, words before the MAC address
CHIPS = {
    "esp32":   (0x00F01D83, None, 0x3FF42000, 0x3FF5A000, 0x04),
    "esp32s2": (0x000007C6, None, 0x3F402000, 0x3F41A000, 0x44),
    "esp32s3": (0x00000009, 9, 0x60002000, 0x60007000, 0x44),
    "esp32c2": (0x6F51306F, 12, 0x60002000, 0x60008800, 0x40),
    "esp32c3": (0x6921506F, 5, 0x60002000, 0x60008800, 0x44),
    "esp32c6": (0x2CE0806F, 13, 0x60003000, 0x600B0800, 0x44),
    "esp32h2": (0xD7B73E80, 16, 0x60003000, 0x600B0800, 0x44),
}


class Refused(Exception):
    """The ROM says no, by a number."""


class Fuses:
    """The eFuse controller: words to program are laid down, a command burns them, another one shows them."""

    def __init__(self, chip, base):
        self.base, self.first = base, chip == "esp32"
        # Where words are laid down, where block 0 is shown, the controller's configuration and command.
        self.laid, self.shown, self.conf, self.command = (0x1C, 0x00, 0xFC, 0x104) if self.first else (0x00, 0x2C, 0x1CC, 0x1D4)
        self.words = 7 if self.first else 6
        self.burnt = [0] * self.words

    def wrote(self, registers, address, value):
        if address != self.base + self.command:
            return
        code = registers.get(self.base + self.conf, 0)
        if value & 2 and code == 0x5A5A and value >> 2 & 0xF == 0:
            for n in range(self.words):
                self.burnt[n] |= registers.get(self.base + self.laid + 4 * n, 0)
        if value & 1 and code == 0x5AA5:
            for n in range(self.words):
                registers[self.base + self.shown + 4 * n] = registers.get(self.base + self.shown + 4 * n, 0) | self.burnt[n]
        registers[address] = 0


class Chip:
    """Registers and flash, and what each command does to them."""

    def __init__(self, given):
        self.given, self.name = given, given.chip
        magic, self.id, self.spi, efuse, mac = CHIPS[given.chip]
        address = bytes.fromhex(given.mac.replace(":", ""))
        low, high = struct.unpack(">I", address[2:])[0], struct.unpack(">H", address[:2])[0]
        self.registers = {MAGIC: magic, efuse + mac: low, efuse + mac + 4: high, 0x3FF40014: 347}
        for n in range(0, len(given.unique or "") // 2, 4):
            self.registers[efuse + 0x5C + n] = struct.unpack("<I", bytes.fromhex(given.unique)[n:n + 4])[0]
        self.fuses = Fuses(given.chip, efuse)
        self.size = given.size << 20
        fd = os.open(given.flash, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(fd).st_size != self.size:
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"\xff" * self.size, 0)
        self.flash = mmap.mmap(fd, self.size)
        self.power()

    def power(self):
        """A power cycle: the loader runs, the flash is not attached, nothing is being written."""
        self.runs, self.attached, self.writing = True, False, None

    def within(self, address, length, fault):
        if not self.attached:
            raise Refused(FAILED)
        if address + length > self.size:
            raise Refused(fault)

    def read_register(self, address):
        return self.registers.get(address, 0)

    def write_register(self, address, value, mask):
        self.registers[address] = self.registers.get(address, 0) & ~mask | value & mask
        self.fuses.wrote(self.registers, address, self.registers[address])
        if address == self.spi and value & 1 << 18:
            self.transaction()

    def transaction(self):
        """The flash chip answers to what the controller was told to send it."""
        user2, word = (0x24, 0x80) if self.name == "esp32" else (0x20, 0x58)
        sent = self.registers.get(self.spi + user2, 0) & 0xFF
        capacity = self.size.bit_length() - 1
        self.registers[self.spi + word] = {0x9F: 0xEF | 0x40 << 8 | capacity << 16, 0x5A: 0x50444653}.get(sent, 0)
        self.registers[self.spi] = 0

    def begin(self, body, deflated=False):
        words = 4 if self.name == "esp32" else 5
        if len(body) != 4 * words:
            raise Refused(UNKNOWN)
        erased, blocks, length, address = struct.unpack("<IIII", body[:16])
        self.within(address, erased, NOT_WRITTEN)
        start, end = address // SECTOR * SECTOR, -(-(address + erased) // SECTOR) * SECTOR if erased else 0
        if end > start:
            self.flash[start:end] = b"\xff" * (end - start)
        self.writing = {"at": address, "left": blocks, "length": length, "next": 0, "inflate": zlib.decompressobj() if deflated else None}

    def data(self, body, checksum, deflated=False):
        length, sequence = struct.unpack("<II", body[:8])
        content, writing = body[16:], self.writing
        if not writing or length != len(content) or bool(writing["inflate"]) != deflated:
            raise Refused(FAILED)
        if length != writing["length"] and not deflated:
            raise Refused(FAILED)
        sum = 0xEF
        for byte in content:
            sum ^= byte
        if sum != checksum & 0xFF:
            raise Refused(CHECKSUM)
        if sequence != writing["next"] or not writing["left"]:
            raise Refused(FAILED)
        if deflated:
            content = writing["inflate"].decompress(content)
            length = len(content)
        at = writing["at"]
        self.within(at, length, NOT_WRITTEN)
        both = int.from_bytes(self.flash[at:at + length], "big") & int.from_bytes(content, "big")
        self.flash[at:at + length] = both.to_bytes(length, "big")
        flip = self.given.flip
        if flip is not None and at <= flip < at + length:
            self.flash[flip] ^= 1
        writing["at"], writing["left"], writing["next"] = at + length, writing["left"] - 1, sequence + 1

    def digest(self, body):
        address, length = struct.unpack("<II", body[:8])
        self.within(address, length, NOT_READ)
        if self.given.wrong_md5:
            return b"0" * 32
        return hashlib.md5(self.flash[address:address + length]).hexdigest().encode()

    def slow(self, body):
        address, length = struct.unpack("<II", body[:8])
        if length > 64:
            raise Refused(TOO_LONG)
        self.within(address, length, NOT_READ)
        return self.flash[address:address + length].ljust(64, b"\0")

    def security(self):
        if self.name == "esp32":
            raise Refused(UNKNOWN)
        flags = 1 << 2 if self.given.secure_download else 0
        short = struct.pack("<IB7B", flags, 0, *[0] * 7)
        return short if self.id is None else short + struct.pack("<II", self.id, 0)

    def run(self, op, body, checksum):
        """Does one command; returns the word and the body of the answer, and how often it is sent."""
        if self.given.secure_download and op in (READ_REG, WRITE_REG, SLOW) or self.given.no_slow_read and op == SLOW:
            raise Refused(UNKNOWN)
        if op == SYNC:
            if body != b"\x07\x07\x12\x20" + b"\x55" * 32:
                raise Refused(UNKNOWN)
            return 0x20120707, b"", 8
        if op == READ_REG:
            return self.read_register(*struct.unpack("<I", body)), b"", 1
        if op == WRITE_REG:
            for at in range(0, len(body), 16):
                address, value, mask, _ = struct.unpack("<IIII", body[at:at + 16])
                self.write_register(address, value, mask)
            return 0, b"", 1
        if op == END:
            self.runs = False
            return 0, b"", 1
        if op == ATTACH:
            self.attached = True
            return 0, b"", 1
        if op in (PARAMS, BAUD):
            return 0, b"", 1
        for known, does in ((BEGIN, self.begin), (MD5, self.digest), (SLOW, self.slow)):
            if op == known:
                return 0, does(body) or b"", 1
        if op == DEFLATED_BEGIN:
            return 0, self.begin(body, True) or b"", 1
        if op in (DATA, DEFLATED_DATA):
            self.data(body, checksum, op == DEFLATED_DATA)
            return 0, b"", 1
        if op == SECURITY:
            return 0, self.security(), 1
        raise Refused(UNKNOWN)


class Line:
    """The serial side: frames, faults, speed, and a count of what went each way."""

    def __init__(self, chip, given):
        self.chip, self.given = chip, given
        self.count = {"in": 0, "out": 0, "commands": 0, "by_command": {}}
        self.began, self.moved = time.monotonic(), 0
        self.random = random.Random(1)

    def moves(self, number, way):
        """Counts bytes; where the line has a speed, waits until they are through."""
        self.count[way] += number
        if self.given.rate:
            now = time.monotonic()
            self.began = max(self.began, now - 0.05)
            self.began += number / self.given.rate
            time.sleep(max(0, self.began - now))

    def note(self):
        if self.given.count:
            beside = self.given.count + ".new"
            with open(beside, "w") as file:
                json.dump(self.count, file)
            os.replace(beside, self.given.count)

    def serve(self, receive, send):
        """Talks with one client until it goes."""
        self.chip.power()
        packet, inside, escaped = bytearray(), False, False
        while data := receive():
            self.moves(len(data), "in")
            for byte in data:
                if byte == 0xC0:
                    if inside and packet:
                        self.answer(bytes(packet), send)
                    packet.clear()
                    inside, escaped = True, False
                elif not inside:
                    continue
                elif escaped:
                    packet.append({0xDC: 0xC0, 0xDD: 0xDB}.get(byte, byte))
                    escaped = False
                elif byte == 0xDB:
                    escaped = True
                else:
                    packet.append(byte)

    def answer(self, packet, send):
        if len(packet) < 8 or packet[0] != 0 or not self.chip.runs:
            return
        _, op, length, checksum = struct.unpack("<BBHI", packet[:8])
        body, given = packet[8:], self.given
        if op != SYNC:
            self.count["commands"] += 1
        number = self.count["commands"]
        if given.die_after is not None and number > given.die_after:
            self.note()
            os._exit(3)
        named = "%#04x" % op
        self.count["by_command"][named] = self.count["by_command"].get(named, 0) + 1
        if given.silent_after is not None and number > given.silent_after:
            return self.note()
        if given.garbage_at == number and op != SYNC:
            return self.send(self.noise(op), send)
        try:
            if given.refuse_at == number and op != SYNC:
                raise Refused(FAILED)
            if len(body) != length:
                raise Refused(UNKNOWN)
            word, more, times = self.chip.run(op, body, checksum)
            status = b"\0\0\0\0"
        except (Refused, struct.error) as refused:
            fault = refused.args[0] if isinstance(refused, Refused) else UNKNOWN
            word, more, times, status = 0, b"", 1, bytes((1, fault, 0, 0))
            if fault == UNKNOWN:        # names no command, and comes eight times: esptool takes it only so
                op, times = 0, 8
        frame = struct.pack("<BBHI", 1, op, len(more) + 4, word) + more + status
        self.send((b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0") * times, send)

    def noise(self, op):
        """What a bad cable makes of an answer: a spoilt escape, a frame without end, one of another kind, one cut off."""
        draw = lambda length: bytes(self.random.randrange(256) for _ in range(length))
        return draw(40) + b"\xc0\x01\xdb\x00\xc0" + b"\xc0" + b"\x55" * 5000 + b"\xc0\x01" + bytes((op ^ 0x80,)) + b"\0" * 10 + b"\xc0\x01\xc0"

    def send(self, data, send):
        self.moves(len(data), "out")
        self.note()
        send(data)


def listen(line, given):
    server = socket.create_server(("127.0.0.1", given.port))
    print("%s:%d" % server.getsockname(), flush=True)
    while True:
        client, _ = server.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client:
            try:
                line.serve(lambda: client.recv(65536), client.sendall)
            except OSError:
                pass


def terminal(line):
    master, slave = pty.openpty()
    tty.setraw(slave)       # and it stays open: no hang-up between two clients
    print(os.ttyname(slave), flush=True)

    def send(data):
        while data:
            data = data[os.write(master, data):]
    line.serve(lambda: os.read(master, 65536), send)


def until_end_of_input():
    while os.read(0, 4096):
        pass
    os._exit(0)


def main():
    number = lambda text: int(text, 0)
    arguments = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    arguments.add_argument("flash")
    arguments.add_argument("--chip", choices=CHIPS, default="esp32c3")
    arguments.add_argument("--mac", default="7c:df:a1:00:00:01")
    arguments.add_argument("--unique", help="32 hex digits: the unique number in the fuses")
    arguments.add_argument("--size", type=int, default=4, help="MiB of flash, a power of two")
    arguments.add_argument("--pty", action="store_true", help="a pseudo terminal in place of a TCP port")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--count", metavar="FILE", help="JSON of the bytes each way and the commands, always up to date")
    arguments.add_argument("--rate", type=float, help="bytes a second, both ways together")
    arguments.add_argument("--die-after", type=number, metavar="N", help="the cable falls out after N commands (greetings do not count)")
    arguments.add_argument("--silent-after", type=number, metavar="N", help="no more answers after N commands")
    arguments.add_argument("--garbage-at", type=number, metavar="N", help="noise in place of the N-th answer")
    arguments.add_argument("--refuse-at", type=number, metavar="N", help="the N-th command fails")
    arguments.add_argument("--flip", type=number, metavar="ADDRESS", help="a byte of flash that keeps one bit wrong")
    arguments.add_argument("--wrong-md5", action="store_true")
    arguments.add_argument("--no-slow-read", action="store_true", help="a ROM that does not read flash")
    arguments.add_argument("--secure-download", action="store_true", help="a chip whose loader was locked")
    given = arguments.parse_args()
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=until_end_of_input, daemon=True).start()
    line = Line(Chip(given), given)
    terminal(line) if given.pty else listen(line, given)


if __name__ == "__main__":
    main()

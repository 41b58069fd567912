"""A simulated CMSIS-DAP v2 probe on USB, offered over USB/IP, with QEMU's micro:bit behind it.

usage: dap.py [--port N] [--uid HEX] [--serial TEXT] [--content ADDRESS=HEX]...

Prints `port N` when it is ready; a kernel with vhci_hcd takes the probe by `usbip --tcp-port N attach -r HOST -b 1-1`. It ends with
its standard input, where `read ADDRESS LENGTH` asks what lies in memory, `sessions` how often the probe was plugged in, and
`pull N` unplugs it at the N-th command from now.

Commands: CMSIS-DAP 2.1 (arm-software.github.io/CMSIS-DAP). USB/IP: Documentation/usb/usbip_protocol.rst of Linux.
"""
import argparse
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bmp import content  # noqa: E402
from microbit import DebugPort, Microbit  # noqa: E402

EPIPE, ECONNRESET = 32, 104
PACKET = 512
OK, FAULT, MISMATCH = 1, 4, 0x10
RESET_PIN = 0x80


class Stall(Exception):
    """The endpoint says no."""


class Pulled(Exception):
    """The probe is unplugged."""


class Dap:
    """The probe's commands."""

    def __init__(self, machine, serial):
        self.machine, self.serial = machine, serial
        self.port = DebugPort(machine)
        self.held, self.mask, self.retries = False, 0xFFFFFFFF, 0

    def command(self, packet):
        code = packet[0]
        if code == 0x00:
            return self.about(packet[1])
        if code == 0x02:
            return b"\x02\x01"                          # connected, SWD
        if code == 0x04:
            self.retries = struct.unpack_from("<H", packet, 4)[0]
            return b"\x04\0"
        if code == 0x05:
            return self.transfers(packet)
        if code == 0x06:
            return self.block(packet)
        if code == 0x08:
            self.port.dp(0, struct.unpack_from("<I", packet, 2)[0])
            return b"\x08\0"
        if code == 0x0A:
            return b"\x0a\0\0"                          # no reset sequence of its own
        if code == 0x10:
            return self.pins(packet[1], packet[2])
        if code in (0x01, 0x03, 0x09, 0x11, 0x12, 0x13):
            return bytes([code, 0])
        return b"\xff"

    def about(self, what):
        values = {1: b"Lab\0", 2: b"Simulated CMSIS-DAP\0", 3: self.serial.encode() + b"\0", 4: b"2.1.0\0",
                  0xF0: b"\x01", 0xFE: b"\x01", 0xFF: struct.pack("<H", PACKET)}
        value = values.get(what, b"")
        return bytes([0, len(value)]) + value

    def pins(self, output, selected):
        if selected & RESET_PIN:
            low = not output & RESET_PIN
            if self.held and not low:
                with self.machine.lock:
                    self.machine.reset()
            self.held = low
        return bytes([0x10, 0x03 | (0 if self.held else RESET_PIN)])

    def access(self, request, value=None):
        if request & 1:
            return self.port.ap(self.port.select >> 24, request & 12 | self.port.select & 0xF0, value)
        return self.port.dp(request & 12, value)

    def transfers(self, packet):
        at, out, done = 3, b"", 0
        for _ in range(packet[2]):
            request, value = packet[at], None
            at += 1
            if not request & 2 or request & 0x10:
                value = struct.unpack_from("<I", packet, at)[0]
                at += 4
            if request & 0x20:
                self.mask = value
            elif request & 2:
                read = self.read(request, value if request & 0x10 else None)
                if read is None:
                    return bytes([5, done, OK | MISMATCH]) + out
                if not request & 0x10:
                    out += struct.pack("<I", read)
            else:
                self.access(request, value)
            done += 1
        return bytes([5, done, OK]) + out

    def read(self, request, wanted):
        """Reads; where a value is wanted, until it comes. None if it does not."""
        for _ in range(self.retries + 1):
            read = self.access(request) & 0xFFFFFFFF
            if wanted is None or read & self.mask == wanted:
                return read
        return None

    def block(self, packet):
        count, request = struct.unpack_from("<HB", packet, 2)
        out = b""
        for at in range(count):
            if request & 2:
                out += struct.pack("<I", self.access(request) & 0xFFFFFFFF)
            else:
                self.access(request, struct.unpack_from("<I", packet, 5 + 4 * at)[0])
        return struct.pack("<BHB", 6, count, OK) + out


class Usb:
    """The device as a kernel sees it: descriptors, control requests, two bulk endpoints."""

    VENDOR, PRODUCT = 0x1209, 0xDA42

    def __init__(self, dap):
        self.dap, self.answers = dap, []
        self.strings = {1: "Lab", 2: "Simulated CMSIS-DAP", 3: dap.serial, 4: "CMSIS-DAP v2"}

    def configuration(self):
        body = struct.pack("<9B", 9, 4, 0, 0, 2, 0xFF, 0, 0, 4)
        body += struct.pack("<BBBBHB", 7, 5, 0x01, 2, PACKET, 0) + struct.pack("<BBBBHB", 7, 5, 0x81, 2, PACKET, 0)
        return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body

    def descriptor(self, kind, index):
        if kind == 1:
            return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, self.VENDOR, self.PRODUCT, 0x0100, 1, 2, 3, 1)
        if kind == 2:
            return self.configuration()
        if kind == 3 and (index == 0 or index in self.strings):
            text = struct.pack("<H", 0x0409) if index == 0 else self.strings[index].encode("utf-16le")
            return bytes([2 + len(text), 3]) + text
        raise Stall

    def control(self, kind, request, value, length):
        if kind & 0x60:
            raise Stall
        if request == 6:
            return self.descriptor(value >> 8, value & 255)[:length]
        if request in (0, 8, 10):
            return {0: b"\0\0", 8: b"\1", 10: b"\0"}[request]
        if request in (1, 3, 5, 9, 11):
            return b""
        raise Stall


class Server:
    """USB/IP: one device, plugged in for the length of a connection."""

    def __init__(self, machine, serial):
        self.machine, self.serial = machine, serial
        self.sessions, self.pull = 0, None

    def about(self):
        return (b"/sys/devices/lab/usb1/1-1".ljust(256, b"\0") + b"1-1".ljust(32, b"\0")
                + struct.pack(">IIIHHHBBBBBB", 1, 2, 3, Usb.VENDOR, Usb.PRODUCT, 0x0100, 0, 0, 0, 1, 1, 1))

    def serve(self, link):
        _, code, _ = struct.unpack(">HHI", take(link, 8))
        if code == 0x8005:                              # what is there?
            link.sendall(struct.pack(">HHII", 0x0111, 5, 0, 1) + self.about() + b"\xff\0\0\0")
        elif code == 0x8003:                            # plug it in
            take(link, 32)
            link.sendall(struct.pack(">HHI", 0x0111, 3, 0) + self.about())
            self.sessions += 1
            self.plugged(link, Usb(Dap(self.machine, self.serial)))

    def plugged(self, link, usb):
        waiting = []                                    # reads of the bulk endpoint that nothing has answered yet
        while True:
            command, number, _, inward, endpoint = struct.unpack(">5I", take(link, 20))
            rest = take(link, 28)
            if command == 2:                            # unlink
                victim = struct.unpack(">I", rest[:4])[0]
                was = victim in waiting
                waiting = [other for other in waiting if other != victim]
                link.sendall(struct.pack(">5Ii", 4, number, 0, 0, 0, -ECONNRESET if was else 0) + bytes(24))
                continue
            length = struct.unpack(">Ii", rest[:8])[1]
            data = take(link, length) if not inward else b""
            try:
                if endpoint == 0:
                    kind, request, value, _, size = struct.unpack("<BBHHH", rest[20:28])
                    out = usb.control(kind, request, value, size)
                    reply(link, number, out if kind & 0x80 else b"", None if kind & 0x80 else length)
                elif inward:
                    waiting.append(number)
                else:
                    self.counted()
                    usb.answers.append(usb.dap.command(data))
                    reply(link, number, b"", length)
            except Stall:
                reply(link, number, b"", 0, -EPIPE)
            while waiting and usb.answers:
                reply(link, waiting.pop(0), usb.answers.pop(0))

    def counted(self):
        if self.pull is not None:
            self.pull -= 1
            if self.pull <= 0:
                self.pull = None
                raise Pulled

    def order(self, line):
        word, *rest = line.split()
        if word == "read":
            with self.machine.lock:
                return self.machine.bus.read(int(rest[0], 0), int(rest[1], 0)).hex()
        if word == "sessions":
            return str(self.sessions)
        if word == "pull":
            self.pull = int(rest[0])
            return "ok"
        return "what?"


def take(link, count):
    data = b""
    while len(data) < count:
        more = link.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def reply(link, number, data, length=None, status=0):
    length = len(data) if length is None else length
    link.sendall(struct.pack(">5I5i2I", 3, number, 0, 0, 0, status, length, 0, 0, 0, 0, 0) + data)


def connection(server, link):
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with link:
            server.serve(link)
    except (EOFError, Pulled, OSError):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--uid", type=lambda text: int(text, 16), default=0x0123456789ABCDEF)
    parser.add_argument("--serial", default="DAP0001")
    parser.add_argument("--content", type=content, action="append", default=[])
    options = parser.parse_args()
    server = Server(Microbit(options.uid, options.content), options.serial)
    listener = socket.create_server(("127.0.0.1", options.port))

    def listen():
        while True:
            threading.Thread(target=connection, args=(server, listener.accept()[0]), daemon=True).start()
    threading.Thread(target=listen, daemon=True).start()
    print("port", listener.getsockname()[1], flush=True)
    for line in sys.stdin:
        print(server.order(line) if line.strip() else "", flush=True)


if __name__ == "__main__":
    main()

"""USB devices made of software, which a guest's kernel attaches by USB/IP (Documentation/usb/usbip_protocol.rst): real libusb programs
meet them on a real kernel's USB. Here: boot loaders that speak DFU 1.1, or DfuSe as those of ST do.

    server = Server(); port = server.plug("1-1", Dfu(["@Internal Flash  /0x08000000/64*002Kg"]))
    in the guest:  usbip --tcp-port PORT attach -r 10.0.2.2 -b 1-1

A device is attached by one guest at a time; when it leaves or is unplugged its connection ends, and it can be attached again.
Alone:  usbip.py [--plain] [--names MAP...]   serves one device as 1-1, prints the port, and stays.
"""
import argparse
import re
import socket
import struct
import threading
import time

EPIPE, ECONNRESET = 32, 104
IDLE, SYNC, BUSY, DOWNLOADING, MANIFEST_SYNC, MANIFEST, WAIT_RESET, UPLOADING, ERROR = 2, 3, 4, 5, 6, 7, 8, 9, 10
ERR_TARGET, ERR_CHECK_ERASED, ERR_VERIFY, ERR_ADDRESS, ERR_VENDOR, ERR_STALLED = 1, 5, 7, 8, 11, 15


class Stall(Exception):
    """The device refuses the request."""


class Silent(Exception):
    """The device never answers this request."""


class Unplug(Exception):
    """The device is gone."""


class Dfu:
    """A boot loader. What a real one would refuse, it refuses: writing what is not erased, addresses that are not there."""

    def __init__(self, names=("flash",), dfuse=True, transfer=1024, serial="LAB0001", attributes=None, size=128 * 1024, ids=None):
        self.names, self.dfuse, self.transfer, self.serial, self.size = list(names), dfuse, transfer, serial, size
        self.attributes = attributes if attributes is not None else (0x0B if dfuse else 0x07)
        self.vid, self.pid = ids or ((0x0483, 0xDF11) if dfuse else (0x1209, 0xDB42))
        self.strings = {1: "Lab", 2: "STM32  BOOTLOADER" if dfuse else "Plain DFU", 3: serial}
        self.strings.update((4 + at, name) for at, name in enumerate(self.names))
        self.sectors = sectors(self.names) if dfuse else []
        self.memory = {start: bytearray(b"\xff" * length) for _, start, length in self.sectors} if dfuse else bytearray(b"\xff" * size)
        self.erased = []
        self.fault = None           # (n, "stall" | "silent" | "unplug" | status number): what happens to the n-th DFU request
        self.flips = False          # one bit of each programmed block turns
        self.abrupt = False         # it goes at the request to leave, before anybody can ask how that went
        self.left = 0
        self.begin()

    def begin(self):
        """It is plugged in."""
        self.state, self.status, self.pointer, self.pending, self.alternate, self.requests = IDLE, 0, 0, None, 0, 0
        self.image, self.log = bytearray(), []      # the log: each DFU request since then

    def content(self, address, length):
        """What is in its memory."""
        if not self.dfuse:
            return bytes(self.memory[address:address + length])
        whole = b"".join(bytes(self.memory[start]) for start in sorted(self.memory) if start >= self.sector(address)[1])
        return whole[address - self.sector(address)[1]:][:length]

    def store(self, address, content):
        """Puts something there, past the protocol."""
        for at, byte in enumerate(content, address):
            _, start, _ = self.sector(at)
            self.memory[start][at - start] = byte

    def sector(self, address):
        """The sector an address lies in: alternate setting, start, length."""
        for sector in self.sectors:
            if sector[1] <= address < sector[1] + sector[2]:
                return sector
        return None

    # --- descriptors -------------------------------------------------------------------------------------------------
    def device_descriptor(self):
        return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, self.vid, self.pid, 0x2200, 1, 2, 3, 1)

    def configuration(self):
        body = b"".join(struct.pack("<9B", 9, 4, 0, at, 0, 0xFE, 1, 2, 4 + at) for at in range(len(self.names)))
        body += struct.pack("<BBBHHH", 9, 0x21, self.attributes, 255, self.transfer, 0x011A if self.dfuse else 0x0110)
        return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body

    def standard(self, request, value, index, length):
        kind, number = value >> 8, value & 255
        if request == 6:
            if kind == 1:
                return self.device_descriptor()[:length]
            if kind == 2:
                return self.configuration()[:length]
            if kind == 3 and (number == 0 or number in self.strings):
                text = struct.pack("<H", 0x0409) if number == 0 else self.strings[number].encode("utf-16le")
                return (bytes([2 + len(text), 3]) + text)[:length]
            raise Stall()
        if request == 11:
            self.alternate = value
        if request in (0, 8, 10):
            return {0: b"\0\0", 8: b"\1", 10: bytes([self.alternate])}[request]
        return b""

    # --- DFU ---------------------------------------------------------------------------------------------------------
    def control(self, kind, request, value, index, length, data):
        if kind & 0x60 == 0:
            return self.standard(request, value, index, length)
        if kind & 0x60 != 0x20:
            raise Stall()
        self.requests += 1
        self.log.append(request)
        if self.fault and self.fault[0] == self.requests:
            what = self.fault[1]
            if what == "stall":
                raise Stall()
            if what == "silent":
                raise Silent()
            if what == "unplug":
                raise Unplug()
            self.state, self.status = ERROR, what
            if request == 3:
                return self.report(0)
            raise Stall()
        return {1: self.download, 2: self.upload, 3: self.get_status, 4: self.clear, 5: self.get_state, 6: self.abort}.get(request, self.refuse)(value, length, data)

    def refuse(self, *_):
        self.state, self.status = ERROR, ERR_STALLED
        raise Stall()

    def report(self, poll):
        return struct.pack("<BHBBB", self.status, poll, 0, self.state, 0)

    def download(self, block, _, data):
        if self.state not in (IDLE, DOWNLOADING) or len(data) > self.transfer or (not data and self.state == IDLE and not self.dfuse):
            self.refuse()
        if not data:
            self.state = MANIFEST_SYNC
            if self.dfuse and self.abrupt:
                self.left += 1
                raise Unplug()
            return b""
        if self.state == IDLE:
            self.image = bytearray()
        self.pending, self.state = (block, bytes(data)), SYNC
        return b""

    def get_status(self, *_):
        if self.state == SYNC:
            self.state = BUSY
            return self.report(1)
        if self.state == BUSY:
            self.state = DOWNLOADING
            self.work(*self.pending)
        elif self.state == MANIFEST_SYNC:
            self.manifest()
        return self.report(0)

    def manifest(self):
        if self.dfuse:
            self.state, self.left = MANIFEST, self.left + 1
            return
        self.memory[:len(self.image)] = self.image
        self.state = IDLE if self.attributes & 4 else WAIT_RESET

    def clear(self, *_):
        if self.state != ERROR:
            self.refuse()
        self.state, self.status = IDLE, 0
        return b""

    def get_state(self, *_):
        return bytes([self.state])

    def abort(self, *_):
        if self.state in (ERROR, BUSY, MANIFEST, WAIT_RESET):
            self.refuse()
        self.state, self.pending = IDLE, None
        return b""

    def upload(self, block, length, _):
        if self.state not in (IDLE, UPLOADING) or not self.attributes & 2:
            self.refuse()
        if self.dfuse and block < 2:
            self.state = IDLE
            return bytes([0, 0x21, 0x41])[:length]
        address = self.pointer + (block - 2) * self.transfer if self.dfuse else block * self.transfer
        if self.dfuse and self.sector(address) is None:
            self.refuse()
        out = self.content(address, length)
        self.state = UPLOADING if len(out) == length else IDLE
        return out

    def fail(self, status):
        self.state, self.status = ERROR, status

    def work(self, block, data):
        if not self.dfuse:
            if len(self.image) + len(data) > self.size or block * self.transfer != len(self.image):
                return self.fail(ERR_ADDRESS)
            self.image += self.flipped(data)
            return None
        if block == 0:
            return self.command(data)
        return self.program(self.pointer + (block - 2) * self.transfer, data)

    def command(self, data):
        if len(data) != 5 or data[0] not in (0x21, 0x41):
            return self.fail(ERR_STALLED)
        address = struct.unpack("<I", data[1:])[0]
        sector = self.sector(address)
        if sector is None or sector[0] != self.alternate:
            return self.fail(ERR_TARGET)
        if data[0] == 0x21:
            self.pointer = address
        else:
            self.memory[sector[1]][:] = b"\xff" * sector[2]
            self.erased.append(sector[1])
        return None

    def program(self, address, data):
        for at in (address, address + len(data) - 1):
            if self.sector(at) is None or self.sector(at)[0] != self.alternate:
                return self.fail(ERR_ADDRESS)
        if any(byte != 0xFF for byte in self.content(address, len(data))):
            return self.fail(ERR_CHECK_ERASED)
        self.store(address, self.flipped(data))
        return None

    def flipped(self, data):
        return bytes([data[0] ^ 1]) + data[1:] if self.flips else data


def sectors(names):
    """Reads DfuSe memory maps; returns each sector as alternate setting, start, length."""
    found = []
    for alternate, name in enumerate(names):
        parts = name.split("/")[1:]
        for start, runs in zip(parts[::2], parts[1::2]):
            at = int(start, 16)
            for run in runs.split(","):
                count, size, unit = re.match(r"(\d+)\*(\d+)([ BKM])[a-g]", run).groups()
                length = int(size) * {" ": 1, "B": 1, "K": 1 << 10, "M": 1 << 20}[unit]
                for _ in range(int(count)):
                    found.append((alternate, at, length))
                    at += length
    return found


class Server:
    """Offers devices on the host's loopback, at a port that the system chooses."""

    def __init__(self):
        self.devices, self.links = {}, {}
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def plug(self, bus_id, device):
        """Offers a device under a bus id; returns it."""
        self.devices[bus_id] = device
        return device

    def unplug(self, bus_id):
        """Pulls it from the guest that has it."""
        link = self.links.pop(bus_id, None)
        if link:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass                # it left by itself

    def stop(self):
        """Offers nothing any more."""
        for bus_id in list(self.links):
            self.unplug(bus_id)
        self.socket.close()

    def _accept(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            with link, link.makefile("rb") as stream:
                _, code, _ = struct.unpack(">HHI", take(stream, 8))
                if code == 0x8005:
                    shown = [described(bus_id, device) + device.configuration()[14:17] + b"\0" for bus_id, device in self.devices.items()]
                    link.sendall(struct.pack(">HHII", 0x0111, 5, 0, len(shown)) + b"".join(shown))
                elif code == 0x8003:
                    bus_id = take(stream, 32).rstrip(b"\0").decode()
                    device = self.devices[bus_id]
                    self.links[bus_id] = link
                    device.begin()
                    link.sendall(struct.pack(">HHI", 0x0111, 3, 0) + described(bus_id, device))
                    requests(link, stream, device)
        except (EOFError, OSError, KeyError, Unplug):
            pass


def take(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def described(bus_id, device):
    """struct usbip_usb_device; 3 is high speed."""
    number = int(bus_id.split("-")[1])
    return (b"/sys/devices/lab/" + bus_id.encode()).ljust(256, b"\0") + bus_id.encode().ljust(32, b"\0") + struct.pack(
        ">IIIHHHBBBBBB", 1, 1 + number, 3, device.vid, device.pid, 0x2200, 0, 0, 0, 1, 1, 1)


def requests(link, stream, device):
    """Answers the kernel's requests until the link ends. One that is never answered stays pending, and is unlinked at once."""
    pending = set()

    def answer(number, status=0, data=b"", length=None):
        link.sendall(struct.pack(">IIIIIiiiiiII", 3, number, 0, 0, 0, status, len(data) if length is None else length, 0, 0, 0, 0, 0) + data)
    while True:
        command, number, _, inward, endpoint = struct.unpack(">IIIII", take(stream, 20))
        rest = take(stream, 28)
        if command == 2:
            victim = struct.unpack(">I", rest[:4])[0]
            link.sendall(struct.pack(">IIIIIi", 4, number, 0, 0, 0, -ECONNRESET if victim in pending else 0) + bytes(24))
            pending.discard(victim)
            continue
        length = struct.unpack(">i", rest[4:8])[0]
        data = take(stream, length) if not inward and length > 0 else b""
        kind, request, value, index, most = struct.unpack("<BBHHH", rest[20:28])
        try:
            if endpoint != 0:
                raise Stall()
            out = device.control(kind, request, value, index, most, data)
            answer(number, 0, out) if inward else answer(number, 0, b"", len(data))
        except Stall:
            answer(number, -EPIPE)
        except Silent:
            pending.add(number)
        if getattr(device, "state", None) == MANIFEST:
            # The last status goes out, then the firmware starts.
            time.sleep(0.05)
            raise Unplug()


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--plain", action="store_true")
    words.add_argument("--names", nargs="+", default=["@Internal Flash  /0x08000000/64*002Kg"])
    given = words.parse_args()
    server = Server()
    server.plug("1-1", Dfu(dfuse=False) if given.plain else Dfu(given.names))
    print(server.port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()

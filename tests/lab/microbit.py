"""An nRF51822 as a debug probe sees it: QEMU's micro:bit behind a model of the Arm debug port.

Memory, core and flash controller are QEMU's, so the flash algorithm that a programmer loads into RAM is run and meets a
controller that has to be unlocked, erases pages to 0xFF and only clears bits. The debug port, its one access port (Arm IHI 0031)
and the core's debug registers (Armv6-M manual, chapter C1) are modelled here, for QEMU has none. Two ways lead into QEMU: its
device-test socket reads and writes the bus (its gdb port drops writes to device registers), its gdb port has the core's registers.
"""
import atexit
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

FLASH_SIZE, RAM, RAM_SIZE = 0x40000, 0x20000000, 0x4000
# Flash controller (nRF51 reference manual 3.0, section 6): CONFIG 0 read, 1 write, 2 erase.
NVMC_CONFIG, NVMC_ERASEALL = 0x4001E504, 0x4001E50C
LIMIT = 20


class Gdb:
    """QEMU's gdb port: the core's registers, go, stop, hardware breakpoints."""

    def __init__(self, path):
        self.socket = connect(path)
        self.buffer, self.running = b"", False
        # The description must have been asked for before single registers can be.
        for packet in (b"qSupported", b"qXfer:features:read:target.xml:0,ffb", b"?"):
            self.ask(packet)

    def packet(self, timeout=LIMIT):
        self.socket.settimeout(timeout)
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if 0 <= start < end and len(self.buffer) >= end + 3:
                packet, self.buffer = self.buffer[start + 1:end], self.buffer[end + 3:]
                self.socket.sendall(b"+")
                return packet
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("QEMU closed its gdb port")
            self.buffer += more

    def send(self, packet):
        self.socket.sendall(b"$%s#%02x" % (packet, sum(packet) & 255))

    def ask(self, packet):
        self.send(packet)
        return self.packet()

    def go(self):
        self.send(b"c")
        self.running = True

    def halt(self):
        if self.running:
            self.socket.sendall(b"\x03")
            self.packet()
            self.running = False

    def poll(self):
        """Notices that the core stopped by itself."""
        if self.running:
            try:
                self.packet(0.002)
                self.running = False
            except TimeoutError:
                pass

    def register(self, number, value=None):
        if value is not None:
            return self.ask(b"P%x=%s" % (number, struct.pack("<I", value).hex().encode()))
        answer = self.ask(b"p%x" % number)
        return struct.unpack("<I", bytes.fromhex(answer.decode()))[0] if len(answer) == 8 else 0


class Bus:
    """QEMU's device-test socket: the bus as the core sees it."""

    def __init__(self, path):
        self.file = connect(path).makefile("rwb", buffering=0)

    def ask(self, line):
        self.file.write(line.encode() + b"\n")
        while True:
            answer = self.file.readline().decode().split()
            if not answer:
                raise EOFError("QEMU closed its test socket")
            if answer[0] == "OK":
                return answer[1] if len(answer) > 1 else ""
            if answer[0] == "FAIL":
                raise ValueError(line)

    def read(self, address, length):
        return bytes.fromhex(self.ask(f"read {address:#x} {length:#x}")[2:]) if length else b""

    def write(self, address, data):
        if RAM <= address < 0x40000000:
            if data:
                self.ask(f"write {address:#x} {len(data):#x} 0x{data.hex()}")
            return
        # Registers and flash take words.
        for at in range(0, len(data) & ~3, 4):
            self.word(address + at, struct.unpack_from("<I", data, at)[0])

    def word(self, address, value=None):
        if value is None:
            return int(self.ask(f"readl {address:#x}"), 16)
        return self.ask(f"writel {address:#x} {value:#x}")


class Microbit:
    """The machine. `uid` is FICR.DEVICEID as one number, its low word first in memory."""

    def __init__(self, uid, content=()):
        self.folder = tempfile.mkdtemp(prefix="microbit-")
        paths = [os.path.join(self.folder, name) for name in ("gdb", "bus")]
        self.qemu = subprocess.Popen(
            [*os.environ.get("QEMU_SYSTEM_ARM", "qemu-system-arm").split(), "-M", "microbit", "-S", "-accel", "tcg", "-display", "none", "-monitor", "none",
             "-serial", "none", "-chardev", f"socket,id=gdb,path={paths[0]},server=on,wait=off", "-gdb", "chardev:gdb",
             "-qtest", f"unix:{paths[1]},server=on,wait=off", "-qtest-log", "none"],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.close)
        self.lock = threading.RLock()
        self.gdb, self.bus = Gdb(paths[0]), Bus(paths[1])
        self.uid, self.flips, self.overrides = uid, {}, {}
        self.factory()
        # QEMU's flash begins as zeros; a part begins erased.
        self.bus.word(NVMC_CONFIG, 2)
        self.bus.word(NVMC_ERASEALL, 1)
        self.bus.word(NVMC_CONFIG, 0)
        for address, data in content:
            self.store(address, data)
        self.dhcsr = self.dcrdr = self.demcr = self.fpb = 0
        self.comparators, self.was_reset, self.asleep = {}, False, False

    def close(self):
        self.qemu.kill()
        self.qemu.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def factory(self):
        """What the factory writes into a part (FICR, UICR); QEMU leaves some of it odd."""
        low, high = self.uid & 0xFFFFFFFF, self.uid >> 32
        words = {0x10000028: 0xFFFFFFFF, 0x1000002C: 0xFFFFFFFF, 0x1000005C: 0xFFFF001D,
                 0x10000060: low, 0x10000064: high, 0x100000A0: 0xFFFFFFFF, 0x100000A4: low ^ 0x5A5A5A5A,
                 0x100000A8: 0xFFFF0000 | (high & 0xFFFF)}
        for address, value in words.items():
            self.override(address, value)

    def override(self, address, value):
        for at, byte in enumerate(struct.pack("<I", value)):
            self.overrides[address + at] = byte

    def store(self, address, data):
        """Programs flash from the outside, as a part that was used before."""
        self.bus.word(NVMC_CONFIG, 1)
        pad = address & 3
        data = b"\xff" * pad + data
        data += b"\xff" * (-len(data) % 4)
        self.bus.write(address - pad, data)
        self.bus.word(NVMC_CONFIG, 0)

    # --- the access port's memory
    def read(self, address, length):
        with self.lock:
            if 0xE0001000 <= address < 0xE0100000:
                return b"".join(struct.pack("<I", self.system(address + at)) for at in range(0, max(length, 4), 4))[:length]
            data = bytearray(self.bus.read(address, length))
            if 0x10000000 <= address < 0x10001000:
                for at in range(length):
                    data[at] = self.overrides.get(address + at, data[at])
            for at, bit in self.flips.items():
                if address <= at < address + length:
                    data[at - address] ^= bit
            return bytes(data)

    def write(self, address, data):
        with self.lock:
            if 0xE0001000 <= address < 0xE0100000:
                for at in range(0, len(data), 4):
                    self.system(address + at, struct.unpack_from("<I", data, at)[0])
            else:
                self.bus.write(address, data)

    # --- the core's debug registers
    def system(self, address, value=None):
        if value is None:
            if address == 0xE000EDF0:
                return self.status()
            known = {0xE000EDF8: self.dcrdr, 0xE000EDFC: self.demcr, 0xE000ED30: 1, 0xE0002000: 0x40 | self.fpb,
                     0xE000ED0C: 0xFA050000}
            if address in known:
                return known[address]
            if 0xE0002008 <= address < 0xE0002018:
                return self.comparators.get(address, 0)
            if 0xE000E000 <= address < 0xE000F000:
                return self.overrides_word(address) or self.bus.word(address)
            return self.identification(address)
        if address == 0xE000EDF0 and value >> 16 == 0xA05F:
            self.control(value)
        elif address == 0xE000EDF4:
            self.transfer(value)
        elif address == 0xE000EDF8:
            self.dcrdr = value
        elif address == 0xE000EDFC:
            self.demcr = value
        elif address == 0xE000ED0C and value >> 16 == 0x05FA and value & 5:
            self.reset()
        elif address == 0xE0002000:
            self.fpb = value & 1
        elif 0xE0002008 <= address < 0xE0002018:
            self.comparator(address, value)
        elif 0xE000E000 <= address < 0xE000F000:
            self.bus.word(address, value)
        return 0

    def overrides_word(self, address):
        parts = [self.overrides.get(address + at) for at in range(4)]
        return None if None in parts else struct.unpack("<I", bytes(parts))[0]

    def identification(self, address):
        """The ROM table names its maker: Nordic (JEP106 2, 0x44), part 1; the units behind it are not there."""
        table = {0xFD0: 0x02, 0xFE0: 0x01, 0xFE4: 0x40, 0xFE8: 0x0C, 0xFF0: 0x0D, 0xFF4: 0x10, 0xFF8: 0x05, 0xFFC: 0xB1}
        return table.get(address & 0xFFF, 0) if 0xE00FF000 <= address < 0xE0100000 else 0

    def is_caught(self):
        with self.lock:
            self.gdb.poll()
            return bool(self.dhcsr & 1) and not self.gdb.running and not self.asleep

    def status(self):
        self.gdb.poll()
        halted = not self.gdb.running and not self.asleep
        value = self.dhcsr | 1 << 16 | halted << 17 | self.was_reset << 25
        self.was_reset = False
        return value

    def control(self, value):
        self.dhcsr = value & 0x2F
        if value & 3 == 3:
            self.gdb.halt()
            self.asleep = False
        elif not self.gdb.running and not self.asleep:
            if value & 4:
                if self.has_code():
                    self.gdb.ask(b"s")
            else:
                self.resume()

    def resume(self):
        """An algorithm returns to a BKPT, which QEMU's core does not take for the debugger's: a breakpoint stands on LR."""
        if not self.has_code():
            self.asleep = True
            return
        back = self.gdb.register(14) & ~1
        if self.gdb.register(15) >= RAM and RAM <= back < RAM + RAM_SIZE:
            self.gdb.ask(b"Z1,%x,2" % back)
        self.gdb.go()

    def has_code(self):
        """A core whose program counter lies where no code is would lock up, which QEMU answers by ending: ours sleeps."""
        at = self.gdb.register(15) & ~1
        in_flash = at < FLASH_SIZE and self.bus.read(at, 2) not in (b"\xff\xff", b"\0\0")
        return in_flash or RAM <= at < RAM + RAM_SIZE

    def transfer(self, value):
        number = value & 0x7F
        number = number if number < 16 else {16: 25, 17: 13}.get(number)
        if number is None:
            self.dcrdr = 0
        elif value >> 16 & 1:
            self.gdb.register(number, self.dcrdr)
        else:
            self.dcrdr = self.gdb.register(number)

    def reset(self):
        """A reset as the core sees it: registers from the vector table. QEMU's own would bring the flash back as it began."""
        self.gdb.halt()
        self.asleep, self.was_reset = False, True
        self.bus.word(NVMC_CONFIG, 0)
        stack, start = struct.unpack("<II", self.bus.read(0, 8))
        self.gdb.register(13, stack & ~3)
        self.gdb.register(14, 0xFFFFFFFF)
        self.gdb.register(15, start & ~1)
        self.gdb.register(25, 1 << 24)
        if not (self.demcr & 1 and self.dhcsr & 1):
            self.resume()

    def comparator(self, address, value):
        def place(word):
            return (word & 0x1FFFFFFC) + (2 if word >> 31 else 0)
        was_running = self.gdb.running
        self.gdb.halt()
        old = self.comparators.get(address, 0)
        if old & 1:
            self.gdb.ask(b"z1,%x,2" % place(old))
        if value & 1:
            self.gdb.ask(b"Z1,%x,2" % place(value))
        self.comparators[address] = value
        if was_running:
            self.gdb.go()


class DebugPort:
    """The debug port (SW-DP) and memory access port 0 (AHB-AP) in front of a machine."""

    IDR = 0x04770021

    def __init__(self, machine, idcode=0x0BB11477):
        self.machine, self.idcode = machine, idcode
        self.select = self.ctrl = self.tar = self.sticky = self.rdbuff = 0
        self.csw = 0x23000052

    def dp(self, register, value=None):
        if value is None:
            ctrl = self.ctrl | (self.ctrl & 0x50000000) << 1 | self.sticky << 5
            return {0: self.idcode, 4: ctrl, 8: 0, 12: self.rdbuff}[register]
        if register == 0 and value & 4:
            self.sticky = 0
        elif register == 4:
            self.ctrl = value & 0x50000F01
        elif register == 8:
            self.select = value
        return 0

    def ap(self, number, register, value=None):
        if number:
            return 0
        if register == 0x00:
            if value is None:
                return self.csw | 0x40
            self.csw = value
        elif register == 0x04:
            if value is None:
                return self.tar
            self.tar = value & 0xFFFFFFFF
        elif register == 0x0C or 0x10 <= register <= 0x1C:
            answer = self.data(register, value)
            if value is None:
                self.rdbuff = answer
            return answer
        elif value is None:
            return {0xFC: self.IDR, 0xF8: 0xE00FF003}.get(register, 0)
        return 0

    def data(self, register, value):
        if register != 0x0C:
            address, size = (self.tar & ~15) | (register - 0x10), 4
        else:
            address, size = self.tar, min(1 << (self.csw & 7), 4)
            if self.csw >> 4 & 3:
                self.tar = (self.tar & ~0x3FF) | ((self.tar + size) & 0x3FF)
        lane = 8 * (address & 3) if size < 4 else 0
        if value is None:
            return int.from_bytes(self.machine.read(address, size), "little") << lane
        self.machine.write(address, (value >> lane & (1 << 8 * size) - 1).to_bytes(size, "little"))
        return 0


def connect(path):
    end = time.monotonic() + LIMIT
    while True:
        try:
            link = socket.socket(socket.AF_UNIX)
            link.connect(path)
            return link
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)

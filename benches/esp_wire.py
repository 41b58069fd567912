"""Bytes on the wire for one partition of an ESP32-C3, both ways, from connecting to letting go; beside esptool from PyPI.

usage: tests/.oracles/venv/bin/python benches/esp_wire.py ESP_WIRE_BENCH

ESP_WIRE_BENCH is what `cargo bench --no-run --bench esp_wire` names. The simulated chip (tests/lab/esp_rom.py) counts; its flash
must be equal after both, or the program ends at once. esptool talks to the ROM, as we do: the simulator runs no code, so no
stub. For esptool's stub a lower bound is added up: its code, and the partition as its compression makes it, without a byte
around them.
"""
import base64
import glob
import json
import os
import random
import subprocess
import sys
import tempfile
import zlib

from measured import Report, Run

HERE = os.path.dirname(os.path.abspath(__file__))
CHIP = os.path.join(HERE, "..", "tests", "lab", "esp_rom.py")
SIZE, ADDRESS = 0x6000, 0x9000
SECTOR = 4096


class Chip:
    """A simulated chip with a flash and a count of its own."""

    def __init__(self, folder, name):
        self.flash, self.counted = (os.path.join(folder, name + end) for end in (".flash", ".count"))
        self.process = subprocess.Popen([sys.executable, CHIP, self.flash, "--count", self.counted],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = "socket://" + self.process.stdout.readline().strip()

    def end(self):
        """Returns the bytes each way and the flash."""
        self.process.kill()
        self.process.wait()
        with open(self.counted) as file:
            count = json.load(file)
        with open(self.flash, "rb") as file:
            return count["in"] + count["out"], file.read()


def esptool(folder, file, *more):
    chip = Chip(folder, "theirs" + "".join(more))
    Run([sys.executable, "-m", "esptool", "--chip", "auto", "--port", chip.url, "--no-stub", "--before", "no-reset",
         "--after", "no-reset", "write-flash", *more, hex(ADDRESS), file]).checked()
    return chip.end()


def ours(folder, name, bench, *files):
    """Writes files one after the other to one chip; returns the bytes of the last."""
    chip, before = Chip(folder, name), 0
    for file in files:
        if os.path.exists(chip.counted):
            with open(chip.counted) as counted:
                count = json.load(counted)
            before = count["in"] + count["out"]
        traffic = json.loads(Run([bench, "esp:" + chip.url, hex(ADDRESS), file]).checked().stdout)
    moved, flash = chip.end()
    return moved - before, flash, traffic


def stub(content):
    """What esptool's stub cannot do without: its own code, and the partition compressed as esptool does it."""
    import esptool as package
    name = sorted(glob.glob(os.path.join(os.path.dirname(package.__file__), "targets", "stub_flasher", "*", "esp32c3.json")))
    with open(name[-1]) as file:
        parts = json.load(file)
    code = sum(len(base64.b64decode(parts[part])) for part in ("text", "data") if parts.get(part))
    return code + len(zlib.compress(content, 9))


def contents():
    """Three partitions of 24 KiB: all of it drawn, data as a factory has them with blank pages behind, and settings only."""
    draw = random.Random(7)
    drawn = bytes(draw.randrange(256) for _ in range(SIZE))
    pem = base64.encodebytes(drawn[:1600]) + base64.encodebytes(drawn[1600:3000])
    factory = (pem + drawn[3000:3200]).ljust(SIZE, b"\xff")
    settings = b"".join(b"key-%04d" % n + b"\0" * 24 for n in range(60)).ljust(SIZE, b"\xff")
    return (("drawn", drawn), ("certificates, a key, blank pages", factory), ("settings, blank pages", settings))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    bench, report = sys.argv[1], Report()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, content) in enumerate(contents()):
            folder_now = os.path.join(folder, str(number))
            os.mkdir(folder_now)
            file = os.path.join(folder_now, "partition")
            with open(file, "wb") as out:
                out.write(content)
            changed = os.path.join(folder_now, "changed")
            with open(changed, "wb") as out:
                out.write(content[:SECTOR] + bytes((content[SECTOR] ^ 0x55,)) + content[SECTOR + 1:])
            theirs, flash = esptool(folder_now, file)
            packed, packed_flash = esptool(folder_now, file, "--compress")
            mine, my_flash, _ = ours(folder_now, "ours", bench, file)
            again, _, nothing = ours(folder_now, "again", bench, file, file)
            one, _, sector = ours(folder_now, "one", bench, file, changed)
            if not flash == packed_flash == my_flash:
                sys.exit("the flashes differ")
            report.say("%s: esptool %d bytes, with --compress %d, with its stub more than %d; ours %d"
                       % (name, theirs, packed, stub(content), mine))
            report.bound("  bytes to esptool's", mine / theirs, 1, "times")
            report.bound("  bytes to esptool's, one sector changed", one / theirs, 1, "times")
            report.bound("  bytes to esptool's, nothing changed", again / theirs, 0.5, "times")
            report.bound("  erased where one sector changed", sector["erased"], SECTOR, "bytes")
            report.bound("  erased where nothing changed", nothing["erased"], 0, "bytes")
    report.end()


if __name__ == "__main__":
    main()

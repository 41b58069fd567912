"""Four slots beside one: `firstlight flash` of an ESP32-C3 over lines of limited speed, the same chips and data, in the same run.

usage: tests/.oracles/venv/bin/python benches/flash_slots.py FIRSTLIGHT [DEVICES]

FIRSTLIGHT is the binary. Each slot is a simulated ROM loader (tests/lab/esp_rom.py) whose line moves 11,520 bytes a second both ways
together, what 115,200 baud do. One slot takes DEVICES (4) one after the other, four slots take as many at once; every chip's flash
must hold its own device afterwards, or the program ends at once.
"""
import os
import subprocess
import sys
import tempfile
import time

from measured import Report, Run, median

HERE = os.path.dirname(os.path.abspath(__file__))
CHIP = os.path.join(HERE, "..", "tests", "lab", "esp_rom.py")
RATE, SLOTS, TURNS = 11520, 4, 3
FLEET = """\
version: 1
fleet: bench
inventory: devices.csv
authority: {common_name: Bench CA, organization: Bench}
servers:
  telemetry: {protocol: mqtt, uri: "mqtts://mqtt.bench.example:8883", security: x509, credential: identity}
profiles:
  sensor:
    credentials:
      identity: {kind: x509, key: p256}
    deliveries:
      flash:
        factory:
          chip: esp32c3
          accept_plaintext: "a bench"
          parts:
            - address: 0x9000
              size: 24KiB
              format: nvs
              entries:
                - {key: cert, credential: identity.certificate, as: pem, type: string}
                - {key: key, credential: identity.private_key, as: pem, type: string}
                - {key: ca, trust: telemetry, type: string}
                - {key: serial, text: "{{ device.serial }}"}
"""


class Chip:
    """A chip behind a slow line."""

    def __init__(self, folder, number):
        self.flash = os.path.join(folder, "chip-%d" % number)
        self.process = subprocess.Popen(
            [sys.executable, CHIP, self.flash, "--rate", str(RATE), "--mac", "7c:df:a1:00:00:%02x" % number],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.selector = "esp:socket://" + self.process.stdout.readline().strip()

    def end(self):
        self.process.kill()
        self.process.wait()

    def holds(self, serial):
        with open(self.flash, "rb") as file:
            return serial.encode() in file.read()[0x9000:0xF000]


def flash(binary, devices, groups):
    """Flashes devices in groups, each at once; returns the seconds of the runs of the binary alone."""
    with tempfile.TemporaryDirectory(prefix="firstlight-bench-") as folder:
        for name, text in (("fleet.yaml", FLEET),
                           ("devices.csv", "id,serial\n" + "".join("sn-%d,SN%06d\n" % (n, n) for n in range(devices)))):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        Run([binary, "ca", "init"], cwd=folder).checked()
        chips = [Chip(folder, number) for number in range(devices)]
        try:
            seconds = 0
            for group in groups:
                words = [word for number in group for word in ("--programmer", chips[number].selector)]
                names = ["sn-%d" % number for number in group]
                begun = time.monotonic()
                Run([binary, "flash", *names, *words], cwd=folder).checked()
                seconds += time.monotonic() - begun
        finally:
            for chip in chips:
                chip.end()
        if not all(chip.holds("SN%06d" % number) for number, chip in enumerate(chips)):
            sys.exit("a chip does not hold its device")
        return seconds


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n\n")[1])
    binary, report = os.path.abspath(sys.argv[1]), Report()
    devices = int(sys.argv[2]) if len(sys.argv) > 2 else SLOTS
    ratios = []
    for _ in range(TURNS):
        one = flash(binary, devices, [[number] for number in range(devices)])
        four = flash(binary, devices, [range(at, min(at + SLOTS, devices)) for at in range(0, devices, SLOTS)])
        report.say("%d devices: one slot %.1f s, four slots %.1f s" % (devices, one, four))
        ratios.append(one / four)
    report.bound("rate of four slots, over one", median(ratios), 3, "times", at_least=True)
    report.end()


main()

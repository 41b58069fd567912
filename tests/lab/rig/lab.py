"""The laptop that all tests of a run share, and what a test case has at hand."""
import os
import tempfile
import unittest

from .disk import MIB, Disk
from .machine import Machine
from .oracle import copy_span
from .slots import ARGUMENTS, Slots, built_in
from .tool import Tool


class Bench:
    """One run: its folder, and the laptop, which is started when the first test needs it."""

    def __init__(self, work, binary=None, client=None, probes=()):
        # `probes`: firstlight with the feature probe, and the tests of that feature.
        self.work, self.binary, self.client, self.probes = work, binary, client, probes
        self.folder = tempfile.mkdtemp(prefix="run-", dir=work)
        self.count, self.devices = 0, 0
        self.built_in = Disk(self.path("built-in.img"), 128 * MIB)
        self.machine = self.installed = self.system_disk = None

    def path(self, name):
        """A path for a new file of this run."""
        self.count += 1
        return os.path.join(self.folder, "%03d-%s" % (self.count, name))

    def system(self, name="system.img"):
        """A fresh system disk: the lab's own, or `debian.img`."""
        path, image = self.path(name), os.path.join(self.work, name)
        copy_span(image, 0, os.path.getsize(image), path)
        return path

    def laptop(self):
        """The laptop, running; if it is off, with a fresh system disk."""
        if self.machine is None or self.machine.process.poll() is not None:
            self.system_disk, self.installed = self.system(), None
            self._start()
        return self.machine

    def restart(self):
        """Cuts the laptop's power and starts it again from the system disk it had."""
        self.machine.cut_power()
        self._start()
        return self.machine

    def _start(self):
        self.machine = Machine(self.work, self.path("laptop"), self.system_disk, ARGUMENTS + built_in(self.built_in))
        self.machine.slots = Slots(self.machine)

    def tool(self):
        """The tool under test, installed on the laptop."""
        if not self.binary:
            raise AssertionError("no firstlight binary to test: start the tests through tests/lab/run")
        if self.installed is None:
            self.installed = Tool.install(self.machine, self.binary)
        self.installed.machine = self.machine
        return self.installed

    def next_device(self):
        """A device of the fleet that no test has had."""
        self.devices += 1
        return "gw-%04d" % self.devices

    def end(self):
        """Switches the laptop off."""
        if self.machine is not None:
            self.machine.cut_power()


class Case(unittest.TestCase):
    """A test with the laptop, its slots, and new media, which are pulled at its end."""

    bench = None                    # set by the runner

    def setUp(self):
        self.work = self.bench.work
        self.laptop = self.bench.laptop()
        self.slots = self.laptop.slots
        self.disks = []
        self.bench.built_in.mark()
        self.addCleanup(self._clear)

    def _clear(self):
        for disk in self.disks:
            disk.mark()
        if self.laptop.process.poll() is None:
            self.laptop.must("killall -9 firstlight 2>/dev/null; stty -F /dev/ttyS2 sane rows 24 columns 80")
            self.slots.unplug_all()
        for disk in self.disks:
            disk.close()

    def image(self, name, size):
        """A new file of zeros."""
        path = self.bench.path(name)
        with open(path, "wb") as file:
            file.truncate(size)
        return path

    def disk(self, size=128 * MIB, **how):
        """A new disk that is nowhere plugged in."""
        disk = Disk(self.bench.path("disk.img"), size, **how)
        self.disks.append(disk)
        return disk

    def stick(self, port=1, **how):
        """A new stick in a USB port; returns its disk and its node."""
        disk = self.disk(**how)
        self.serial = "LAB%04d" % self.bench.count
        return disk, self.slots.plug(disk, self.serial, port)

    def card(self, **how):
        """A new card in the slot; returns its disk and its node."""
        disk = self.disk(**how)
        return disk, self.slots.insert(disk)

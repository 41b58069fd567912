"""The laptop that all tests of a run share, and what a test case has at hand."""
import os
import tempfile
import unittest

from .disk import MIB, Disk
from .machine import Machine
from .slots import ARGUMENTS, Slots


class Bench:
    """One run: its folders, and the laptop, which is started when the first test needs it."""

    def __init__(self, work, tool=None):
        self.work, self.tool = work, tool
        self.folder = tempfile.mkdtemp(prefix="run-", dir=work)
        self.machine, self.count = None, 0

    def path(self, name):
        """A path for a new file of this run."""
        self.count += 1
        return os.path.join(self.folder, "%03d-%s" % (self.count, name))

    def system(self):
        """A fresh system disk."""
        path = self.path("system.img")
        copy_sparse(os.path.join(self.work, "system.img"), path)
        return path

    def laptop(self):
        """The laptop, running."""
        if self.machine is None or self.machine.process.poll() is not None:
            self.machine = Machine(self.work, self.path("laptop"), self.system(), ARGUMENTS)
            self.machine.slots = Slots(self.machine)
        return self.machine

    def end(self):
        """Switches everything off."""
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
        self.addCleanup(self._clear)

    def _clear(self):
        for disk in self.disks:
            disk.mark()
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


def copy_sparse(source, target):
    """Copies a file, leaving zeros out."""
    from .oracle import copy_span
    copy_span(source, 0, os.path.getsize(source), target)

"""A small device: a guest with a serial number, a disk of its own, a network, and a program that it runs at every boot."""
import os
import re
import shutil
import subprocess

from .machine import HERE, PATIENCE, Finished, Machine
from .slots import ARGUMENTS, AT_POWER_ON, Slots, at_power_on

# What it runs at every boot, if it is there, before it does anything that a test asks for.
AT_BOOT = "/sbin/at-boot"


def smbios(serial):
    """Arguments for a machine with this serial number."""
    return ["-smbios", "type=1,manufacturer=Lab,product=Gateway,serial=" + serial]


def network(card):
    """Arguments for a network card of this kind, which reaches the host's loopback."""
    return ["-netdev", "user,id=net", "-device", card + ",netdev=net,romfile="]


class Device:
    """Switched off at first; `boot` starts it. What is on its disk stays there, whatever happens to its power."""

    def __init__(self, bench, name, serial, card="virtio-net-pci", arguments=(), disk=None):
        """`disk` is a system disk (a rig.disk.Disk) whose writes a test wants to hold; a plain file when absent."""
        self.bench, self.name, self.serial = bench, name, serial
        self.disk = "nbd+unix:///?socket=" + disk.address if disk else bench.system()
        self.arguments = [*ARGUMENTS, *smbios(serial), *network(card), *arguments]
        self.baked = bench.path(name + "-baked")
        os.makedirs(self.baked)
        self.machine = None

    def bake(self, path, content, mode=0o644):
        """Puts a file on its disk, as of the next boot: what is in the image that the factory has, for instance in /etc/firstlight."""
        file = self.baked + path
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as target:
            target.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(file, mode)

    def at_boot(self, script):
        """Sets what it runs at every boot."""
        self.bake(AT_BOOT, "#!/bin/sh\nexport PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root\n" + script + "\n", 0o755)

    def bake_program(self, path, to):
        """Puts a program of the unpacked tree on its disk, with its libraries. A program without libraries goes in by `bake`."""
        tree = os.path.join(self.bench.work, "sys")
        libraries = ["%s/%s/x86_64-linux-gnu" % (tree, folder) for folder in ("lib", "usr/lib")]
        loader = os.path.realpath(libraries[0] + "/ld-linux-x86-64.so.2")
        listed = subprocess.run([loader, "--library-path", ":".join(libraries), "--list", os.path.join(tree, path)], check=True, stdout=subprocess.PIPE, text=True)
        self._copy(loader, "/lib64/ld-linux-x86-64.so.2")
        for name, file in re.findall(r"(\S+) => (/\S+) \(0x", listed.stdout):
            self._copy(file, "/lib/x86_64-linux-gnu/" + name)
        self._copy(os.path.join(tree, path), to)

    def _copy(self, source, to):
        with open(source, "rb") as file:
            self.bake(to, file.read(), 0o755)

    def boot(self, stick=None, once=False):
        """Switches it on, perhaps with a stick in its first port, and returns how AT_BOOT ended (none if there is none).

        With `once` it switches itself off afterwards; else it does what `run` and `must` ask for.
        """
        words = ["lab.device", *([AT_POWER_ON] if stick else []), *(["lab.once"] if once else [])]
        folder = self.bench.path(self.name)
        os.makedirs(os.path.join(folder, "lab"))
        shutil.copytree(self.baked, os.path.join(folder, "lab", "baked"))
        shutil.rmtree(self.baked)
        os.makedirs(self.baked)
        early = at_power_on(stick, "STICK") if stick else []
        self.machine = Machine(self.bench.work, folder, self.disk, [*self.arguments, *early], " ".join(words))
        self.machine.slots = Slots(self.machine)
        if stick:
            self.machine.slots.found_at_power_on(stick)
        self.run, self.must = self.machine.run, self.machine.must
        if once:
            self.machine.process.wait(PATIENCE)
        return self._boot_result()

    def _boot_result(self):
        def part(name):
            with open(os.path.join(self.machine.lab, "at-boot." + name), errors="replace") as file:
                return file.read()
        return Finished(int(part("rc")), part("out"), part("err")) if os.path.exists(self.machine.lab + "/at-boot.rc") else None

    def power_off(self):
        """Switches it off as a person would."""
        self.machine.power_off()

    def cut_power(self):
        """Pulls its plug."""
        if self.machine is not None:
            self.machine.cut_power()

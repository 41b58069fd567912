"""Where media are plugged in: four USB ports and one card slot."""
import threading
import time

from .qmp import Refused

# A controller with four ports; a slot whose card is a legacy drive, the only kind that can be taken out and put in again.
ARGUMENTS = ["-device", "qemu-xhci,id=xhci", "-device", "sdhci-pci", "-drive", "if=none,id=card", "-device", "sd-card,id=card0,drive=card"]


def built_in(disk):
    """Arguments for a disk that is built in and cannot be pulled; the guest's /dev/vda."""
    return ["-drive", "if=none,id=built-in,format=raw,file=nbd+unix:///?socket=" + disk.address, "-device", "virtio-blk-pci,drive=built-in"]


def at_power_on(disk, serial):
    """Arguments for a stick that is in the first port already when the machine starts; for a machine whose words hold AT_POWER_ON."""
    return ["-blockdev", "driver=nbd,node-name=early,server.type=unix,server.path=" + disk.address,
            "-device", "usb-storage,id=early-usb,bus=xhci.0,port=1,drive=early,removable=on,serial=" + serial]


# What tells the initrd to wait for that stick.
AT_POWER_ON = "lab.stick"


class Slots:
    """The ports of a machine that was started with ARGUMENTS."""

    def __init__(self, machine):
        self.machine, self.plugged, self.number = machine, {}, 0

    def plug(self, disk, serial, port=1):
        """Puts a stick into a USB port; returns its node, for instance /dev/sdb."""
        self.number += 1
        name = "stick%d" % self.number
        self.machine.qmp.command("blockdev-add", driver="nbd", node_name=name, read_only=disk.read_only,
                                 server={"type": "unix", "path": disk.address})
        self.machine.qmp.command("device_add", driver="usb-storage", id=name + "-usb", bus="xhci.0", port=str(port),
                                 drive=name, removable=True, serial=serial)
        self.plugged[port] = (name, disk)
        return self.node(serial)

    def found_at_power_on(self, disk):
        """Takes note of a stick that the machine was started with."""
        self.plugged[1] = ("early", disk)

    def unplug(self, port=1):
        """Pulls a stick, whatever it is doing. A held write is lost, and ends only after the pull has begun."""
        name, disk = self.plugged.pop(port)
        pulling = Pull(self.machine, name + "-usb")
        while not pulling.done(0.5):
            disk.let_one_go(done=False)
        self._release(name)
        self.machine.must("i=0; while grep -qs '' /sys/bus/usb/devices/*-%d/serial && [ $i -lt 2000 ]; do usleep 50000; i=$((i + 1)); done; [ $i -lt 2000 ]" % port)

    def _release(self, name):
        """Closes the backend, as soon as the machine has let go of it."""
        for _ in range(100):
            try:
                self.machine.qmp.command("blockdev-del", node_name=name)
                return
            except Refused:
                time.sleep(0.05)
        raise TimeoutError("QEMU does not let go of " + name)

    def unplug_all(self):
        """Pulls every stick and takes the card out."""
        for port in list(self.plugged):
            self.unplug(port)
        self.eject()

    def node(self, serial):
        """Waits until the guest knows the stick with this serial number; returns its node."""
        return self.machine.must(NODE_OF % serial).strip()

    def insert(self, disk):
        """Puts a card into the slot; returns its node."""
        self.machine.qmp.command("blockdev-change-medium", id="card0", format="raw",
                                 filename="nbd+unix:///?socket=" + disk.address)
        return self.machine.must("i=0; while [ ! -b /dev/mmcblk0 ] && [ $i -lt 2000 ]; do usleep 50000; i=$((i + 1)); done; "
                                 "[ -b /dev/mmcblk0 ] && echo /dev/mmcblk0").strip()

    def eject(self):
        """Takes the card out."""
        self.machine.qmp.command("eject", id="card0", force=True)
        self.machine.must("i=0; while [ -b /dev/mmcblk0 ] && [ $i -lt 2000 ]; do usleep 50000; i=$((i + 1)); done; [ ! -b /dev/mmcblk0 ]")


class Pull:
    """A device_del under way: QEMU answers only when the device's last request has come back."""

    def __init__(self, machine, name):
        self.machine, self.name, self.error = machine, name, None
        self.thread = threading.Thread(target=self._pull, daemon=True)
        self.thread.start()

    def _pull(self):
        try:
            self.machine.qmp.command("device_del", id=self.name)
        except (Refused, EOFError, OSError) as error:
            self.error = error

    def done(self, seconds):
        """Waits so long at most; true if the device is out."""
        self.thread.join(seconds)
        if self.error:
            raise self.error
        return not self.thread.is_alive()


NODE_OF = """
i=0
while [ $i -lt 2000 ]; do
  for disk in /sys/block/sd*; do
    at=$(readlink -f $disk/device)
    while [ "$at" != / ] && [ ! -f $at/idVendor ]; do at=$(dirname $at); done
    if [ "$(cat $at/serial 2>/dev/null)" = %s ] && [ "$(cat $disk/size)" != 0 ]; then echo /dev/${disk##*/}; exit 0; fi
  done
  usleep 50000
  i=$((i + 1))
done
exit 1
"""

"""A CMSIS-DAP probe on the USB of a real kernel (USB/IP), with QEMU's nRF51 behind it: first Debian's OpenOCD flashes through it,
then ours does, with probe-rs' block transfers and the chip's own flash algorithm in RAM."""
import os
import re
import shutil
import subprocess
import sys
import unittest

from rig.lab import Case
from rig.machine import HERE, PATIENCE, Machine

PAGES, AT = 0x3F800, 0x3F800 + 300
# A part that was used before: two pages whose neighbours must stay.
USED = bytes(at * 7 % 251 for at in range(2048))
UID = "c0ffee0123456789"
NETWORK = ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]
UP = """
set -e
modprobe virtio_net
modprobe vhci_hcd
mkdir -p /var/run
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
"""
TREE = "/lab/tree/ld-linux-x86-64.so.2 --library-path /lab/tree/lib /lab/tree/"
PLUG = TREE + """usbip --tcp-port %d attach -r 10.0.2.2 -b 1-1 || exit 1
i=0
until [ -e "$(dirname "$(grep -ls da42 /sys/bus/usb/devices/*/idProduct)"):1.0" ]; do usleep 100000; i=$((i + 1)); [ $i -lt 1000 ] || exit 1; done
usleep 200000
"""
OPENOCD = TREE + """openocd -s /lab/tree/scripts -c "set WORKAREASIZE 0" -f interface/cmsis-dap.cfg -c "transport select swd" \
  -f target/nrf51.cfg -c "adapter speed 1000" -c init -c "reset halt" \
  -c "flash write_image erase /lab/image.bin 0x1000 bin" -c "verify_image /lab/image.bin 0x1000 bin" \
  -c "dump_image /lab/back.bin 0x1000 3000" -c shutdown
"""
OURS = """
export FIRSTLIGHT_TEST_BINARY=/lab/tool/firstlight-probe FIRSTLIGHT_TEST_PROGRAMMER=%s FIRSTLIGHT_TEST_BYTE=%d
/lab/tool/programmer_swd --ignored --exact --nocapture a_probe_on_usb_writes_and_reads_back
"""


class Probe:
    """The simulator on the host side, as long as its standard input is open."""

    def __init__(self, work, *options):
        environment = dict(os.environ, QEMU_SYSTEM_ARM="%s %s usr/bin/qemu-system-arm" % (os.path.join(HERE, "in-tree"), work))
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "dap.py"), *options], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.port = int(self.process.stdout.readline().split()[1])

    def order(self, line):
        self.process.stdin.write(line + "\n")
        return self.process.stdout.readline().strip()

    def flash(self, address, length):
        return bytes.fromhex(self.order("read %#x %d" % (address, length)))

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def carry(work, folder, programs):
    """Puts programs of the unpacked tree into a folder, with the tree's loader and all the libraries they want."""
    tree = os.path.join(work, "sys")
    paths = [os.path.join(tree, kind, "x86_64-linux-gnu") for kind in ("lib", "usr/lib")]
    loader = os.path.join(paths[0], "ld-linux-x86-64.so.2")
    os.makedirs(os.path.join(folder, "lib"))
    shutil.copy(loader, folder)
    for program in programs:
        shutil.copy(os.path.join(tree, program), folder)
        listed = subprocess.run([loader, "--library-path", ":".join(paths), "--list", os.path.join(tree, program)],
                                check=True, stdout=subprocess.PIPE, text=True).stdout
        for library in re.findall(r"=> (/\S+) \(0x", listed):
            shutil.copy(library, os.path.join(folder, "lib"))


class Dap(Case):
    """One guest for all."""

    def setUp(self):
        self.work = self.bench.work
        self.machine = Machine(self.work, self.bench.path("bench"), self.bench.system(), NETWORK)
        self.addCleanup(self.machine.cut_power)
        carry(self.work, os.path.join(self.machine.lab, "tree"), ["usr/bin/openocd", "usr/sbin/usbip"])
        shutil.copytree(os.path.join(self.work, "sys/usr/share/openocd/scripts"), os.path.join(self.machine.lab, "tree/scripts"),
                        symlinks=True)
        self.machine.must(UP)

    def probe(self):
        probe = Probe(self.work, "--uid", UID, "--content", "%#x=%s" % (PAGES, USED.hex()))
        self.addCleanup(probe.close)
        return probe

    def plug(self, probe):
        self.machine.must(PLUG % probe.port)

    def install(self):
        """The binary, the tests' own program, and their libraries, which are the host's."""
        if not self.bench.probes:
            raise AssertionError("no build with the feature probe: start the tests through tests/lab/run")
        folder = os.path.join(self.machine.lab, "tool")
        os.makedirs(os.path.join(folder, "lib"))
        for path, name in zip(self.bench.probes, ("firstlight-probe", "programmer_swd")):
            shutil.copy2(path, os.path.join(folder, name))
            subprocess.run(["strip", os.path.join(folder, name)], check=False, stderr=subprocess.DEVNULL)
            listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
            for library in re.findall(r"(/\S+) \(0x", listed):
                shutil.copy(library, os.path.join(folder, "lib"))
        self.machine.must("cd /lab/tool/lib; cp ld-linux* /lib64/; cp *.so* /lib/x86_64-linux-gnu/")

    def test_debians_openocd_flashes_through_the_simulated_probe(self):
        probe = self.probe()
        image = bytes(at * 31 % 253 for at in range(3000))
        with open(os.path.join(self.machine.lab, "image.bin"), "wb") as file:
            file.write(image)
        self.plug(probe)
        done = self.machine.run(OPENOCD)
        self.assertEqual(done.rc, 0, done)
        with open(os.path.join(self.machine.lab, "back.bin"), "rb") as file:
            self.assertEqual(file.read(), image)
        self.assertEqual(probe.flash(0x1000, 3000), image)
        self.assertEqual(probe.flash(PAGES, 2048), USED)

    def test_ours_writes_through_it_keeps_neighbours_and_survives_a_pull(self):
        self.install()
        probe = self.probe()
        missing = self.machine.run(OURS % ("swd:", 1))
        self.assertNotEqual(missing.rc, 0)
        self.assertIn("Absent", missing.out + missing.err)
        self.plug(probe)
        for select, byte in (("swd:", 0x21), ("swd:serial=DAP0001", 0x42), ("swd:1209:da42", 0x63)):
            done = self.machine.run(OURS % (select, byte))
            self.assertEqual(done.rc, 0, done)
            self.assertIn("chip nRF51822_xxAA " + UID, done.out)
            port = re.search(r"link (\S+) DAP0001", done.out)
            self.assertTrue(port, done)
            self.assertIn("traffic 2048 0", done.out)
            self.assertEqual(probe.flash(PAGES, 2048), USED[:300] + bytes([byte]) * 1500 + USED[1800:])
        self.assertEqual(self.machine.run(OURS % ("swd:port=" + port.group(1), 0x63)).rc, 0)
        probe.order("pull 60")
        pulled = self.machine.run(OURS % ("swd:", 0x07))
        self.assertNotEqual(pulled.rc, 0)
        self.plug(probe)
        done = self.machine.run(OURS % ("swd:", 0x08))
        self.assertEqual(done.rc, 0, done)
        self.assertEqual(probe.flash(AT, 1500), bytes([8]) * 1500)


if __name__ == "__main__":
    unittest.main()

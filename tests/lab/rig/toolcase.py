"""A test with the tool on the laptop, a device of the fleet that nobody else takes, and judgements in whole sentences."""
import json
import os
import re

from . import oracle
from .device import Device
from .disk import MIB
from .lab import Case
from .tool import FLEET, Tool


class ToolCase(Case):
    """Every judgement looks at exit status and words, at the medium from outside, and at the ledger."""

    def setUp(self):
        super().setUp()
        self.tool = self.bench.tool()
        self.device = self.next_device()

    def next_device(self):
        """The next device of the fleet."""
        return self.bench.next_device()

    def begin_anew(self):
        """Empty ports and another device, for the next round of one test."""
        self.slots.unplug_all()
        self.device = self.next_device()

    # --- doing ------------------------------------------------------------------------------------------------------
    def start_write(self, node, accept="listed", device=None, more=""):
        """Starts to write this test's device to a drive; without more, with the id that the drive is listed with."""
        if accept == "listed":
            accept = self.tool.media().get(node, {}).get("accept_id")
        how = "--accept-target " + accept if accept else ""
        return self.tool.start("write %s --to drive:%s %s %s" % (device or self.device, node, how, more))

    def write(self, node, **how):
        """Writes this test's device to a drive, to the end."""
        return self.start_write(node, **how).wait()

    def write_by_port(self, node, size):
        """Writes whatever is in the port where `node` is now."""
        port = self.tool.media()[node]["port"]
        return self.tool.run("write %s --to drive:port=%s --accept-port %s --max-size %s" % (self.device, port, port, size))

    def ask(self, node):
        """Starts to write at the terminal and waits for the question, whose default is no."""
        job = self.tool.start_at_terminal("write %s --to drive:%s" % (self.device, node))
        self.laptop.terminal.expect("[y/N]")
        self.laptop.must("until stty -F /dev/ttyS2 -a | grep -q -- -icanon; do usleep 20000; done")
        return job

    def write_held_at_the_terminal(self):
        """Starts to write at the terminal and holds the second write; returns the disk, the job and the node."""
        disk, node = self.stick()
        job = self.ask(node)
        disk.faults.hold_write = 2
        self.laptop.terminal.type("y\r")
        disk.wait_held()
        return disk, job, node

    def press_ctrl_c(self):
        """Presses Ctrl-C and waits until the tool has taken note of it."""
        count = self.laptop.terminal.seen.count("^C") + 1
        self.laptop.terminal.type("\x03")
        self.laptop.terminal.expect("^C", times=count)
        self.laptop.must("while grep -qs '^ShdPnd:.*[1-9a-f]' /proc/$(pidof firstlight)/status; do usleep 50000; done")

    def unplug_at(self, number):
        """Pulls a new stick during its n-th write and judges the outcome; returns its disk and its former node."""
        disk, node = self.stick()
        accept = self.tool.accept_id(node)
        disk.faults.hold_write = number
        job = self.start_write(node, accept=accept)
        disk.wait_held()
        self.slots.unplug()
        self.judge(job.wait(), 4, "unplugged", node)
        return disk, node

    def used_stick(self):
        """A stick with somebody's empty FAT volume; returns its disk and its node."""
        disk = self.disk()
        oracle.make_fat(self.work, disk.path, "HOLIDAY")
        self.serial = "LAB%04d" % self.bench.count
        return disk, self.slots.plug(disk, self.serial)

    def dirty_stick(self):
        """A stick full of ones with the remains of a GPT at both ends and of an ext4 file system."""
        disk = self.disk(size=80 * MIB)
        for at in range(0, disk.size, MIB):
            disk.store(at, b"\xff" * MIB)
        oracle.plant_gpt(self.work, disk.path)
        superblock = oracle.ext4_superblock(self.work, self.bench.path("ext4"))
        for start in (0, MIB):
            disk.store(start + 1024, superblock)
        self.assertEqual(oracle.signatures(self.work, disk.path, MIB).get("TYPE"), "ext4")
        self.assertEqual((disk.bytes_at(512, 8), disk.bytes_at(disk.size - 512, 8)), (b"EFI PART", b"EFI PART"))
        self.serial = "LAB%04d" % self.bench.count
        return disk, self.slots.plug(disk, self.serial)

    def built_in(self):
        """The laptop's second disk, empty; returns it and its node."""
        return self.bench.built_in, "/dev/vda"

    def demo_fleet(self):
        """A copy of the fleet with an authority for demonstrations."""
        folder = "/srv/demo-%s" % self.device
        self.laptop.must("mkdir %s && cp %s/devices.csv %s/ && sed 's/^authority:.*/authority: {demo: true}/' %s/fleet.yaml >%s/fleet.yaml"
                         % (folder, FLEET, folder, FLEET, folder))
        return folder

    def restart_laptop(self):
        """Cuts the laptop's power and starts it again from the same system disk. The ports are empty afterwards."""
        self.laptop = self.bench.restart()
        self.slots = self.laptop.slots
        self.tool = self.bench.tool()

    def make_fleet(self, name, fleet_file, devices, columns="id,profile"):
        """Another fleet on the laptop, with an authority of its own; returns its folder and its root certificate.

        `fleet_file` is YAML or what JSON is made from; `devices` are rows of the inventory with these columns.
        """
        shared, folder = os.path.join(self.laptop.lab, name), "/srv/" + name
        os.makedirs(shared, exist_ok=True)
        for file, text in (("fleet.yaml", fleet_file if isinstance(fleet_file, str) else json.dumps(fleet_file, ensure_ascii=False)),
                           ("devices.csv", "".join(",".join(row) + "\n" for row in (columns.split(","), *devices)))):
            with open(os.path.join(shared, file), "w", encoding="utf-8") as target:
                target.write(text)
        self.laptop.must("rm -rf %s && cp -r /lab/%s %s" % (folder, name, folder))
        self.judge(self.tool.run("ca init", fleet=folder), 0)
        exported = self.tool.run("ca export", fleet=folder)
        self.judge(exported, 0)
        return folder, exported.out

    def render(self, device, fleet):
        """Renders a device's bundle on the laptop; returns the folder on the host where its files lie."""
        out = "rendered-%s-%d" % (device, self.bench.count)
        self.judge(self.tool.run("render %s --out /srv/%s" % (device, out), fleet=fleet), 0)
        self.laptop.must("cp -r /srv/%s /lab/ && chmod -R a+rX /lab/%s" % (out, out))
        return os.path.join(self.laptop.lab, out, device)

    def guest(self, serial, **how):
        """A device with a serial number, switched off; its plug is pulled after the test."""
        it = Device(self.bench, "device", serial, **how)
        self.addCleanup(it.cut_power)
        return it

    # --- judging ----------------------------------------------------------------------------------------------------
    def judge(self, finished, status, *words):
        """Exit status and words."""
        self.assertEqual(finished.rc, status, repr(finished))
        talk = finished.err + finished.out
        for word in words:
            self.assertIn(word.lower(), talk.lower(), repr(finished))
        self._judge_talk(talk, status)

    def judge_terminal(self, job, status):
        """The same for what ran at the terminal."""
        finished = job.wait()
        self.assertEqual(finished.rc, status, self.laptop.terminal.text())
        self._judge_talk(self.laptop.terminal.text(), status)

    def _judge_talk(self, talk, status):
        if status not in (0, 130):
            self.assertRegex(talk, r"(?m)^error: [^A-Z]")
        self.assertNotRegex(talk, r"panicked|RUST_BACKTRACE|PRIVATE KEY")

    def assert_ledger_true(self):
        """The ledger's chain holds, and it explains this test's device if it has anything about it; returns the steps noted."""
        chain = self.tool.run("ledger verify")
        self.assertEqual(chain.rc, 0, repr(chain))
        why = self.tool.run("devices why " + self.device)
        steps = self.tool.steps(self.device)
        if steps:
            self.assertEqual((why.rc, self.device in why.out), (0, True), repr(why))
        elif why.rc != 0:
            self.assertIn("knows no device", why.err)
        return steps

    def assert_unfinished(self):
        """The ledger is true and does not call this test's delivery finished."""
        self.assertNotIn("finished", self.assert_ledger_true())

    def assert_untouched_ledger(self):
        """Nothing left the station, and the ledger knows it."""
        self.assertNotIn("exposed", self.assert_ledger_true())

    def assert_untouched(self, *disks):
        """Not one write reached these media, and no secret is noted as exposed."""
        self.assertEqual([disk.written() for disk in disks], [[] for _ in disks])
        self.assert_untouched_ledger()

    def assert_delivered(self, disk):
        """A volume that others read without complaint, with this device's files, and a ledger that says so."""
        self.laptop.must("sync")
        volume = oracle.Volume(self.work, disk.path)
        volume.check()
        self.assertEqual(volume.label(), "CIDATA")
        files = volume.files()
        manifest = oracle.judge_bundle(files, self.device)
        self.assertEqual(manifest["fleet"], "lab-gateways")
        self.assertIn(self.device, files["meta-data"].decode())
        self.assertTrue(files["user-data"].startswith(b"#cloud-config"))
        self.assertIn("finished", self.assert_ledger_true())

    def assert_not_delivered(self, disk):
        """No device would take this for its bootstrap medium, and the ledger does not call it finished."""
        whole = oracle.signatures(self.work, disk.path)
        parts = [oracle.signatures(self.work, disk.path, offset) for _, offset, _ in oracle.partitions(disk.path)]
        self.assertNotIn("CIDATA", [found.get("LABEL") for found in [whole, *parts]])
        self.assert_unfinished()
        pending = self.tool.run("ledger pending")
        self.assertEqual(pending.rc, 0, repr(pending))
        self.assertTrue(re.search(re.escape(self.device), pending.out), repr(pending))

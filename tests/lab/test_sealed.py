"""Sealed sticks from the technician's laptop to devices that take them, keep them and connect, or refuse them with the right words."""
import json
import os
import re
import shutil
import subprocess
import tarfile
import unittest

from rig import oracle
from rig.broker import HOST, Broker
from rig.certificates import Authority
from rig.device import network, smbios
from rig.disk import Disk
from rig.machine import HERE, Finished, Machine
from rig.slots import ARGUMENTS, Slots
from rig.toolcase import ToolCase

APPLIED, LATER, DIFFERS, REFUSED = 0, 4, 5, 6
# Where version 1 of a bundle puts its files, and where version 2 does: a mix of both would show.
FIRST, SECOND = "/etc/firstlight.d", "/etc/second.d"
FILES = {"ca.pem": "644", "certificate.pem": "644", "connection.json": "640", "private-key.pem": "600"}
SERIALS = {"gw-0001": "SN000001", "gw-0002": "SN000002", "gw-0003": "SN000003"}
# What the packaged service runs, and what ends it well.
PACKAGING = os.path.join(HERE, "..", "..", "packaging")
with open(os.path.join(PACKAGING, "systemd", "firstlight-ingest.service")) as unit:
    INGEST = re.search(r"^ExecStart=(.+)$", unit.read(), re.M)[1]
SEND = "cd %s && mosquitto_pub -h %s -p %d -i $(cat /etc/hostname) -t devices/$(cat /etc/hostname) -m hello -q 1 --cafile ca.pem --cert certificate.pem --key private-key.pem"
# A Debian becomes a device: what packaging/README.md says, done by hand.
INSTALL_SERVICE = """
set -e
cp /lab/firstlight /usr/bin/firstlight && chmod 755 /usr/bin/firstlight
cp -r /lab/image /etc/firstlight && chown -R 0:0 /etc/firstlight
cp /lab/packaging/systemd/firstlight-ingest.service /usr/lib/systemd/system/
cp /lab/packaging/udev/90-firstlight.rules /usr/lib/udev/rules.d/
modprobe -a virtio_net usb-storage xhci_pci
echo 0 >/sys/module/usb_storage/parameters/delay_use
systemctl daemon-reload
systemctl enable firstlight-ingest
udevadm control --reload
udevadm settle
interface=$(ls /sys/class/net | grep -v lo)
ip link set $interface up
ip address add 10.0.2.15/24 dev $interface
"""
SERVICE_ENDED = """
i=0
until [ "$(systemctl show -P ExecMainExitTimestampMonotonic firstlight-ingest)" != 0 ]; do
  i=$((i + 1))
  [ $i -lt 1000 ] || { udevadm info --query=all --name=/dev/sdb1 >&2; systemctl status firstlight-ingest >&2; exit 1; }
  sleep 0.2
done
"""


class Line:
    """What all tests here share, made by the first: two fleets on the laptop, images of their sticks, what device images need."""

    def __init__(self, case):
        self.case, self.sticks, self.images = case, {}, {}
        if not case.bench.client:
            raise AssertionError("no firstlight for devices: start the tests through tests/lab/run")
        self.client = shutil.copy(case.bench.client, case.bench.path("client"))
        subprocess.run(["strip", self.client], check=False, stderr=subprocess.DEVNULL)
        self.servers = Authority(case.work, case.bench.path("servers"), "Lab Servers")
        root = self.fleet("plant")
        self.broker = Broker(case.work, case.bench.path("broker"), root, *self.servers.issue([HOST, "127.0.0.1"]))
        self.fleet("stranger")
        for fleet in ("plant", "stranger"):
            self.case.laptop.must("sed -i 's/:8883/:%d/' /srv/%s/fleet.yaml" % (self.broker.port, fleet))
        self.write("plant", *SERIALS, version=1)
        self.write("stranger", "gw-0001", version=1)
        self.case.laptop.must("sed -i 's|restart: ..|&, folder: %s|' /srv/plant/fleet.yaml" % SECOND)
        self.write("plant", "gw-0001", "gw-0002", version=2, more="--again damaged")

    def fleet(self, name):
        """A fleet as `init` makes it, whose devices know the broker by its own authority; returns the path of its root certificate."""
        laptop, folder = self.case.laptop, "/srv/" + name
        shutil.copy(self.servers.certificate, os.path.join(laptop.lab, "broker-ca.pem"))
        laptop.must("rm -rf %s && firstlight init %s --template linux --devices 3 --server mqtts://%s:8883 && cp /lab/broker-ca.pem %s/ && "
                    "sed -i 's/credential: identity}/credential: identity, trust: broker-ca.pem}/' %s/fleet.yaml"
                    % (folder, folder, HOST, folder, folder))
        exported = self.case.tool.run("ca export", fleet=folder)
        self.case.judge(exported, 0)
        image = "%s-image" % name
        self.case.judge(self.case.tool.run("seal export --out /lab/%s --batch gateway" % image, fleet=folder), 0)
        self.images[name] = os.path.join(laptop.lab, image)
        path = self.case.bench.path(name + "-root.pem")
        with open(path, "w") as file:
            file.write(exported.out)
        return path

    def write(self, fleet, *devices, version, more=""):
        """The laptop writes a stick for each device, which is then pulled and kept as an image."""
        for device in devices:
            disk, node = self.case.stick(size=20 << 20)
            accept = self.case.tool.accept_id(node)
            done = self.case.tool.run("write %s --to drive:%s --accept-target %s %s" % (device, node, accept, more), fleet="/srv/" + fleet)
            self.case.judge(done, 0)
            self.case.laptop.must("sync")
            self.case.slots.unplug()
            self.sticks[fleet, device, version] = disk.path


class Sealed(ToolCase):
    """From the inventory to a connected device."""

    line = None                     # made by the first test

    def setUp(self):
        super().setUp()
        self.line = Sealed.line = Sealed.line or Line(self)
        self.broker = self.line.broker
        self.addCleanup(self.broker.start_again)
        self.earlier = [len(said) for said in (self.broker.accepted(), self.broker.refused(), self.broker.published())]

    # --- doing ------------------------------------------------------------------------------------------------------
    def copy(self, device, version=1, fleet="plant"):
        """A stick with the content that the laptop wrote, in mint condition."""
        path = self.line.sticks[fleet, device, version]
        disk = self.disk(size=os.path.getsize(path))
        oracle.copy_span(path, 0, disk.size, disk.path)
        return disk

    def altered(self, device, version=1):
        """The same with a single bit turned, in the middle of an encrypted file."""
        disk = self.copy(device, version)
        key = oracle.Volume(self.work, disk.path).files()["private-key.pem.age"]
        with open(disk.path, "rb") as file:
            at = file.read().index(key) + len(key) // 2
        disk.store(at, bytes([disk.bytes_at(at, 1)[0] ^ 0x10]))
        return disk

    def client(self, serial, fleet="plant", **how):
        """A device whose image is of a fleet, and which runs at every boot what the packaged service runs."""
        device = self.guest(serial, **how)
        image = self.line.images[fleet]
        for at, _, names in os.walk(image):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    device.bake("/etc/firstlight/" + os.path.relpath(path, image), file.read(), os.stat(path).st_mode & 0o777)
        with open(self.line.client, "rb") as file:
            device.bake(INGEST.split()[0], file.read(), 0o755)
        device.bake_program("usr/bin/mosquitto_pub", "/bin/mosquitto_pub")
        device.at_boot(INGEST + " --json")
        return device

    def plug(self, device, disk):
        """Puts a stick into a device that is on."""
        device.machine.slots.plug(disk, "STICK%d" % device.machine.slots.number)

    def show(self, device, disk, more=""):
        """Shows a stick to a device that is on and pulls it again; returns how the client ended."""
        self.plug(device, disk)
        done = device.run(INGEST + " --json" + more)
        device.machine.slots.unplug()
        return done

    def state(self, device):
        """All files and links that a device keeps and uses, by path; what it says of the last run left out."""
        device.must("tar -cf /lab/state.tar -C / etc $(cd / && ls -d var/lib/firstlight) && sync")
        found = {}
        with tarfile.open(os.path.join(device.machine.lab, "state.tar")) as tar:
            for entry in (entry for entry in tar if not entry.isdir()):
                content = tar.extractfile(entry).read() if entry.isreg() else entry.linkname
                found["/" + entry.name] = (oct(entry.mode), entry.uid, entry.gid, content)
        path = "/var/lib/firstlight/state.json"
        if path in found:
            *how, text = found[path]
            found[path] = (*how, {key: value for key, value in json.loads(text).items() if key != "last"})
        return found

    def inspect(self, disk):
        """What the technician's program says of a stick that came back; the bundle's part."""
        done = subprocess.run([self.bench.binary, "media", "inspect", disk.path, "--json"], cwd=self.bench.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, repr(Finished(done.returncode, done.stdout, done.stderr)))
        oracle.Volume(self.work, disk.path).check()
        bundle, = [volume["bundle"] for volume in json.loads(done.stdout)["volumes"]]
        return bundle

    def broker_said(self):
        """Whom the broker has let in during this test, why it has sent others away, and what was published."""
        return [said[begin:] for said, begin in zip((self.broker.accepted(), self.broker.refused(), self.broker.published()), self.earlier)]

    # --- judging ----------------------------------------------------------------------------------------------------
    def told(self, done, status, outcome, reason=None):
        """The client's exit status and its record, which is returned."""
        self.assertEqual(done.rc, status, repr(done))
        self.assertNotRegex(done.out + done.err, r"panicked|RUST_BACKTRACE|PRIVATE KEY")
        record = json.loads(done.out)
        self.assertEqual((record["event"], record["outcome"], record["reason"]), ("ingest", outcome, reason), repr(done))
        return record

    def assert_result(self, disk, serial, outcome, reason=None):
        """What the device left on the stick, in its own words and under its own signature."""
        result = self.inspect(disk)["result"]
        self.assertTrue(result["readable"] and result["of_this_bundle"] and result["signed_by"], result)
        body = result["body"]
        self.assertEqual((body["outcome"], body["reason"], body["serial"]), (outcome, reason, serial), result)
        return body

    def assert_refused(self, device, disk, status, reason):
        """A device that is on refuses a stick, says so on it, and is afterwards what it was before."""
        before = self.state(device)
        done = self.show(device, disk)
        self.told(done, status, "refused", reason)
        self.assert_result(disk, device.serial, "refused", reason)
        self.assertEqual(self.state(device), before, "a refused stick changes nothing")

    def assert_in_force(self, device, name, version, folder):
        """The files of one version, all of them and no others, with modes and owners, and the store that agrees with them."""
        state = self.state(device)
        files = {path: entry for path, entry in state.items() if path.startswith((FIRST + "/", SECOND + "/"))}
        self.assertEqual({path: (mode, user, group) for path, (mode, user, group, _) in files.items()},
                         {folder + "/" + file: ("0o" + mode, 0, 0) for file, mode in FILES.items()})
        connection = json.loads(files[folder + "/connection.json"][3])
        self.assertEqual((connection["client_id"], connection["ca"]), (name, folder + "/ca.pem"))
        self.assertEqual(state["/etc/hostname"][3], name.encode() + b"\n")
        current = "/var/lib/firstlight/" + state["/var/lib/firstlight/current"][3]
        self.assertEqual({os.path.basename(path): entry[3] for path, entry in state.items() if path.startswith(current + "/device/files/")},
                         {os.path.basename(path): entry[3] for path, entry in files.items()}, "what is in force is what is in the store")
        status = json.loads(device.must("firstlight client status --json"))
        self.assertEqual([(part["lane"], part["version"]) for part in status["bundles"]], [("plant/device/" + name, version)])
        self.assertEqual((status["device"], status["interrupted"]), (name, False))
        return state

    def assert_nothing_in_force(self, device):
        """Not one file was placed, and the store holds no generation."""
        state = self.state(device)
        self.assertEqual([path for path in state if path.startswith((FIRST + "/", SECOND + "/", "/etc/hostname"))], [])
        self.assertNotIn("/var/lib/firstlight/current", state)
        self.assertEqual(json.loads(device.must("firstlight client status --json"))["bundles"], [])

    # --- the tests --------------------------------------------------------------------------------------------------
    def test_the_right_stick_is_taken_the_device_connects_and_refuses_every_other(self):
        name, mine = "gw-0001", self.copy("gw-0001")
        device = self.client(SERIALS[name])
        record = self.told(device.boot(stick=mine), APPLIED, "applied")
        self.assertEqual((record["device"], record["result"], record["passed_by"]), (name, "written", []))
        self.assertEqual(self.broker_said(), [[name], [], []], "it proved its connection")
        device.machine.slots.unplug()
        self.assert_result(mine, device.serial, "ingested")
        taken = self.assert_in_force(device, name, 1, FIRST)
        device.power_off()

        self.told(device.boot(), APPLIED, "copy-serves")
        self.assertEqual(self.assert_in_force(device, name, 1, FIRST), taken)
        device.must(SEND % (FIRST, HOST, self.broker.port))
        self.assertEqual(self.broker_said(), [[name, name], [], [(name, "devices/" + name)]])

        for what, stick, status, reason in (("swapped", self.copy("gw-0002"), REFUSED, "other-device"),
                                            ("altered by one bit", self.altered(name, 2), DIFFERS, "altered"),
                                            ("of another fleet", self.copy(name, fleet="stranger"), REFUSED, "not-ours")):
            with self.subTest(what):
                self.assert_refused(device, stick, status, reason)
        self.assert_rolled_back_and_taken_later(device, name)
        with self.subTest("older"):
            self.assert_refused(device, self.copy(name), REFUSED, "older-version")
        device.must(SEND % (SECOND, HOST, self.broker.port))
        accepted, refused, published = self.broker_said()
        self.assertEqual((set(accepted), refused, len(published)), ({name}, [], 2))

    def assert_rolled_back_and_taken_later(self, device, name):
        """A bundle whose broker does not answer is taken back; it waits, and is taken once the broker is there."""
        newer, before = self.copy(name, 2), self.assert_in_force(device, name, 1, FIRST)
        self.broker.stop()
        record = self.told(self.show(device, newer), LATER, "rolled-back")
        self.assertIn("%s:%d was not reached" % (HOST, self.broker.port), record["what"])
        self.assert_result(newer, device.serial, "rolled-back")
        self.assertEqual(in_etc(self.assert_in_force(device, name, 1, FIRST)), in_etc(before))
        self.assertEqual(device.must("hostname").strip(), name)
        self.told(self.show(device, newer), LATER, "waiting")
        self.broker.start()
        self.told(self.show(device, newer, " --now"), APPLIED, "applied")
        self.assert_result(newer, device.serial, "ingested")
        self.assert_in_force(device, name, 2, SECOND)

    def test_a_stick_altered_by_a_bit_gives_nothing_and_the_same_one_unharmed_all(self):
        name, bad = "gw-0003", self.altered("gw-0003")
        device = self.client(SERIALS[name])
        done = device.boot(stick=bad)
        self.told(done, DIFFERS, "refused", "altered")
        device.machine.slots.unplug()
        body = self.assert_result(bad, device.serial, "refused", "altered")
        self.assertIn("private-key.pem.age", body["words"])
        self.assert_nothing_in_force(device)
        good = self.copy(name)
        self.told(self.show(device, good), APPLIED, "applied")
        self.assert_result(good, device.serial, "ingested")
        self.assert_in_force(device, name, 1, FIRST)
        self.assertEqual(self.broker_said()[0], [name])

    def test_a_device_of_another_fleet_takes_its_own_stick_and_is_sent_away_by_the_broker(self):
        stick = self.copy("gw-0001", fleet="stranger")
        device = self.client(SERIALS["gw-0001"], fleet="stranger")
        self.told(device.boot(stick=stick), LATER, "rolled-back")
        device.machine.slots.unplug()
        self.assert_result(stick, device.serial, "rolled-back")
        accepted, refused, _ = self.broker_said()
        self.assertEqual(accepted, [])
        self.assertRegex(" ".join(refused), "certificate verify failed")
        self.assert_nothing_in_force(device)

    def test_under_systemd_a_stick_that_is_plugged_in_is_taken_by_the_packaged_service(self):
        name, stick = "gw-0003", self.copy("gw-0003")
        device = Machine(self.work, self.bench.path("debian"), self.bench.system("debian.img"), [*ARGUMENTS, *smbios(SERIALS[name]), *network("virtio-net-pci")])
        self.addCleanup(device.cut_power)
        shutil.copytree(self.line.images["plant"], device.lab + "/image")
        shutil.copy(self.line.client, device.lab + "/firstlight")
        shutil.copytree(PACKAGING, device.lab + "/packaging")
        device.must(INSTALL_SERVICE)
        slots = Slots(device)
        slots.plug(stick, "STICK")
        device.must(SERVICE_ENDED)
        said = device.run("systemctl status firstlight-ingest; journalctl --no-pager -u firstlight-ingest").out
        self.assertEqual(device.must("systemctl show -P Result firstlight-ingest; hostname; cat /etc/hostname").split(), ["success", name, name], said)
        status = json.loads(device.must("firstlight client status --json"))
        self.assertEqual((status["last"]["result"], [part["version"] for part in status["bundles"]]), ("written", [1]), said)
        self.assertEqual(device.must("stat -c '%%a %%U:%%G' %s/private-key.pem" % FIRST).strip(), "600 root:root")
        self.assertEqual(self.broker_said()[0], [name])
        slots.unplug()
        self.assert_result(stick, SERIALS[name], "ingested")
        device.must("systemctl start firstlight-ingest")
        self.assertEqual(json.loads(device.must("firstlight client status --json"))["last"]["outcome"], "copy-serves")

    def test_a_power_cut_in_the_middle_leaves_the_old_or_the_new(self):
        name, swapped, mine, newer = "gw-0002", self.copy("gw-0001"), self.copy("gw-0002"), self.copy("gw-0002", 2)
        image = self.bench.system()
        system = Disk(image, os.path.getsize(image))
        self.disks.append(system)
        device = self.client(SERIALS[name], disk=system)
        self.told(device.boot(stick=swapped), REFUSED, "refused", "other-device")
        self.assert_result(swapped, device.serial, "refused", "other-device")
        device.machine.slots.unplug()
        self.assert_nothing_in_force(device)
        device.must("sync")
        system.mark()
        self.told(self.show(device, mine), APPLIED, "applied")
        total = system.writes
        self.assert_in_force(device, name, 1, FIRST)
        old = 1
        for number in (total // 4, total // 2, total * 3 // 4):
            with self.subTest("write %d of about %d" % (number, total)):
                self.cut_at(device, system, newer, number)
                if self.assert_old_or_new(device, name, old) == 2:
                    device.must("firstlight client forget --yes")
                    self.assert_nothing_in_force(device)
                    old = None
        self.told(self.show(device, newer), APPLIED, "applied")
        self.assert_in_force(device, name, 2, SECOND)

    def assert_old_or_new(self, device, name, old):
        """After a power cut and a boot without a stick the old version (perhaps none) is in force, or version 2; returns which."""
        done = device.boot()
        bundles = json.loads(done.out)["bundles"]
        if not bundles:
            self.assertIsNone(old)
            self.told(done, LATER, "no-medium")
            self.assert_nothing_in_force(device)
            return None
        version = bundles[0]["version"]
        self.assertIn(version, (old, 2))
        self.told(done, APPLIED, "copy-serves")
        self.assert_in_force(device, name, version, {1: FIRST, 2: SECOND}[version])
        return version

    def cut_at(self, device, system, stick, number):
        """Cuts a device's power while its disk has the n-th write of an ingest in hand: that one and all later are lost."""
        device.must("sync")
        self.plug(device, stick)
        system.mark()
        system.faults.hold_write = number
        device.machine.start(INGEST + " --json")
        system.wait_held()
        device.cut_power()
        system.let_one_go(done=False)
        system.mark()


def in_etc(state):
    """The part of a device's state that its programs see."""
    return {path: entry for path, entry in state.items() if path.startswith("/etc/")}


if __name__ == "__main__":
    unittest.main()

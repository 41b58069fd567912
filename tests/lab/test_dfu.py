"""Boot loaders on a real kernel's USB: dfu-util accepts the simulated ones first, then firstlight has to get along with them."""
import json
import os
import shutil
import subprocess
import unittest

from rig import lab
from rig.device import Device
from rig.tool import stage
from usbip import ERR_ADDRESS, ERR_VERIFY, Dfu, Server

FLASH = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg"
BASE = 0x08000000
INPUT, PARTIAL, SURROUNDINGS, DIFFERS, REFUSED = 1, 3, 4, 5, 6
DOWNLOAD = 1                    # DFU 1.1, section 3
FLEET = """\
version: 1
fleet: sensors
inventory: devices.csv
authority: {common_name: Lab Device CA, organization: Lab}
servers:
  management: {protocol: lwm2m, uri: "coaps://lwm2m.lab.example:5684", short_server_id: 101, lifetime: 1h, security: psk, credential: management}
profiles:
  sensor:
    credentials:
      management: {kind: psk, bytes: 32}
    deliveries:
      flash:
        factory:
          chip: stm32f405
          accept_plaintext: "the lab's chips are memory of a test"
          parts:
            - address: 0x8004000
              size: 1KiB
              format: raw
              entries:
                - {offset: 0, length: 16, text: "{{ device.serial }}"}
                - {offset: 16, length: 48, text: "{{ chip.uid }}"}
                - {offset: 64, length: 32, credential: management.key}
            - address: 0x8008000
              size: 1KiB
              format: cbor
              entries:
                - {key: id, text: "{{ device.id }}"}
                - {key: psk, credential: management.key, type: blob}
"""
# What `usbip` of Debian wants of a system, and the program under test with its libraries.
PREPARE = """
set -e
modprobe vhci_hcd
mkdir -p /var/run /usr/share/hwdata
touch /usr/share/hwdata/usb.ids
for library in /lab/tool/lib/*; do
  case $library in
    */ld-linux*) [ -e /lib64/${library##*/} ] || cp $library /lib64/ ;;
    *) [ -e /lib/x86_64-linux-gnu/${library##*/} ] || cp $library /lib/x86_64-linux-gnu/ ;;
  esac
done
cp /lab/tool/programmer /lab/tool/firstlight /bin/
echo 'operator:x:1000:1000:operator:/tmp:/bin/sh' >>/etc/passwd
"""
# A guest's port is where the kernel has put the device; it is known by its serial number.
PORT_OF = """
i=0
while [ $i -lt 2000 ]; do
  for device in /sys/bus/usb/devices/*-*; do
    if [ "$(cat $device/serial 2>/dev/null)" = %s ] && [ -e $device:1.0 ]; then echo ${device##*/}; exit 0; fi
  done
  usleep 50000
  i=$((i + 1))
done
exit 1
"""


class Boot(unittest.TestCase):
    """One station for all tests; each plugs in devices of its own."""

    @classmethod
    def setUpClass(cls):
        cls.bench = lab.Case.bench
        cls.station = Device(cls.bench, "dfu-station", "DFU-1")
        for program, to in (("usr/sbin/usbip", "/bin/usbip"), ("usr/bin/dfu-util", "/bin/dfu-util")):
            cls.station.bake_program(program, to)
        cls.station.boot()
        driver = os.path.join(os.path.dirname(cls.bench.binary), "examples", "programmer")
        if not os.path.exists(driver):
            raise AssertionError("%s is missing: cargo build --example programmer" % driver)
        folder = cls.station.machine.lab
        stage(cls.bench.binary, folder)
        shutil.copy2(driver, folder + "/tool/programmer")
        subprocess.run(["strip", folder + "/tool/programmer"], check=False, stderr=subprocess.DEVNULL)
        cls.station.must(PREPARE)

    @classmethod
    def tearDownClass(cls):
        cls.station.cut_power()

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.serials = 0

    def serial(self):
        """A serial number that no device of another test has."""
        self.serials += 1
        return "%s%d" % (self.id().split(".")[-1][:20].upper().replace("_", ""), self.serials)

    def attach(self, device, bus_id="1-1"):
        """Plugs a device in. Who waits for one may be done with it, and it gone again, before anybody else has looked."""
        self.server.plug(bus_id, device)
        self.station.must("usbip --tcp-port %d attach -r 10.0.2.2 -b %s" % (self.server.port, bus_id))

    def plug(self, device, bus_id="1-1"):
        """Plugs a device in; returns the port it has in the guest."""
        self.attach(device, bus_id)
        return self.station.must(PORT_OF % device.serial).strip()

    def gone(self, device):
        """Waits until the guest knows that a device is gone."""
        self.station.must("while grep -qx %s /sys/bus/usb/devices/*/serial 2>/dev/null; do usleep 50000; done" % device.serial)

    def file(self, name, content):
        """A file in the guest."""
        with open(self.station.machine.lab + "/" + name, "wb") as file:
            file.write(content)
        return "/lab/" + name

    def visit(self, selector, address, path, more=""):
        """One visit of ours; returns exit status and story."""
        done = self.station.run("exec programmer '%s' %#x %s %s" % (selector, address, path, more))
        return done.rc, json.loads(done.out)

    def test_dfu_util_accepts_the_simulated_devices(self):
        content = os.urandom(20000)
        path = self.file("dfu-util.bin", content)
        with self.subTest("DfuSe"):
            device = Dfu([FLASH], serial=self.serial())
            self.plug(device)
            self.assertIn("[0483:df11]", self.station.must("dfu-util -l"))
            self.station.must("dfu-util -a 0 -s %#x -D %s" % (BASE, path))
            self.assertEqual(device.content(BASE, len(content)), content)
            self.station.must("rm -f /tmp/back; dfu-util -a 0 -s %#x:%d -U /tmp/back && cmp /tmp/back %s" % (BASE, len(content), path))
            device.fault = (device.requests + 20, ERR_VERIFY)
            self.assertNotEqual(self.station.run("dfu-util -a 0 -s %#x -D %s" % (BASE, path)).rc, 0)
            device.fault = None
            self.station.must("dfu-util -a 0 -s %#x:leave -D %s" % (BASE, path))
            self.gone(device)
            self.assertEqual(device.left, 1)
        with self.subTest("plain"):
            device = Dfu(dfuse=False, serial=self.serial())
            self.plug(device, "1-2")
            self.station.must("dfu-util -a 0 -D %s" % path)
            self.assertEqual(device.content(0, len(content)), content)
            self.server.unplug("1-2")
            self.gone(device)

    def test_a_dfuse_device_is_written_read_back_and_let_go(self):
        content = os.urandom(20000)
        path, address = self.file("ours.bin", content), BASE + 0x3f00
        device = Dfu([FLASH, "@Option Bytes  /0x1FFFF800/01*016 e"], serial=self.serial(), transfer=2048)
        device.store(BASE, bytes(range(256)) * 512)
        before = device.content(BASE, 128 * 1024)
        port = self.plug(device)
        rc, story = self.visit("dfu:port=" + port, address, path)
        self.assertEqual((rc, story.get("error"), story.get("equal"), story.get("released")), (0, None, True, True), story)
        self.assertEqual((story["chip"]["name"], story["chip"]["uid"]), ("0483:df11", device.serial.lower()))
        self.assertEqual(story["link"]["port"], port)
        self.assertEqual(device.content(BASE, 128 * 1024), before[:0x3f00] + content + before[0x3f00 + len(content):])
        self.assertEqual(device.erased, [BASE, BASE + 0x4000, BASE + 0x8000], "sectors by the size that they have")
        self.gone(device)
        self.assertEqual(device.left, 1)
        with self.subTest("again: nothing is left to do"):
            device.erased, device.abrupt = [], True
            port = self.plug(device)
            rc, story = self.visit("dfu:port=" + port, address, path)
            self.assertEqual((rc, story["traffic"]["programmed"], device.erased), (0, 0, []), story)
            self.gone(device)

    def test_a_device_that_is_waited_for_is_written_as_it_arrives(self):
        device = Dfu([FLASH], serial=self.serial())
        port = self.plug(device)
        self.server.unplug("1-1")
        self.gone(device)
        job = self.station.machine.start("exec programmer dfu:port=%s %#x %s wait" % (port, BASE, self.file("wait.bin", b"early" * 100)))
        self.attach(device)
        done = job.wait()
        self.assertEqual(done.rc, 0, done)
        self.assertEqual(json.loads(done.out)["link"]["port"], port)
        self.assertEqual(device.content(BASE, 500), b"early" * 100)
        self.gone(device)

    def test_a_plain_device_is_written_read_back_and_stays_until_it_is_reset(self):
        content = os.urandom(20000)
        path = self.file("plain.bin", content)
        device = Dfu(dfuse=False, serial=self.serial(), transfer=4096)
        port = self.plug(device)
        rc, story = self.visit("dfu:port=" + port, 0, path)
        self.assertEqual((rc, story.get("equal")), (0, True), story)
        self.assertEqual(device.content(0, len(content)), content)
        self.server.unplug("1-1")
        self.gone(device)

    def test_a_broken_visit_says_why_and_the_next_one_ends_well(self):
        content = os.urandom(5000)
        path = self.file("broken.bin", content)
        device = Dfu([FLASH], serial=self.serial())
        port = self.plug(device)
        self.assertEqual(self.visit("dfu:port=" + port, BASE, path)[0], 0)
        whole = device.requests
        self.assertGreater(whole, 60)
        words = {"stall": "stall", "silent": "did not answer", "unplug": "was unplugged", ERR_ADDRESS: "errADDRESS (8)"}
        for what, said in words.items():
            for at in (1, 2, whole // 3, whole // 2, whole - 8):
                with self.subTest(what=what, at=at):
                    self.server.unplug("1-1")
                    self.gone(device)
                    device.store(BASE, bytes(80 * 1024))
                    port = self.plug(device)
                    device.fault = (at, what)
                    rc, story = self.visit("dfu:port=" + port, BASE, path)
                    if rc == 0:
                        self.assertIn(what, ("stall", ERR_ADDRESS), story)      # a question that was asked again
                    else:
                        self.assertEqual(rc, SURROUNDINGS, story)
                        self.assertTrue(said in story["error"] or what == "stall" or at < 3, story)
                    device.fault = None
                    if what == "unplug" or rc == 0:
                        self.gone(device)
                        port = self.plug(device)
                    rc, story = self.visit("dfu:port=" + port, BASE, path)
                    self.assertEqual((rc, story.get("equal")), (0, True), story)
                    self.assertEqual(device.content(BASE, len(content)), content)

    def test_a_bit_that_turns_is_found(self):
        device = Dfu([FLASH], serial=self.serial())
        device.flips = True
        port = self.plug(device)
        rc, story = self.visit("dfu:port=" + port, BASE, self.file("flip.bin", b"\x55" * 3000))
        self.assertEqual(rc, DIFFERS, story)
        self.assertIn("reads back differently at 0x8000000", story["error"])

    def test_bytes_outside_of_the_map_touch_nothing(self):
        device = Dfu([FLASH], serial=self.serial())
        port = self.plug(device)
        rc, story = self.visit("dfu:port=" + port, BASE + 128 * 1024 - 100, self.file("outside.bin", b"x" * 101))
        self.assertEqual((rc, device.erased), (INPUT, []), story)

    def test_clones_with_one_serial_number_are_told_apart_by_their_ports_and_listed_with_their_slots(self):
        serial = self.serial()
        devices = [Dfu([FLASH], serial=serial) for _ in range(2)]
        first = self.plug(devices[0])
        self.attach(devices[1], "1-2")
        ports = self.station.must("until [ $(grep -lx %s /sys/bus/usb/devices/*/serial | wc -l) = 2 ] && [ $(ls -d /sys/bus/usb/devices/*-*:1.0 | wc -l) -ge 2 ]; do usleep 50000; done; "
                                  "grep -lx %s /sys/bus/usb/devices/*/serial | cut -d/ -f6" % (serial, serial)).split()
        second = next(port for port in ports if port != first)
        path = self.file("clone.bin", b"clone")
        for selector in ("dfu:", "dfu:serial=" + serial, "dfu:0483:df11"):
            rc, story = self.visit(selector, BASE, path)
            self.assertEqual(rc, SURROUNDINGS, story)
            for port in ports:
                self.assertIn("port=%s " % port, story["error"])
        with open(self.station.machine.lab + "/tool/fleet/fleet.yaml") as file:
            fleet = file.read()
        os.makedirs(self.station.machine.lab + "/slots", exist_ok=True)
        self.file("slots/fleet.yaml", (fleet + "\nslots: {3: %s}\n" % second).encode())
        listed = self.station.must("firstlight programmers list --json --fleet /lab/slots")
        seen = {one["port"]: one for one in map(json.loads, listed.splitlines())}
        self.assertEqual([seen[port]["slot"] for port in (first, second)], [None, 3])
        self.assertEqual([(one["id"], one["serial"], one["kind"], one["permission"]) for one in seen.values()], [("0483:df11", serial, "dfu", "granted")] * 2)
        rc, story = self.visit(seen[second]["select"], BASE, path)
        self.assertEqual(rc, 0, story)
        self.assertEqual((devices[0].content(BASE, 5), devices[1].content(BASE, 5)), (b"\xff" * 5, b"clone"))
        with self.subTest("a user who may not open it"):
            command = "su operator -s /bin/sh -c 'firstlight programmers list --json'"
            one = json.loads(self.station.must(command).splitlines()[0])
            self.assertEqual(one["permission"], "denied")
            self.assertIn("firstlight doctor", one["advice"])
            done = self.station.run("su operator -s /bin/sh -c 'programmer dfu:port=%s %#x %s'" % (first, BASE, path))
            self.assertEqual(done.rc, 6, done)
            self.assertIn("no permission to open", done.out)

    def together(self, *devices):
        """Plugs devices in, as 1-1, 1-2 ...; returns their ports."""
        return [self.plug(device, "1-%d" % number) for number, device in enumerate(devices, 1)]

    def fleet(self, ports):
        """A fleet in the guest with an authority of its own, and a slot for each port."""
        lines = FLEET + "slots: {%s}\n" % ", ".join("%d: %s" % slot for slot in enumerate(ports, 1))
        os.makedirs(self.station.machine.lab + "/dfu-fleet", exist_ok=True)
        self.file("dfu-fleet/fleet.yaml", lines.encode())
        self.file("dfu-fleet/devices.csv", b"id,serial\nsn-1,SN000001\nsn-2,SN000002\n")
        self.station.must("rm -rf /srv/dfu && cp -r /lab/dfu-fleet /srv/dfu && cd /srv/dfu && firstlight ca init")

    def flash(self, *arguments):
        """`firstlight flash` in the guest; returns its exit status, its records by device, and what it said."""
        done = self.station.run("cd /srv/dfu && exec firstlight flash --json %s" % " ".join(arguments))
        records = [json.loads(line) for line in done.out.splitlines()]
        return done.rc, {record["device"]: record for record in records}, done.err

    def last(self, device):
        """The ledger's last word on a device's delivery."""
        return json.loads(self.station.must("cd /srv/dfu && firstlight devices show %s --json" % device))["deliveries"][-1]

    def test_a_fleet_is_flashed_by_its_slots_and_finished_after_a_chip_was_unplugged(self):
        first, second, stranger = (Dfu([FLASH], serial=self.serial(), transfer=2048) for _ in range(3))
        kept = bytearray(bytes(range(256)) * 256)
        for part in (0x4000, 0x8000):
            kept[part:part + 0x400] = b"\xff" * 0x400      # nothing that anybody would have to be asked about
        for device in (first, second, stranger):
            device.store(BASE, bytes(kept))
        ports = self.together(first, second)
        self.fleet(ports)
        # The whole of a transaction on the second; the first goes away in the middle of the like.
        rc, records, _ = self.flash("sn-2", "--programmer", "slot:2")
        self.assertEqual((rc, records["sn-2"]["target"]["port"]), (0, ports[1]), records)
        self.assertEqual(records["sn-2"]["target"]["chip"]["uid"], second.serial.lower())
        self.assertEqual(second.erased, [BASE + 0x4000, BASE + 0x8000], "only the sectors with data in them")
        writes = [at for at, request in enumerate(second.log, 1) if request == DOWNLOAD]
        self.gone(second)
        self.plug(second, "1-2")
        first.fault = (writes[-6], "unplug")
        rc, records, said = self.flash("sn-1", "sn-2", "--programmer", "slot:1", "--programmer", "slot:2")
        self.assertEqual(rc, PARTIAL, said)
        self.assertEqual((records["sn-1"]["event"], records["sn-2"]["state"]), ("failure", "done-before"))
        self.assertEqual(records["sn-1"]["error"]["class"], "surroundings")
        delivery = self.last("sn-1")
        self.assertEqual((delivery["state"], delivery["reached"]), ("open", "exposed"))
        first.fault = None
        self.gone(first)
        with self.subTest("another unit in its place"):
            before = stranger.content(BASE, 0x10000)
            self.assertEqual(self.plug(stranger), ports[0])
            rc, _, said = self.flash("sn-1", "--programmer", "slot:1")
            self.assertEqual((rc, stranger.erased), (REFUSED, []), said)
            self.assertEqual(stranger.content(BASE, 0x10000), before)
            self.server.unplug("1-1")
            self.gone(stranger)
        self.assertEqual(self.plug(first), ports[0])
        rc, records, said = self.flash("sn-1", "--programmer", "slot:1")
        self.assertEqual((rc, records["sn-1"]["state"]), (0, "resumed"), said)
        self.assertEqual(self.last("sn-1")["state"], "finished")
        self.gone(first)
        # What dfu-util reads from both: their own values, and what was there before around them.
        for number, device in enumerate((first, second), 1):
            self.gone(device)
            self.plug(device, "1-%d" % number)
            self.station.must("rm -f /lab/back; dfu-util -a 0 -S %s -s %#x:65536 -U /lab/back" % (device.serial, BASE))
            with open(self.station.machine.lab + "/back", "rb") as file:
                back = file.read()
            self.assertEqual(back, device.content(BASE, 65536))
            raw, cbor = back[0x4000:0x4400], back[0x8000:0x8400]
            self.assertEqual(raw[:8], b"SN%06d" % number)
            self.assertEqual(raw[16:16 + len(device.serial)], device.serial.lower().encode())
            self.assertIn(b"sn-%d" % number, cbor)
            self.assertIn(raw[64:96], cbor, "both parts hold one key")
            # The sector that was being written when the first was unplugged has lost what lay beside the data: the process that
            # held it in memory has ended.
            whole = 0xC000 if device is first else 0x8400
            for at in ((0, 0x4000), (0x4400, 0x8000), (whole, 0x10000)):
                self.assertTrue(back[slice(*at)] == kept[slice(*at)], "what lay beside the data at %#x to %#x" % at)


if __name__ == "__main__":
    unittest.main()

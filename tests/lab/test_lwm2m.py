"""LwM2M with a whole device: it bootstraps with the key from its stick, registers with what the bootstrap wrote, also over a network
that loses datagrams; a stick that is altered, another device's or another fleet's is refused, and the log says why."""
import json
import os
import re
import shutil
import unittest

from rig import oracle
from rig.broker import HOST
from rig.device import network, smbios
from rig.machine import HERE, PATIENCE, Machine
from rig.server import Server, free_udp_port
from rig.slots import ARGUMENTS, AT_POWER_ON, Slots, at_power_on
from rig.toolcase import ToolCase

SERIAL = "SN000001"
# The device's own programs: Python clients written from the specifications, over Debian's libssl, with nothing of ours.
CLIENTS = [os.path.join(HERE, "..", "lwm2m", name) for name in ("meter.py", "client.py", "wire.py")]

# The device stands in a network namespace; what goes in and out passes a wire, at both ends of which netem may lose it. The
# addresses of that wire are fixed: what is judged is how CoAP and DTLS bear a loss, not ARP.
INSTALL = """
set -e
modprobe -a virtio_net veth sch_netem usb-storage xhci_pci vfat nls_cp437 nls_ascii
echo 0 >/sys/module/usb_storage/parameters/delay_use
card=$(basename $(ls -d /sys/class/net/*/device | head -n 1 | xargs dirname))
ip link set $card up
ip address add 10.0.2.15/24 dev $card
ip netns add field
ip link add uplink type veth peer name radio netns field
ip link set uplink up
ip -n field link set lo up
ip -n field link set radio up
ip -n field address add 10.0.2.16/24 dev radio
ip route add 10.0.2.16/32 dev uplink
ip neighbour replace 10.0.2.16 lladdr $(ip netns exec field cat /sys/class/net/radio/address) dev uplink nud permanent
ip -n field neighbour replace 10.0.2.2 lladdr $(cat /sys/class/net/uplink/address) dev radio nud permanent
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.$card.proxy_arp=1 net.ipv4.neigh.$card.proxy_delay=0
"""
LOSE = """
set -e
tc qdisc replace dev uplink root netem loss %(loss)s%%
tc -n field qdisc replace dev radio root netem loss %(loss)s%%
"""
LOST = "tc -s -j qdisc show dev uplink; tc -n field -s -j qdisc show dev radio"
METER = """
mount -o ro $(findfs LABEL=LWM2M) /mnt || exit 2
ip netns exec field python3 /lab/meter.py "$(cat /lab/wish.json)"
ended=$?
umount /mnt
exit $ended
"""


def fleet_file(name, port):
    """Meters with one bootstrap server and one management server, both at `serve`, each with a key of its own."""
    uri = "coaps://%s:%d" % (HOST, port)
    return {
        "version": 1, "fleet": name, "inventory": "devices.csv", "authority": {"common_name": "Meter Device CA", "organization": "Lab", "key": "p256"},
        "serve": {"lwm2m": {"coaps": "127.0.0.1:%d" % port, "manager": "management", "endpoint": "urn:dev:os:{serial}"}},
        # A network that loses much is asked more often, and sooner, than the specification says where nobody says otherwise.
        "bootstrap": {"clients": {"lossy": {"ack_timeout": "1s", "repetitions": 5}}, "default": {"client": "lossy"}},
        "servers": {
            "boot": {"protocol": "lwm2m", "role": "bootstrap", "uri": uri, "security": "psk", "credential": "boot"},
            "management": {"protocol": "lwm2m", "uri": uri, "short_server_id": 101, "lifetime": "1h", "security": "psk", "credential": "management"}},
        "profiles": {"meter": {
            "servers": ["boot", "management"],
            "credentials": {"boot": {"kind": "psk", "bytes": 16}, "management": {"kind": "psk", "bytes": 16, "identity": "{id}-management"}},
            "bundles": {"site": {"template": "lwm2m", "seal": "none", "accept_plaintext": "the client reads its objects as they are"}},
            "deliveries": {"stick": {"bundle": "site"}}}}}


class Field:
    """What all tests here share, made by the first: sticks from the laptop, the server with its fleet, one device with its stick in."""

    def __init__(self, case):
        self.case, self.sticks = case, {}
        self.port = free_udp_port()
        folder = self.fleet("meters", ["meter-0001", "meter-0002"])
        self.fleet("strangers", ["alien-0001"])
        # The technician is done; the fleet goes to the server, ledger and keys with it.
        case.laptop.must("cp -a %s /lab/meters-moved" % folder)
        self.server = Server(case.bench.binary, os.path.join(case.laptop.lab, "meters-moved"))
        self.device = self.switched_on()
        self.must = self.device.must

    def fleet(self, name, devices):
        """A fleet on the laptop, and a stick for each of its devices, which is then pulled and kept as an image; returns its folder."""
        rows = [(device, "SN" + device[-4:].zfill(6), "meter") for device in devices]
        folder, _ = self.case.make_fleet(name, fleet_file(name, self.port), rows, "id,serial,profile")
        for device in devices:
            disk, node = self.case.stick(size=20 << 20)
            done = self.case.tool.run("write %s --to drive:%s --accept-target %s" % (device, node, self.case.tool.accept_id(node)), fleet=folder)
            self.case.judge(done, 0)
            self.case.laptop.must("sync")
            self.case.slots.unplug()
            self.sticks[device] = disk.path
        return folder

    def switched_on(self):
        """A Debian with its stick in at power-on, in its namespace."""
        self.disk = self.case.disk_of(self.sticks["meter-0001"])
        self.case.disks.remove(self.disk)       # it outlives the test
        device = Machine(self.case.work, self.case.bench.path("debian"), self.case.bench.system("debian.img"),
                         [*ARGUMENTS, *smbios(SERIAL), *network("virtio-net-pci"), *at_power_on(self.disk, "STICK")], AT_POWER_ON)
        device.slots = Slots(device)
        device.slots.found_at_power_on(self.disk)
        for client in CLIENTS:
            shutil.copy(client, device.lab)
        device.must(INSTALL)
        self.serial = device.must("cat /sys/class/dmi/id/product_serial").strip()
        return device

    def end(self):
        """Switches device and server off."""
        self.device.cut_power()
        self.server.stop()
        self.disk.close()


class Lwm2m(ToolCase):
    """From the stick to the registration."""

    field = None                    # made by the first test

    def setUp(self):
        super().setUp()
        if Lwm2m.field is None:
            Lwm2m.field = Field(self)
            self.addClassCleanup(Lwm2m.field.end)
        self.server = self.field.server
        self.begin = len(self.server.log())

    # --- doing ------------------------------------------------------------------------------------------------------
    def disk_of(self, image):
        """A stick with the content that the laptop wrote, in mint condition."""
        disk = self.disk(size=os.path.getsize(image))
        oracle.copy_span(image, 0, disk.size, disk.path)
        return disk

    def put_in(self, disk):
        """Pulls whatever stick is in the device and puts this one in; its own is in again after the test."""
        slots = self.field.device.slots
        slots.unplug()
        slots.plug(disk, "STICK%d" % slots.number)
        if disk is not self.field.disk:
            self.addCleanup(self.put_in, self.field.disk)

    def altered(self, device):
        """A device's stick with one bit of each key turned."""
        disk = self.disk_of(self.field.sticks[device])
        content = oracle.Volume(self.work, disk.path).files()["bootstrap.cbor"]
        with open(disk.path, "rb") as file:
            begin = file.read().index(content)
        # SenML CBOR: label 8, a string of 16 bytes.
        keys = [found.end() for found in re.finditer(rb"\x08\x50", content)]
        self.assertTrue(keys, content.hex())
        for at in keys:
            disk.store(begin + at, bytes([disk.bytes_at(begin + at, 1)[0] ^ 0x10]))
        return disk

    def start_meter(self, **wish):
        """Lets the device do what it is for; it knows what is on the stick and its own serial number, no more."""
        with open(os.path.join(self.field.device.lab, "wish.json"), "w") as file:
            json.dump({"file": "/mnt/bootstrap.cbor", "endpoint": "urn:dev:os:" + self.field.serial, "dtls": True, **wish}, file)
        return self.field.device.start(METER)

    def said(self, job, status, seconds=PATIENCE):
        """The device's words once it has ended with this exit status, and its words about one kind of event."""
        done = job.wait(seconds)
        self.assertEqual(done.rc, status, repr(done) + self.server_said())
        self.assertNotIn("Traceback", done.err)
        return [json.loads(line) for line in done.out.splitlines()]

    def server_said(self):
        """What the server has logged during this test, as text."""
        return "\n" + "\n".join(map(json.dumps, self.server.log()[self.begin:]))

    def awaited(self, **fields):
        """The server's line with these fields, logged during this test."""
        return self.server.await_line(begin=self.begin, **fields)

    # --- judging ----------------------------------------------------------------------------------------------------
    def assert_only_the_account_before(self, words):
        """On the stick there was one bootstrap account, and what the client was left with was nothing but that."""
        account, = [word["objects"] for word in words if word["event"] == "account"]
        self.assertEqual({path.split("/")[1] for path in account}, {"0"}, account)
        self.assertEqual([value for path, value in account.items() if re.fullmatch(r"/0/\d+/1", path)], [True])
        return account

    def assert_configured(self, words, account):
        """The bootstrap gave it the management server, with a key that is not that of the stick, and left its account as it was."""
        told = [word["objects"] for word in words if word["event"] == "bootstrap" and word["ended"] == "finished"][-1]
        self.assertEqual({path: told.get(path) for path in account}, account, "its way back is untouched")
        place, = [path[:-2] for path, value in told.items() if re.fullmatch(r"/0/\d+/1", path) and value is False]
        self.assertEqual((told[place + "/0"], told[place + "/2"], told[place + "/10"]), ("coaps://%s:%d" % (HOST, self.field.port), 0, 101))
        self.assertEqual(len(told[place + "/5"]), 32)
        self.assertNotIn(told[place + "/5"], account.values())
        self.assertIn(101, [value for path, value in told.items() if re.fullmatch(r"/1/\d+/0", path)])
        return bytes.fromhex(told[place + "/3"]).decode()

    def ended(self):
        """The server's lines about ends of bootstraps during this test."""
        return [line for line in self.server.log()[self.begin:] if (line["what"], line.get("event"), line.get("device")) == ("bootstrap", "ended", "meter-0001")]

    def assert_seen_by_the_server(self, identity):
        """The server's own record: the set was written and read back, Finish was said, and the device came with the identity that was written.

        Where the device's every answer to Finish is lost, the server gives up asking, and cannot know better.
        """
        self.awaited(what="bootstrap", event="ended", device="meter-0001", verified=True)
        last = self.ended()[-1]
        self.assertIn((last["result"], last["verified"]), (("finished", True), ("finish /bs: no answer came", True)), self.server_said())
        self.awaited(what="handshake", event="joined", identity=identity)

    def assert_no_key_is_shown(self, words):
        """Nothing that the server says of it holds a key."""
        told = [word["objects"] for word in words if word["event"] == "bootstrap"][-1]
        keys = [value for path, value in told.items() if re.fullmatch(r"/0/\d+/5", path)]
        self.assertEqual(len(keys), 2)
        shown = self.server_said() + repr(self.server.run("devices", "history", "meter-0001", "--json")) + repr(self.server.run("devices", "show", "meter-0001"))
        for key in keys:
            self.assertNotIn(key, shown)

    def assert_refused(self, words, ended):
        """It was given nothing: what it holds is what the stick had."""
        account = self.assert_only_the_account_before(words)
        tries = [word for word in words if word["event"] != "account"]
        self.assertEqual([(word["event"], word["ended"], word["objects"]) for word in tries], [("bootstrap", ended, account)])

    # --- the tests --------------------------------------------------------------------------------------------------
    def test_a_device_bootstraps_with_the_key_from_its_stick_registers_and_is_triggered(self):
        job = self.start_meter(tries=2, triggers=1, patience=120, linger=1)
        # A device that comes unasked needs no trigger: the wish is for when it is there.
        self.awaited(what="handshake", event="joined", identity="meter-0001-management")
        triggered = self.server.run("bootstrap", "trigger", "meter-0001", "--via", "registration", "--until", "registration", "--within", "120s", "--wait", "--json")
        words = self.said(job, 0)
        self.assertEqual([word["event"] for word in words], ["account", "bootstrap", "registered", "triggered", "bootstrap", "registered", "updated", "left"])
        self.assertEqual(words[-2:], [{"event": "updated", "answer": "2.04"}, {"event": "left", "answer": "2.02"}])
        account = self.assert_only_the_account_before(words)
        identity = self.assert_configured(words, account)
        self.assertEqual(identity, "meter-0001-management")
        self.assertEqual([line["result"] for line in self.ended()], ["finished", "finished"])
        self.assertEqual((triggered.rc, json.loads(triggered.out.splitlines()[-1])["state"]), (0, "done"), repr(triggered) + self.server_said())
        why = self.server.run("devices", "why", "meter-0001")
        self.assertIn("it was bootstrapped: finished", why.out, repr(why))
        shown = json.loads(self.server.run("devices", "show", "meter-0001", "--json").out)
        self.assertEqual(shown["device"]["serial"], SERIAL)
        self.assertEqual([(key["public"]["identity"], key["state"]) for key in shown["generations"]], [("meter-0001", "active"), (identity, "active")])
        self.assert_no_key_is_shown(words)
        self.assertEqual(self.field.disk.written(), [], "the device writes nothing to the stick")

    def test_over_a_network_that_loses_datagrams_it_comes_to_its_registration_all_the_same(self):
        self.addCleanup(self.field.must, LOSE % {"loss": 0})
        for loss, tries in ((5, 4), (30, 10)):
            with self.subTest("%d %% each way" % loss):
                self.begin = len(self.server.log())
                self.field.must(LOSE % {"loss": loss})
                words = self.said(self.start_meter(tries=tries, patience=45, linger=5), 0, 600)
                account = self.assert_only_the_account_before(words)
                self.assert_seen_by_the_server(self.assert_configured(words, account))
                self.assertEqual(words[-1], {"event": "left", "answer": "2.02"})
                self.assert_lost(loss)

    def assert_lost(self, loss):
        """netem was there at both ends of the wire, with this loss, and at 30 % it surely had something to lose."""
        ends = [qdisc for line in self.field.must(LOST).splitlines() for qdisc in json.loads(line)]
        self.assertEqual([(end["kind"], round(end["options"]["loss-random"]["loss"] * 100)) for end in ends], [("netem", loss)] * 2, ends)
        for end in ends:
            self.assertGreater(end["packets"], 10, ends)
            if loss == 30:
                self.assertGreater(end["drops"], 0, ends)

    def test_a_stick_that_is_altered_or_of_another_device_or_fleet_is_refused_and_the_log_says_why(self):
        with self.subTest("the key on the stick has a wrong bit"):
            self.put_in(self.altered("meter-0001"))
            self.assert_refused(self.said(self.start_meter(patience=10), 1), "no handshake")
            failed = self.awaited(what="handshake", event="failed", reason="wrong-key")
            self.assertIn("another key", failed["fix"])
        with self.subTest("the stick of a device of another fleet"):
            self.put_in(self.disk_of(self.field.sticks["alien-0001"]))
            self.assert_refused(self.said(self.start_meter(patience=10), 1), "no handshake")
            failed = self.awaited(what="handshake", event="failed", reason="unknown-identity")
            self.assertIn("no device of this fleet", failed["fix"])
        with self.subTest("the stick of another device of the fleet"):
            self.put_in(self.disk_of(self.field.sticks["meter-0002"]))
            self.assert_refused(self.said(self.start_meter(patience=10), 1), "refused 4.03")
            self.awaited(what="bootstrap", event="refused", reason="not-its-name")
        began = [line for line in self.server.log()[self.begin:] if line.get("event") == "began"]
        self.assertEqual(began, [], "nobody was told anything")


if __name__ == "__main__":
    unittest.main()

"""The ground for tests with whole devices: a guest with a serial number and a disk of its own, and a real MQTT broker it can reach."""
import subprocess
import unittest

from rig.broker import HOST, Broker
from rig.certificates import Authority
from rig.machine import HERE
from rig.toolcase import ToolCase

SEND = "-h %s -p %d -t devices/%s -m hello -q 1"


def sensors(name, trust):
    """A fleet whose devices speak MQTT; `trust` is what they know the broker by."""
    return {
        "version": 1, "fleet": name, "inventory": "devices.csv", "authority": {"common_name": name + " Device CA", "organization": "Lab", "key": "p256"},
        "servers": {"telemetry": {"protocol": "mqtt", "uri": "mqtts://%s:8883" % HOST, "security": "x509", "credential": "identity", "trust": trust}},
        "profiles": {"sensor": {
            "credentials": {"identity": {"kind": "x509", "key": "p256", "profile": "idevid", "valid": "forever", "retain": "keep"}},
            "bundles": {"connection": {"template": "mqtt", "seal": "none", "accept_plaintext": "files that are deleted after the test"}},
            "deliveries": {"files": {"bundle": "connection"}}}}}


class Devices(ToolCase):
    """The device guest."""

    def test_a_device_knows_its_serial_number_and_keeps_its_files_over_reboots_and_power_cuts(self):
        device = self.guest("SN-4711")
        device.bake("/etc/firstlight/device", "class: gateway\n")
        device.bake("/etc/firstlight/secret", "s", 0o600)
        device.at_boot("echo boot >>/etc/boots; cat /sys/class/dmi/id/product_serial; cat /etc/firstlight/device; echo no >&2; exit 3")
        said = device.boot()
        self.assertEqual((said.rc, said.out, said.err), (3, "SN-4711\nclass: gateway\n", "no\n"))
        self.assertEqual(device.must("stat -c '%a %u:%g' /etc/firstlight/secret /etc/firstlight/device").split("\n")[:2], ["600 0:0", "644 0:0"])
        device.must("echo kept >/etc/kept; sync")
        device.cut_power()
        self.assertEqual(device.boot(once=True).rc, 3, "a device that switches itself off")
        device.boot()
        self.assertEqual(device.must("cat /etc/kept /etc/boots").split(), ["kept", "boot", "boot", "boot"])
        device.power_off()

    def test_two_devices_at_once_have_their_own_serial_numbers_disks_and_networks(self):
        one, two = self.guest("ONE"), self.guest("TWO", card="e1000")
        for device in (one, two):
            device.boot()
            device.must("cat /sys/class/dmi/id/product_serial >/etc/me; sync")
        for device in (one, two):
            self.assertEqual(device.must("cat /etc/me").strip(), device.serial)
            self.assertIn("10.0.2.15", device.must("ip address show eth0"))

    def test_a_stick_that_is_there_at_power_on_is_pulled_and_another_is_put_in(self):
        disk, node = self.used_stick()
        self.laptop.must("mount -t vfat %s /mnt && echo hello >/mnt/note && umount /mnt && sync" % node)
        self.slots.unplug()
        device = self.guest("SN-1")
        device.at_boot("mount -t vfat -o ro $(findfs LABEL=HOLIDAY) /mnt && cat /mnt/note && umount /mnt")
        said = device.boot(stick=disk)
        self.assertEqual((said.rc, said.out), (0, "hello\n"), repr(said))
        device.machine.slots.unplug()
        self.assertEqual(device.run("findfs LABEL=HOLIDAY").rc, 1)
        device.machine.slots.plug(disk, "AGAIN")
        self.assertEqual(device.run("i=0; until findfs LABEL=HOLIDAY; do i=$((i + 1)); [ $i -lt 1000 ] || exit 1; usleep 50000; done").rc, 0)


class Brokers(ToolCase):
    """The broker, from the host and from a device."""

    def setUp(self):
        super().setUp()
        self.servers = Authority(self.work, self.bench.path("servers"), "Lab Servers")
        with open(self.servers.certificate) as file:
            self.trust = file.read()

    def fleet(self, name, device):
        """A fleet with one device; returns the path of its root certificate and the folder with the device's files."""
        self.laptop.must("mkdir -p /lab/%s" % name)
        with open("%s/%s/broker-ca.pem" % (self.laptop.lab, name), "w") as file:
            file.write(self.trust)
        folder, root = self.make_fleet(name, sensors(name, "broker-ca.pem"), [(device, "sensor")])
        path = self.bench.path(name + "-root.pem")
        with open(path, "w") as file:
            file.write(root)
        return path, self.render(device, folder)

    def broker(self, clients_ca, **how):
        """A broker that shows a certificate of `self.servers`; stopped after the test."""
        it = Broker(self.work, self.bench.path("broker"), clients_ca, *self.servers.issue([HOST, "127.0.0.1", "localhost"]), **how)
        self.addCleanup(it.stop)
        return it

    def send(self, port, *how):
        """Publishes from the host with mosquitto_pub; returns its exit status (or None if it never gave up) and its words."""
        try:
            done = subprocess.run([HERE + "/in-tree", self.work, "usr/bin/mosquitto_pub", *(SEND % ("127.0.0.1", port, "host")).split(), *how],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            return None, late.stdout

    def test_a_device_of_the_fleet_is_accepted_and_one_of_another_fleet_is_not(self):
        root, mine = self.fleet("sensors", "sn-0001")
        _, foreign = self.fleet("others", "sn-0001")
        broker = self.broker(root)
        def certificate(folder):
            return ["--cafile", folder + "/ca.pem", "--cert", folder + "/certificate.pem", "--key", folder + "/private-key.pem"]
        self.assertEqual(self.send(broker.port, *certificate(mine)), (0, ""))
        self.assertEqual((broker.accepted(), broker.refused()), (["sn-0001"], []))
        self.assertEqual([topic for _, topic in broker.published()], ["devices/host"])
        for how, words in ((certificate(foreign), "certificate verify failed"), (["--cafile", mine + "/ca.pem"], "peer did not return a certificate")):
            with self.subTest(words):
                before = len(broker.refused())
                self.assertNotEqual(self.send(broker.port, *how)[0], 0)
                self.assertRegex(" ".join(broker.refused()[before:]), words)
        with self.subTest("a broker that is not the one the fleet trusts"):
            self.assertNotEqual(self.send(broker.port, *["--cafile", root] + certificate(mine)[2:])[0], 0)
        self.assertEqual((broker.accepted(), len(broker.published())), (["sn-0001"], 1))
        with self.subTest("a broker that is off"):
            broker.stop()
            self.assertNotEqual(self.send(broker.port, *certificate(mine))[0], 0)
            broker.start()
            self.assertEqual(self.send(broker.port, *certificate(mine))[0], 0)

    def test_a_pre_shared_key_is_accepted_and_a_wrong_one_is_not(self):
        broker = self.broker(self.servers.certificate, keys={"sn-0002": "00112233445566778899aabbccddeeff"})
        self.assertEqual(self.send(broker.psk_port, "--psk-identity", "sn-0002", "--psk", "00112233445566778899aabbccddeeff"), (0, ""))
        self.assertEqual(broker.accepted(), ["sn-0002"])
        for identity, key in (("sn-0002", "00112233445566778899aabbccddee00"), ("sn-0003", "00112233445566778899aabbccddeeff")):
            self.assertNotEqual(self.send(broker.psk_port, "--psk-identity", identity, "--psk", key)[0], 0)
        self.assertEqual(broker.accepted(), ["sn-0002"])
        self.assertTrue(broker.refused())

    def test_a_device_guest_reaches_the_broker_with_its_own_certificate(self):
        root, files = self.fleet("sensors", "sn-0003")
        broker = self.broker(root)
        device = self.guest("SN-0003")
        for name in ("ca.pem", "certificate.pem", "private-key.pem"):
            with open(files + "/" + name, "rb") as file:
                device.bake("/etc/firstlight/" + name, file.read(), 0o600)
        device.bake_program("usr/bin/mosquitto_pub", "/bin/mosquitto_pub")
        device.at_boot("cd /etc/firstlight && mosquitto_pub %s --cafile ca.pem --cert certificate.pem --key private-key.pem"
                       % (SEND % (HOST, broker.port, "$(cat /sys/class/dmi/id/product_serial)")))
        self.assertEqual(device.boot(once=True).rc, 0)
        self.assertEqual((broker.accepted(), [topic for _, topic in broker.published()]), (["sn-0003"], ["devices/SN-0003"]))
        self.assertEqual(device.boot(once=True).rc, 0)
        self.assertEqual(broker.accepted(), ["sn-0003"] * 2, "it connects at every boot")


if __name__ == "__main__":
    unittest.main()

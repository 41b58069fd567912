"""A Debian device with Debian's cloud-init and nothing of ours: it comes up as the fleet file says, and stays so without the stick."""
import base64
import hashlib
import json
import os
import struct
import unittest

from rig import oracle
from rig.machine import Machine
from rig.slots import ARGUMENTS, AT_POWER_ON, at_power_on
from rig.toolcase import ToolCase

DEVICE, HOSTNAME, USER, TIMEZONE = "pump-0007", "pump-seven", "technician", "Europe/Berlin"
SETTINGS, TOKEN = "interval = 60\nname = \"Köln: #7 {{ x }}\"\n", "t0ken"
ONCE, ALWAYS = "/var/lib/once", "/var/lib/always"
UNIT = "[Unit]\nDescription=%s\n[Service]\nType=oneshot\nExecStart=/bin/sh -c \"sha256sum <%s >>%s\"\n"
KEY_FILE = "/etc/firstlight/credentials/identity/private-key.pem"
UNITS = {"once.service": UNIT % ("Set up", KEY_FILE, ONCE),
         "always.service": UNIT % ("Count the boots", KEY_FILE, ALWAYS) + "[Install]\nWantedBy=multi-user.target\n"}
CREDENTIALS = {"identity/certificate.pem": "0644", "identity/private-key.pem": "0600", "management/identity": "0644", "management/key.hex": "0600"}
MODES = {"/etc/firstlight/device.json": "0644", "/etc/firstlight/servers.json": "0644", "/etc/firstlight/trust/telemetry.pem": "0644",
         **{"/etc/firstlight/credentials/" + name: mode for name, mode in CREDENTIALS.items()}}
OWN = {"/etc/pump/settings.toml": ("0644", "root:root", SETTINGS), "/home/%s/token" % USER: ("0640", "%s:adm" % USER, TOKEN),
       **{"/etc/systemd/system/" + name: ("0644", "root:root", text) for name, text in UNITS.items()}}


def fleet_file(ssh_key):
    """The fleet file, of the same words that the device is judged by."""
    files = {path: {"content": text, "mode": mode, "owner": owner} for path, (mode, owner, text) in OWN.items() if not path.startswith("/etc/systemd/")}
    variables = {"hostname": HOSTNAME, "user": USER, "timezone": TIMEZONE, "ssh_authorized_keys": [ssh_key], "files": files, "units": UNITS}
    return {
        "version": 1, "fleet": "pumps", "inventory": "devices.csv",
        "authority": {"common_name": "Pump Device CA", "organization": "Lab", "key": "p256"},
        "servers": {"telemetry": {"protocol": "mqtt", "uri": "mqtts://mqtt.lab.example:8883", "security": "x509", "credential": "identity"}},
        "profiles": {"pump": {
            "credentials": {"identity": {"kind": "x509", "key": "p256", "profile": "idevid", "valid": "forever"},
                            "management": {"kind": "psk", "bytes": 16}},
            "variables": variables,
            "bundles": {"site": {"template": "cloud-init", "seal": "none", "accept_plaintext": "cloud-init reads plain files only"}},
            "deliveries": {"stick": {"bundle": "site", "medium": {"filesystem": "fat32", "label": "CIDATA", "size": "64MiB"}}}}}}


# Runs in the guest, with the Python that cloud-init itself needs.
REPORT = """
cloud-init status --wait >/dev/null 2>&1
systemctl is-system-running --wait >/dev/null 2>&1
exec python3 - <<'END'
import hashlib, json, os, pathlib, pwd, grp, subprocess
def said(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.strip()
def about(path):
    it = path.stat()
    owner = pwd.getpwuid(it.st_uid).pw_name + ":" + grp.getgrgid(it.st_gid).gr_name
    return ["%%04o" %% (it.st_mode & 0o7777), owner, hashlib.sha256(path.read_bytes()).hexdigest()]
def text(path):
    return pathlib.Path(path).read_text() if os.path.exists(path) else None
own = %r
paths = [path for path in pathlib.Path("/etc/firstlight").rglob("*") if path.is_file()] + [pathlib.Path(path) for path in own if os.path.exists(path)]
print(json.dumps({
    "status": said("cloud-init", "status"), "hostname": said("hostname"), "instance": text("/var/lib/cloud/data/instance-id"),
    "user": said("getent", "passwd", %r), "shadow": said("getent", "shadow", %r), "timezone": os.path.realpath("/etc/localtime"),
    "failed": said("systemctl", "--failed", "--plain", "--no-legend"), "keys": text("/home/%s/.ssh/authorized_keys"),
    "once": text(%r), "always": text(%r), "files": {str(path): about(path) for path in paths}}))
END
""" % (sorted(OWN), USER, USER, USER, ONCE, ALWAYS)

LOG_IN = """
cp /lab/%s /run/key && chmod 600 /run/key
ssh -i /run/key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no """ + USER + """@127.0.0.1 'id -un; sudo -n id -un; id -nG'
"""


class CloudInit(ToolCase):
    """The device's side, from power-on to log-in."""

    def ssh_key(self, name):
        """Makes a key that may log in; returns the path of the private one and the line of the public one."""
        path = self.bench.path(name)
        oracle.in_tree(self.work, "usr/bin/openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        oracle.in_tree(self.work, "usr/bin/openssl", "pkey", "-in", path, "-pubout", "-outform", "DER", "-out", path + ".der")
        with open(path + ".der", "rb") as file:
            point = file.read()[-65:]
        parts = b"".join(struct.pack(">I", len(part)) + part for part in (b"ecdsa-sha2-nistp256", b"nistp256", point))
        return path, "ecdsa-sha2-nistp256 %s technician@lab" % base64.b64encode(parts).decode()

    def write_stick(self):
        """A stick for the device, written by the laptop from the fleet file; returns its disk and its files."""
        fleet, self.root = self.make_fleet("pumps", fleet_file(self.key_line), [(DEVICE, "pump")])
        disk, node = self.stick()
        self.judge(self.tool.run("write %s --to drive:%s --accept-target %s" % (DEVICE, node, self.tool.accept_id(node)), fleet=fleet), 0)
        self.laptop.must("sync")
        self.slots.unplug()
        files = oracle.Volume(self.work, disk.path).files()
        oracle.judge_bundle(files, DEVICE)
        disk.mark()
        return disk, files

    def boot(self, system, disk=None):
        """Starts the device, with a stick in it or without."""
        if disk is None:
            device = Machine(self.work, self.bench.path("debian"), system, ARGUMENTS)
        else:
            device = Machine(self.work, self.bench.path("debian"), system, ARGUMENTS + at_power_on(disk, "STICK"), AT_POWER_ON)
        self.addCleanup(device.cut_power)
        return device

    def test_a_debian_device_comes_up_as_the_fleet_file_says_and_stays_so_without_the_stick(self):
        self.key, self.key_line = self.ssh_key("key")
        self.other_key, _ = self.ssh_key("other-key")
        disk, files = self.write_stick()
        system = self.bench.system("debian.img")
        device = self.boot(system, disk)
        first = json.loads(device.must(REPORT))
        self.assertEqual((first["status"], first["failed"]), ("status: done", ""), device.console()[-4000:])
        manifest = json.loads(files[oracle.MANIFEST])
        self.assertEqual(first["instance"].strip(), "%s-%s" % (DEVICE, manifest["version"]))
        self.judge_device(first, files, device)
        self.judge_log_in(device)
        self.assertEqual(disk.written(), [], "the device writes nothing to the stick")
        device.power_off()

        again = self.boot(system)
        second = json.loads(again.must(REPORT))
        self.judge_log_in(again)
        again.power_off()
        self.assertEqual(second.pop("always"), 2 * first.pop("always"), "an enabled unit runs at every boot")
        self.assertEqual({**second, "status": ""}, {**first, "status": ""})

    def judge_device(self, seen, files, device):
        """What the device is, against what the fleet file says and what is on the stick."""
        self.assertEqual((seen["hostname"], seen["timezone"], seen["failed"]), (HOSTNAME, "/usr/share/zoneinfo/" + TIMEZONE, ""))
        self.assertRegex(seen["user"], r"^%s:x:[0-9]{4}:.*:/home/%s:/bin/bash$" % (USER, USER))
        self.assertRegex(seen["shadow"], r"^%s:!" % USER)
        self.assertEqual(seen["keys"].strip(), self.key_line)
        digests = {path: digest for path, (_, _, digest) in seen["files"].items()}
        self.assertEqual({path: tuple(how) for path, (*how, _) in seen["files"].items()},
                         {**{path: (mode, "root:root") for path, mode in MODES.items()}, **{path: (mode, owner) for path, (mode, owner, _) in OWN.items()}})
        for path, (_, _, text) in OWN.items():
            self.assertEqual(digests[path], sha256(text), path)
        key_digest = digests[KEY_FILE] + "  -\n"
        self.assertEqual((seen["once"], seen["always"]), (key_digest, key_digest), "both units ran once, after the key was there")
        self.judge_credentials(device, files["user-data"].decode(), digests)

    def judge_credentials(self, device, user_data, digests):
        """Certificate and key belong together, to the device and to the fleet's authority; all are on the stick as they are on the device."""
        device.must("cp -r /etc/firstlight /lab/ && chmod -R a+rX /lab/firstlight")
        folder = device.lab + "/firstlight/"
        for path in MODES:
            with open(device.lab + path[len("/etc"):], encoding="utf-8") as file:
                text = file.read()
            self.assertEqual(digests[path], sha256(text), path)
            self.assertIn("content: " + json.dumps(text, ensure_ascii=False), user_data, path)
        with open(folder + "trust/telemetry.pem") as file:
            self.assertEqual(file.read().strip(), self.root.strip())
        identity = folder + "credentials/identity/"
        said = oracle.in_tree(self.work, "usr/bin/openssl", "verify", "-CAfile", folder + "trust/telemetry.pem", "-untrusted",
                              identity + "certificate.pem", identity + "certificate.pem")
        self.assertIn("OK", said)
        self.assertIn(DEVICE, oracle.in_tree(self.work, "usr/bin/openssl", "x509", "-in", identity + "certificate.pem", "-noout", "-subject"))
        self.assertEqual(oracle.in_tree(self.work, "usr/bin/openssl", "x509", "-in", identity + "certificate.pem", "-noout", "-pubkey"),
                         oracle.in_tree(self.work, "usr/bin/openssl", "pkey", "-in", identity + "private-key.pem", "-pubout"))
        with open(folder + "credentials/management/key.hex") as file:
            self.assertRegex(file.read(), r"^[0-9a-f]{32}$")
        with open(folder + "device.json") as file:
            self.assertEqual(json.load(file)["id"], DEVICE)

    def judge_log_in(self, device):
        """The technician's key logs in and may become root; another key does not."""
        for name, path in (("key", self.key), ("other", self.other_key)):
            with open(path) as source, open(os.path.join(device.lab, name), "w") as target:
                target.write(source.read())
        done = device.run(LOG_IN % "key")
        self.assertEqual(done.rc, 0, repr(done))
        name, root, groups = done.out.splitlines()
        self.assertEqual((name, root), (USER, "root"))
        self.assertLessEqual({"adm", "sudo"}, set(groups.split()))
        refused = device.run(LOG_IN % "other")
        self.assertEqual((refused.rc, refused.out), (255, ""), repr(refused))
        self.assertIn("Permission denied", refused.err)

    def test_the_same_device_without_a_stick_knows_nothing_of_the_fleet(self):
        seen = json.loads(self.boot(self.bench.system("debian.img")).must(REPORT))
        self.assertEqual((seen["status"], seen["user"], seen["keys"], seen["once"], seen["files"]), ("status: disabled", "", None, None, {}))
        self.assertNotEqual(seen["hostname"], HOSTNAME)


def sha256(text):
    """The digest of a text's bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    unittest.main()

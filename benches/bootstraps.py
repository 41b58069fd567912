"""Bootstraps of `firstlight serve`: storms of LwM2M devices with pre-shared keys, and without protection for comparison.

usage: bootstraps.py FIRSTLIGHT BOOTSTRAPS [SCALE [stub|pack|nosec|psk|flood|storm|loss ...]]

BOOTSTRAPS is the program of `benches/bootstraps.rs`. SCALE is a part of the devices of the full run (1 when absent), for a look.
  stub    the least server there can be: what UDP, the exchange layer and the devices themselves allow
  pack    Bootstrap-Packs without protection, 256 devices at a time
  nosec   whole bootstraps without protection, 256 at a time
  psk     handshake with a pre-shared key and whole bootstrap, 256 at a time
  flood   the same as psk, while 100,000 bogus ClientHellos come from as many addresses (bound: half the rate without)
  storm   4,000 devices with keys, all at once
  loss    50,000 devices with keys, all at once, a tenth of all datagrams lost
Beside each stand the CPU seconds of server and devices, which share the machine's cores, and the server's peak memory.
"""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

from measured import Report
from stores import TICKS, probe, ticks

# Each device has a socket: more than this many are shared by several processes.
SOCKETS = 15000
AT_ONCE = 256
FLEET = """version: 1
fleet: bench
inventory: devices.csv
authority: {common_name: Bench CA, organization: Bench}
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: "%(uri)s", %(boot)s}
  main: {protocol: lwm2m, uri: "coaps://lwm2m.example:5684", short_server_id: 101, lifetime: 1h, security: psk, credential: main}
profiles:
  gateway:
    servers: [boot, main]
    credentials: {%(credential)smain: {kind: psk, bytes: 16}}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: "a comparison"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
serve:
  listen: 127.0.0.1:0
  names: [localhost]
  lwm2m: {%(listen)s}
"""
PSK = {"uri": "coaps://127.0.0.1:5684", "boot": "security: psk, credential: boot", "credential": "boot: {kind: psk, bytes: 16}, ",
       "listen": 'coaps: "127.0.0.1:0"'}
NOSEC = {"uri": "coap://127.0.0.1:5683", "boot": "security: none", "credential": "",
         "listen": 'coap: "127.0.0.1:0", nosec: true'}


class Serve:
    """`firstlight serve` of a fleet made for it, whose devices have their keys."""

    def __init__(self, binary, fleet, kind, devices):
        os.makedirs(fleet)
        self.fleet, self.binary = fleet, binary
        with open(fleet + "/fleet.yaml", "w") as file:
            file.write(FLEET % kind)
        with open(fleet + "/devices.csv", "w") as file:
            file.write("id,profile\n" + "".join("gw-%07d,gateway\n" % number for number in range(devices)))
        self.run("ca", "init")
        if kind is PSK:
            self.run("write", "--all", "--to", "folder:" + fleet + "/out")
        else:
            self.run("issue", "--all")
        self.log = open(fleet + "/log", "w")
        words = [binary, "serve", "--fleet", fleet, "--json"]
        self.child = subprocess.Popen(words, stdout=self.log, stderr=subprocess.PIPE, text=True)
        self.address = None
        for line in self.child.stderr:
            found = re.search(r'"at":"([^"]+)".*"bootstrapping"|"bootstrapping".*"at":"([^"]+)"', line)
            if found:
                self.address = found.group(1) or found.group(2)
            elif '"listening"' in line:
                break
        if not self.address:
            sys.exit("the bootstrap server did not start: " + line)

    def run(self, *words):
        done = subprocess.run([self.binary] + list(words) + ["--fleet", self.fleet], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit("%s: %s" % (" ".join(words), done.stderr[-2000:]))

    def keys(self):
        """Returns a file with a line for each device: its name and the objects that were written for it."""
        path = self.fleet + "/keys"
        with open(path, "w") as file:
            for folder, _, names in os.walk(self.fleet + "/out"):
                found = re.search(r"gw-\d{7}", folder)
                if found and "bootstrap.cbor" in names:
                    file.write("%s %s/bootstrap.cbor\n" % (found.group(), folder))
        return path

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        said = self.child.communicate()[1]
        if self.child.returncode != 0:
            sys.exit("the server ended with %d: %s" % (self.child.returncode, said))
        self.log.close()


class Stub:
    """The server of `benches/bootstraps.rs`."""

    def __init__(self, program):
        self.child = subprocess.Popen([program, "stub", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.address = self.child.stdout.readline().strip()

    def end(self):
        self.child.terminate()
        self.child.wait()


def peak(pid):
    with open("/proc/%d/status" % pid) as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024


def cpu(pid):
    return ticks(pid) / TICKS


def devices(program, way, address, count, first=0, *more):
    """Lets devices come from as many processes as their sockets need; returns what they saw, put together."""
    words = [program, "devices", way, address]
    parts = [(at, min(SOCKETS, count - at)) for at in range(0, count, SOCKETS)]
    children = [subprocess.Popen(words + [str(size), "first=%d" % (first + at)] + [str(word) for word in more], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE) for at, size in parts]
    for child in children:
        if child.stdout.readline() != "ready\n":
            sys.exit("the devices did not come up")
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    seen = [json.loads(child.communicate()[0]) for child in children]
    largest = max(seen, key=lambda part: part["p99"])
    return {
        "configured": sum(part["configured"] for part in seen),
        "seconds": max(part["seconds"] for part in seen),
        "begun_again": sum(part["begun_again"] for part in seen),
        "faults": [part["faults"] for part in seen if part["faults"]],
        "cpu": sum(part["cpu"] for part in seen),
        "p50": largest["p50"], "p99": largest["p99"], "worst": max(part["worst"] for part in seen),
    }


def round_of(report, program, name, way, server, count, least, *more, first=0):
    """One storm; a device that is not configured breaks the bound, and so does a rate below `least` if there is one."""
    before = cpu(server.child.pid)
    seen = devices(program, way, server.address, count, first, *more)
    spent = cpu(server.child.pid) - before
    report.bound(name + ": devices configured of %d" % count, seen["configured"], count, "", at_least=True)
    rate = seen["configured"] / max(seen["seconds"], 1e-9)
    if least:
        report.bound(name + ": bootstraps a second", rate, least, "/s", at_least=True)
    else:
        report.say("    %.0f bootstraps/s, all in %.1f s" % (rate, seen["seconds"]))
    report.say("    p50 %.1f ms, p99 %.1f ms, longest %.1f ms; %d began again; faults: %s" % (
        seen["p50"], seen["p99"], seen["worst"], seen["begun_again"], seen["faults"] or "none"))
    report.say("    CPU: server %.2f s (%.0f us each), devices %.2f s; server's peak memory %.0f MiB" % (
        spent, spent * 1e6 / count, seen["cpu"], peak(server.child.pid)))
    return rate


def flood(report, program, server, count, bogus, *more):
    """Good devices without and with a flood that lasts as long as they did without."""
    alone = round_of(report, program, "before the flood", "psk", server, count, None, *more)
    words = [sys.executable, "-I", os.path.dirname(os.path.abspath(__file__)) + "/hellos.py", server.address, str(bogus),
             str(count / alone)]
    sender = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    rate = round_of(report, program, "in the flood", "psk", server, count, None, *more)
    sent, seconds = sender.communicate()[0].split()
    report.say("    %s bogus hellos in %.1f s" % (sent, float(seconds)))
    report.bound("flood: rate of good devices to the rate without it", rate / alone, 0.5, "", at_least=True)


def main():
    binary, program, report = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), Report()
    scale = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    parts = sys.argv[4:] or ["stub", "pack", "nosec", "psk", "flood", "storm", "loss"]
    count = lambda full: max(int(full * scale), 50)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = tempfile.mkdtemp(prefix="firstlight-bench-")
    many = "at-once=%d" % AT_ONCE
    try:
        if "stub" in parts:
            stub = Stub(program)
            for way in ("pack", "nosec"):
                round_of(report, program, "stub, " + way, way, stub, count(12000), None, many)
            stub.end()
        if "pack" in parts or "nosec" in parts:
            serve = Serve(binary, folder + "/nosec", NOSEC, count(12000))
            report.say("fdatasync of this folder: %.0f /s" % probe(folder))
            for way, least in (("pack", 8000), ("nosec", None)):
                if way in parts:
                    round_of(report, program, way, way, serve, count(12000), least, many)
            serve.end()
        if {"psk", "flood", "storm", "loss"} & set(parts):
            most = max(count(full) for part, full in (("psk", 12000), ("flood", 12000), ("storm", 4000), ("loss", 50000)) if part in parts)
            serve = Serve(binary, folder + "/psk", PSK, most)
            keys = "keys=" + serve.keys()
            report.say("fdatasync of this folder: %.0f /s" % probe(folder))
            if "psk" in parts:
                round_of(report, program, "psk", "psk", serve, count(12000), 1500, many, keys)
            if "flood" in parts:
                flood(report, program, serve, count(12000), count(100000), many, keys)
            if "storm" in parts:
                round_of(report, program, "psk, all at once", "psk", serve, count(4000), None, keys)
            if "loss" in parts:
                round_of(report, program, "psk, all at once, 10 % lost", "psk", serve, count(50000), None, keys, "loss=10")
            report.bound("psk: peak memory of the server", peak(serve.child.pid), 300, "MiB")
            serve.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

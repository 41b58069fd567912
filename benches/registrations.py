"""Registrations a second of `firstlight serve`, over HTTPS with HMAC claims, on SQLite and on PostgreSQL.

usage: registrations.py FIRSTLIGHT REGISTER [REGISTRATIONS [sqlite|postgres|handshake ...]]

REGISTER is the program of `benches/register.rs`. Beside each figure stand the disk's fdatasync rate, taken in the same
folder right before and after, and the CPU seconds of server, clients and PostgreSQL: all share the machine's cores.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from measured import Report
from stores import Cluster, TICKS, probe, ticks

CLIENTS = 64
FLEET = """version: 1
fleet: bench
inventory: devices.csv
authority: {common_name: Bench CA, organization: Bench}
servers:
  telemetry: {protocol: mqtt, uri: "mqtts://telemetry.example:8883", security: x509, credential: identity}
profiles:
  gateway:
    credentials:
      identity: {kind: x509, key: p256, profile: idevid, valid: forever}
    bundles:
      site: {template: mqtt, seal: none, accept_plaintext: "a comparison"}
    deliveries:
      stick: {bundle: site, medium: {filesystem: fat, size: 8MiB}}
enrolment:
  groups:
    line-a: {proofs: [claim], rates: {source: 1000000, group: 1000000, token: 1000000}}
serve:
  listen: 127.0.0.1:0
  names: [localhost]
  limits: {rates: {source: 1000000, group: 1000000, token: 1000000}}
"""


class Serve:
    """`firstlight serve` of a fleet made for it."""

    def __init__(self, binary, fleet, store):
        os.makedirs(fleet)
        with open(fleet + "/fleet.yaml", "w") as file:
            file.write(FLEET + ("store: %s\n" % store if store else ""))
        with open(fleet + "/devices.csv", "w") as file:
            file.write("id,profile\ngw-1,gateway\n")
        subprocess.run([binary, "ca", "init", "--fleet", fleet], check=True, stdout=subprocess.DEVNULL)
        self.log = open(fleet + "/log", "w")
        self.child = subprocess.Popen([binary, "serve", "--fleet", fleet], stdout=self.log, stderr=subprocess.PIPE, text=True)
        self.address = None
        for line in self.child.stderr:
            found = re.search(r"https://(\S+)", line)
            if found:
                self.address = found.group(1)
                break
            sys.stderr.write(line)
        if not self.address:
            sys.exit("the server did not start")

    def cpu(self):
        return ticks(self.child.pid) / TICKS

    def peak(self):
        with open("/proc/%d/status" % self.child.pid) as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        said = self.child.communicate()[1]
        if self.child.returncode != 0:
            sys.exit("the server ended with %d: %s" % (self.child.returncode, said))
        self.log.close()


def client(program, *words):
    done = subprocess.run([program] + [str(word) for word in words], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def registrations(binary, program, report, folder, count, engine):
    cluster = Cluster(folder + "/postgres") if engine == "postgres" else None
    fleet = folder + "/fleet-" + engine
    serve = Serve(binary, fleet, cluster.address if cluster else None)
    # A first round fills caches, prepares statements and lets files grow; it is not counted.
    client(program, "register", fleet, serve.address, "line-a", CLIENTS, max(count // 20, 4000), "warm")
    if cluster:
        # What its autovacuum does within a minute: before, it plans for tables of no known size.
        cluster.run(["psql", "-q", cluster.address, "-c", "ANALYZE"])
    idle = serve.peak()
    for order in ("in order", "drawn"):
        round_of(serve, cluster, program, report, folder, count, engine, order)
    report.bound("%s: peak memory of the server" % engine, serve.peak(), 200, "MiB")
    report.say("    (%.0f MiB after the first round; %d bytes of log)" % (idle, os.path.getsize(fleet + "/log")))
    serve.end()
    if cluster:
        cluster.end()


def round_of(serve, cluster, program, report, folder, count, engine, order):
    rates = [probe(folder)]
    before = [serve.cpu(), cluster.cpu() if cluster else 0.0]
    seen = client(program, "register", folder + "/fleet-" + engine, serve.address, "line-a", CLIENTS, count, order[:2], order)
    spent = [serve.cpu() - before[0], (cluster.cpu() if cluster else 0.0) - before[1]]
    rates.append(probe(folder))
    rate = seen["answered"] / seen["seconds"]
    assert seen["statuses"] == {"201": count} and seen["lost"] == 0, seen
    report.bound("%s: registrations a second, %d clients, ids %s" % (engine, CLIENTS, order), rate, 5000 if engine == "sqlite" else 3000,
                 "/s", at_least=True)
    report.say("    p50 %.1f ms, p99 %.1f ms, longest %.1f ms; fdatasync %.0f and %.0f /s before and after" % (
        seen["p50"], seen["p99"], seen["worst"], rates[0], rates[1]))
    per = 1e6 / count
    report.say("    CPU for each: server %.0f us, clients %.0f us, PostgreSQL %.0f us; %.2f cores busy of %d" % (
        spent[0] * per, seen["cpu"] * per, spent[1] * per, (sum(spent) + seen["cpu"]) / seen["seconds"], os.cpu_count()))


def handshakes(binary, program, report, folder):
    fleet = folder + "/handshake"
    serve = Serve(binary, fleet, None)
    before = serve.cpu()
    seen = client(program, "handshake", fleet, serve.address, CLIENTS, 5)
    spent = serve.cpu() - before
    report.say("handshakes, new connections and full TLS 1.3 each: %.0f /s; CPU for each: server %.0f us, clients %.0f us" % (
        seen["handshakes"] / seen["seconds"], spent * 1e6 / seen["handshakes"], seen["cpu"] * 1e6 / seen["handshakes"]))
    assert seen["lost"] == 0, seen
    before = serve.cpu()
    s_time = subprocess.run(["openssl", "s_time", "-connect", serve.address, "-new", "-time", "5"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True).stdout
    found = re.search(r"(\d+) connections in [\d.]+ real seconds", s_time) or re.search(r"(\d+) connections in", s_time)
    spent = serve.cpu() - before
    count = int(found.group(1)) if found else 0
    report.say("openssl s_time, one at a time: %.0f /s; CPU for each: server %.0f us" % (count / 5, spent * 1e6 / max(count, 1)))
    speed = subprocess.run(["openssl", "speed", "-seconds", "1", "-mr", "ecdsap256", "ecdhx25519"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True).stdout
    for kind, line in (("sign with P-256", r"\+F[34]:.*"), ("agree by X25519", r"\+F5:.*")):
        for match in re.findall(line, speed):
            report.say("openssl speed: %s: %s" % (kind, match))
    serve.end()


def main():
    binary, program, report = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), Report()
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 60000
    parts = sys.argv[4:] or ["sqlite", "postgres", "handshake"]
    folder = tempfile.mkdtemp(prefix="firstlight-bench-")
    os.chmod(folder, 0o755)
    try:
        for part in parts:
            if part == "handshake":
                handshakes(binary, program, report, folder)
            else:
                registrations(binary, program, report, folder, count, part)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

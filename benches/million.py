"""A registry with a million devices, in a SQLite file and in PostgreSQL: import, lookup, search.

usage: million.py MILLION [DEVICES [sqlite|postgres ...]]

MILLION is the program of `benches/million.rs`. The disk's fdatasync rate stands beside, taken in the same folder.
"""
import json
import os
import shutil
import sys
import tempfile

from measured import Report, Run
from stores import Cluster, probe


def measure(program, report, folder, count, engine):
    cluster = Cluster(folder + "/postgres") if engine == "postgres" else None
    before = probe(folder)
    run = Run([program, cluster.address if cluster else folder + "/registry.db", str(count)]).checked()
    seen = json.loads(run.stdout)
    report.say("%s: fdatasync %.0f and %.0f /s before and after; %.0f s, %.0f s CPU of our own; load %.1f on %d cores" % (
        engine, before, probe(folder), run.wall, run.cpu, os.getloadavg()[0], os.cpu_count()))
    allow = seen["allow"]
    report.bound("%s: allow list, new rows" % engine, allow["new_a_second"], 25000, "/s", at_least=True)
    report.bound("%s: allow list again, half of it there" % engine, allow["resumed_a_second"], 25000, "/s", at_least=True)
    rows, devices = allow["rows"], seen["devices"]
    report.say("    CPU of our own for each row: new %.1f us, again %.1f us" % (
        allow["new_cpu"] * 1e6 / (rows // 2), allow["resumed_cpu"] * 1e6 / rows))
    report.say("    devices from NDJSON: %.0f /s, CPU of our own for each %.1f us" % (
        devices["a_second"], devices["cpu"] * 1e6 / devices["rows"]))
    for what, spread in seen["lookups"].items():
        report.bound("%s: lookup by %s, p99 of %d" % (engine, what, spread["count"]), spread["p99"], 2, "ms")
    for text, spread in seen["searches"].items():
        report.bound("%s: search %s, longest of %d" % (engine, text or "of all", spread["count"]), spread["worst"], 50, "ms")
    report.bound("%s: peak memory" % engine, seen["peak"], 200, "MiB")
    if cluster:
        cluster.end()


def main():
    program, report = os.path.abspath(sys.argv[1]), Report()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    folder = tempfile.mkdtemp(prefix="firstlight-bench-")
    os.chmod(folder, 0o755)
    try:
        for engine in sys.argv[3:] or ["sqlite", "postgres"]:
            measure(program, report, folder, count, engine)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

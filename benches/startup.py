"""Start-up CPU, memory for 100,000 devices, and the size of the binary.

usage: startup.py FIRSTLIGHT [DEVICES_WRITTEN]

Images are written for 5,000 of the 100,000 devices: memory grows with the fleet that is loaded, not with what is written.
"""
import os
import shutil
import sys
import tempfile

import fleets
from measured import Report, Run, median

FLEET = 100000


def start_up(binary, report, fleet):
    Run([binary, "write", "--fleet", fleet, "--all", "--to", "image:%s/out/" % fleet]).checked()
    for name, argv in (("--version", ["--version"]), ("--help", ["--help"]),
                       ("devices list on 1,000 devices", ["devices", "list", "--fleet", fleet]),
                       ("devices list --json on 1,000 devices", ["devices", "list", "--json", "--fleet", fleet]),
                       ("check of 1,000 devices", ["check", "--fleet", fleet])):
        runs = [Run([binary] + argv).checked().cpu for _ in range(21)]
        report.bound(name + ", CPU (median of 21)", 1000 * median(runs), 10, "ms")


def memory(binary, report, fleet, written):
    ids = ["gw-%06d" % i for i in range(0, FLEET, FLEET // written)]
    for name, argv, wanted in (
            ("check", ["check"], 0),
            ("issue --all", ["issue", "--all"], 0),
            ("issue --all, nothing left to do", ["issue", "--all"], 0),
            ("write --all --plan", ["write", "--all", "--plan", "--to", "image:%s/out/" % fleet], FLEET),
            ("write --all --plan --json", ["write", "--all", "--plan", "--json", "--to", "image:%s/out/" % fleet], FLEET),
            ("write of %d devices" % len(ids), ["write"] + ids + ["--to", "image:%s/out/" % fleet], 0),
            ("write --all of what is half done --plan", ["write", "--all", "--plan", "--to", "image:%s/out/" % fleet], FLEET),
            ("devices list", ["devices", "list"], FLEET),
            ("devices list --json", ["devices", "list", "--json"], FLEET),
            ("ledger log", ["ledger", "log"], FLEET),
            ("ledger verify", ["ledger", "verify"], 0)):
        run = Run([binary] + argv + ["--fleet", fleet]).checked()
        assert run.stdout.count(b"\n") >= wanted, "%s says something of every device" % name
        report.bound("%s, %d devices: peak memory" % (name, FLEET), run.peak, 100, "MiB")
        report.say("    %.2f s CPU, %.2f s" % (run.cpu, run.wall))


def main():
    binary, report, folder = os.path.abspath(sys.argv[1]), Report(), tempfile.mkdtemp(prefix="firstlight-bench-")
    written = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    try:
        small, large = folder + "/small", folder + "/large"
        fleets.make(small, 1000)
        start_up(binary, report, small)
        fleets.make(large, FLEET)
        memory(binary, report, large, written)
        report.say("binary: %.1f MB" % (os.path.getsize(binary) / 1e6))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

"""Start-up CPU, memory for 100,000 devices, and the size of the binary.

usage: startup.py FIRSTLIGHT
"""
import os
import shutil
import sys
import tempfile

import fleets
from measured import Report, Run, median


def main():
    binary, report, folder = os.path.abspath(sys.argv[1]), Report(), tempfile.mkdtemp(prefix="firstlight-bench-")
    try:
        small, large = folder + "/small", folder + "/large"
        fleets.make(small, 1000)
        fleets.make(large, 100000)
        Run([binary, "write", "--fleet", small, "--all", "--to", "image:%s/out/" % small]).checked()
        version = [Run([binary, "--version"]).checked().cpu for _ in range(20)]
        listing = [Run([binary, "devices", "list", "--fleet", small]).checked().cpu for _ in range(20)]
        report.bound("--version, CPU (median of 20)", 1000 * median(version), 10, "ms")
        report.bound("devices list on 1,000 devices, CPU (median of 20)", 1000 * median(listing), 10, "ms")
        check = Run([binary, "check", "--fleet", large, "--without-keys"]).checked()
        report.bound("check of 100,000 devices, peak memory", check.peak, 100, "MiB")
        report.say("check of 100,000 devices: %.2f s CPU" % check.cpu)
        issue = Run([binary, "issue", "--fleet", large, "--all"]).checked()
        report.bound("issue for 100,000 devices, peak memory", issue.peak, 100, "MiB")
        report.say("issue for 100,000 devices: %.2f s CPU, %.0f a CPU second" % (issue.cpu, 100000 / issue.cpu))
        listing = Run([binary, "devices", "list", "--fleet", large, "--json"]).checked()
        report.bound("devices list of 100,000, peak memory", listing.peak, 100, "MiB")
        report.say("binary: %.1f MB" % (os.path.getsize(binary) / 1e6))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

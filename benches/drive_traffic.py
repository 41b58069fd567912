"""What a drive really gets: bytes and write requests of the whole program, counted by the kernel on a loop device.

usage: drive_traffic.py FIRSTLIGHT        (root and loop devices are needed)

A bundle of 20 MiB goes to a blank medium and to one full of 0xFF, with and without partition table. What must be zero on a
dirty medium is computed here from the written volume's own boot sector and from the places where blkid looks for what an
older use has left. (tests/medium_loop.rs holds the same bounds for the write engine alone.)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import fleets
from measured import Report, Run

MIB, KIB, SECTOR = 1 << 20, 1 << 10, 512


class Loop:
    """A loop device over a file of `size` bytes, blank or full of 0xFF."""

    def __init__(self, path, size, dirty):
        self.path = path
        with open(path, "wb") as file:
            if dirty:
                for _ in range(size // MIB):
                    file.write(b"\xff" * MIB)
            else:
                file.truncate(size)
            os.fsync(file.fileno())
        made = subprocess.run(["losetup", "--find", "--show", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode != 0:
            sys.exit("this comparison needs root and loop devices: " + made.stdout.strip())
        self.node = made.stdout.strip()

    def written(self):
        """Write requests and bytes since the device was made."""
        with open("/sys/block/%s/stat" % os.path.basename(self.node)) as file:
            fields = [int(field) for field in file.read().split()]
        return fields[4], fields[6] * SECTOR

    def close(self):
        subprocess.run(["losetup", "-d", self.node], check=True)


def must_be_zero(path, size):
    """Bytes that must be zero on a dirty medium, by the volume's own boot sector and by where `blkid` looks for old uses."""
    with open(path, "rb") as file:
        first = file.read(SECTOR)
        start = 0
        if first[450]:
            start = int.from_bytes(first[454:458], "little") * SECTOR
        if first[450] == 0xEE:
            file.seek(2 * SECTOR + 32)
            start = int.from_bytes(file.read(8), "little") * SECTOR
        file.seek(start)
        boot = file.read(SECTOR)
    word = lambda at, length: int.from_bytes(boot[at:at + length], "little")
    cluster, reserved = boot[13] * SECTOR, word(14, 2) * SECTOR
    tables = boot[16] * (word(22, 2) or word(36, 4)) * SECTOR
    folder = word(17, 2) * 32 or cluster
    volume = (word(19, 2) or word(32, 4)) * SECTOR
    # The gap before the volume; the root folder, and a cluster for each of the bundle's folders (one: identity/).
    ranges = [(0, start), (start, start + reserved + tables + folder + 2 * cluster)]
    for begin, length in ((0, size), (start, volume)):
        ranges += [(begin, begin + 256 * KIB), (begin + 256 * KIB, begin + 264 * KIB), (begin + 384 * KIB, begin + 512 * KIB)]
        ranges += [(begin + place, begin + place + SECTOR) for place in (512 * KIB, MIB, 2 * MIB, 4 * MIB)]
        ranges.append((begin + length // (64 * KIB) * 64 * KIB - 192 * KIB, begin + length))
        labels = begin + length // (256 * KIB) * 256 * KIB
        ranges += [(labels - 384 * KIB, labels - 256 * KIB), (labels - 128 * KIB, labels)]
    total, end = 0, 0
    for begin, stop in sorted(ranges):
        total += max(0, min(stop, size) - max(begin, end))
        end = max(end, min(stop, size))
    return total


def accept_id(binary, fleet, node):
    listed = Run([binary, "media", "list", "--json", "--fleet", fleet]).checked()
    drives = [json.loads(line) for line in listed.stdout.splitlines()]
    return [drive["accept_id"] for drive in drives if drive["node"] == node][0]


def deliver(binary, folder, table, filesystem, size, dirty):
    """Writes one bundle; returns payload, requests, bytes, what must be zero, and the peak memory."""
    fleet, path = "%s/fleet-%s-%d" % (folder, table, dirty), "%s/medium-%s-%d" % (folder, table, dirty)
    fleets.make_large(fleet, 1, table, filesystem)
    Run([binary, "ca", "init", "--fleet", fleet]).checked()
    loop = Loop(path, size, dirty)
    try:
        accepted, before = accept_id(binary, fleet, loop.node), loop.written()
        argv = [binary, "write", "gw-000000", "--fleet", fleet, "--to", "drive:" + loop.node, "--accept-target", accepted, "--json"]
        done = Run(argv).checked()
        after = loop.written()
        seen = json.loads(Run([binary, "media", "inspect", loop.node, "--json"]).checked().stdout)
        Run([binary, "media", "verify", loop.node]).checked()
        os.sync()
    finally:
        loop.close()
    payload = sum(file["size"] for volume in seen["volumes"] for file in volume["files"])
    assert payload > 20 * MIB, "the bundle has 20 MiB"
    receipt = [json.loads(line) for line in done.stdout.splitlines() if b'"receipt"' in line][0]
    requests, written = after[0] - before[0], after[1] - before[1]
    assert receipt["written"] == written, "the receipt says %d bytes, the kernel %d" % (receipt["written"], written)
    return payload, requests, written, must_be_zero(path, size), done.peak


def main():
    binary, report = os.path.abspath(sys.argv[1]), Report()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    folder = tempfile.mkdtemp(prefix="firstlight-bench-")
    try:
        for table, filesystem, size in (("none", "fat16", 64 * MIB), ("gpt", "fat16", 64 * MIB), ("mbr", "fat32", 256 * MIB)):
            for dirty in (False, True):
                name = "%s %s %d MiB, %s" % (table, filesystem, size // MIB, "0xFF" if dirty else "blank")
                payload, requests, written, zeros, peak = deliver(binary, folder, table, filesystem, size, dirty)
                limit = payload + (zeros + 128 * KIB if dirty else 200 * 1000)
                report.bound(name + ": written beyond payload", (written - payload) / 1000, (limit - payload) / 1000, "KB")
                report.bound(name + ": write requests", requests, 60, "")
                report.say("%s: payload %d, written %d, must be zero %d bytes; peak %.0f MiB" % (name, payload, written, zeros, peak))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

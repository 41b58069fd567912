"""What other people's programs say about an image: fsck.fat, mtools, blkid, all from the unpacked tree."""
import hashlib
import json
import os
import re
import struct
import subprocess
import tempfile

from .machine import HERE

MANIFEST = "firstlight-manifest.json"


def in_tree(work, program, *arguments, name=None, check=True):
    """Runs a program of the unpacked tree; returns its stdout and stderr together."""
    environment = dict(os.environ, LC_ALL="C", MTOOLSRC="/dev/null", **({"ARGV0": name} if name else {}))
    done = subprocess.run([os.path.join(HERE, "in-tree"), work, program, *arguments], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    if check and done.returncode != 0:
        raise AssertionError("%s %s: exit status %d\n%s" % (program, " ".join(arguments), done.returncode, done.stdout))
    return done.stdout


def partitions(path):
    """The primary partitions of a master boot record, as (type, offset, length) in bytes; none if there is no record."""
    with open(path, "rb") as file:
        sector = file.read(512)
    if len(sector) < 512 or sector[510:] != b"\x55\xaa":
        return []
    entries = [struct.unpack_from("<8xII", sector, 446 + 16 * n) + (sector[446 + 16 * n + 4],) for n in range(4)]
    return [(kind, start * 512, count * 512) for start, count, kind in entries if kind and count]


def signatures(work, path, offset=0):
    """All that blkid's low-level probe sees at an offset, for instance {"LABEL": "CIDATA", "TYPE": "vfat"}."""
    text = in_tree(work, "sbin/blkid", "-p", "-o", "export", "-O", str(offset), path, check=False)
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))


class Volume:
    """The one FAT volume in the one partition of an image."""

    def __init__(self, work, path):
        self.work, self.path = work, path
        found = partitions(path)
        if len(found) != 1:
            raise AssertionError("%s has %d partitions, not one" % (path, len(found)))
        _, self.offset, self.length = found[0]

    def label(self):
        """The volume label, as blkid sees it."""
        return signatures(self.work, self.path, self.offset).get("LABEL")

    def check(self):
        """fsck.fat finds nothing to mend."""
        with tempfile.TemporaryDirectory() as folder:
            alone = os.path.join(folder, "volume")
            copy_span(self.path, self.offset, self.length, alone)
            in_tree(self.work, "sbin/fsck.fat", "-n", "-v", alone)

    def files(self):
        """Every file by its path, read with mtools."""
        with tempfile.TemporaryDirectory() as folder:
            in_tree(self.work, "usr/bin/mtools", "-s", "-i", "%s@@%d" % (self.path, self.offset), "::*", folder, name="mcopy")
            found = {}
            for at, _, names in os.walk(folder):
                for name in names:
                    with open(os.path.join(at, name), "rb") as file:
                        found[os.path.relpath(os.path.join(at, name), folder)] = file.read()
            return found


def copy_span(path, offset, length, to):
    """Copies a span of a file, leaving zeros out."""
    with open(path, "rb") as source, open(to, "wb") as target:
        source.seek(offset)
        target.truncate(length)
        for at in range(0, length, 1 << 20):
            part = source.read(min(1 << 20, length - at))
            if part.strip(b"\0"):
                target.seek(at)
                target.write(part)


def make_fat(work, path, label):
    """Makes a FAT volume on a whole image."""
    in_tree(work, "sbin/mkfs.fat", "-I", "-n", label, path)


def plant_gpt(work, path):
    """Gives an image a GUID partition table with one partition, at both ends."""
    table = subprocess.run([os.path.join(HERE, "in-tree"), work, "sbin/sfdisk", "-q", "--wipe", "never", path],
                           input="label: gpt\n2048,+,L\n", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if table.returncode != 0:
        raise AssertionError("sfdisk: " + table.stdout)


def ext4_superblock(work, path):
    """The superblock of a fresh ext4 file system, which is made in a new file."""
    in_tree(work, "sbin/mke2fs", "-q", "-t", "ext4", "-L", "backup", path, "16M")
    with open(path, "rb") as file:
        file.seek(1024)
        return file.read(1024)


def judge_bundle(files, device):
    """The manifest is this device's and agrees with every file beside it; returns the manifest."""
    manifest = json.loads(files[MANIFEST])
    listed = {entry["path"]: (entry["size"], bare(entry["sha256"])) for entry in manifest["files"]}
    there = {path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items() if path != MANIFEST}
    if manifest["device"] != device or listed != there or not listed:
        raise AssertionError("the manifest of %s lists %s for %s, the volume holds %s" % (device, listed, manifest["device"], there))
    return manifest


def bare(digest):
    """A digest's hexadecimal digits, whatever stands in front."""
    return digest.split(":")[-1]

"""`client ingest` of a sealed bundle of 100 KB: CPU and peak memory, beside the stock tools that check and open the same.

usage: ingest.py FIRSTLIGHT [TURNS]        (needs age, age-keygen, minisign, mkfs.vfat, mcopy)

The bundle is made by the stock tools alone: ten files of 10 KB, each encrypted to the device, a manifest signed by minisign, on
a FAT volume. Each turn is a new device: nothing is in its store, and everything is synced.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

from measured import Report, Run, median

FILES, SIZE, MIB = 10, 10_000, 1 << 20


def call(*argv, **more):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    except FileNotFoundError:
        sys.exit("this comparison needs " + argv[0])
    if done.returncode != 0:
        sys.exit("%s failed: %s" % (argv[0], done.stderr.decode("utf-8", "replace")))
    return done.stdout


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def make_bundle(work):
    """Keys, and a folder with the sealed bundle."""
    os.makedirs(work + "/bundle")
    call("age-keygen", "-o", work + "/device.age")
    recipient = call("age-keygen", "-y", work + "/device.age").decode().strip()
    call("minisign", "-G", "-W", "-p", work + "/fleet.pub", "-s", work + "/fleet.key")
    entries = []
    for number in range(FILES):
        name = "part-%d.bin" % number
        sealed = call("age", "-r", recipient, input=os.urandom(SIZE))
        write("%s/bundle/%s.age" % (work, name), sealed)
        entries.append({"path": name + ".age", "size": len(sealed), "sha256": hashlib.sha256(sealed).hexdigest(),
                        "mode": "0600", "encryption": "age", "destination": "/etc/app/" + name})
    manifest = {"format": 1, "fleet": "bench", "device": "gw-1", "match": {"serial": ["SN-1"]}, "bundle": "site",
                "version": 1, "template": "bench", "created": "2026-01-01T00:00:00Z", "files": entries}
    path = work + "/bundle/firstlight-manifest.json"
    write(path, json.dumps(manifest, indent=2).encode() + b"\n")
    call("minisign", "-S", "-l", "-s", work + "/fleet.key", "-m", path, "-x", path + ".minisig", "-t", "bench", "-c", "bench")
    write(work + "/bundle/firstlight-result.json", b" " * 4095 + b"\n")


def make_medium(work):
    image = work + "/stick.img"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    call("mkfs.vfat", "-F", "32", "-n", "FIRSTLIGHT", image)
    names = ["%s/bundle/%s" % (work, name) for name in sorted(os.listdir(work + "/bundle"))]
    call("mcopy", "-i", image, *names, "::")
    return image


def make_device(work, root):
    shutil.rmtree(root, ignore_errors=True)
    write(root + "/etc/firstlight/device", json.dumps({"format": 1, "serial_file": "/run/serial"}).encode())
    write(root + "/run/serial", b"SN-1\n")
    for source, target in [("fleet.pub", "anchors/fleet.pub"), ("device.age", "keys/device.age")]:
        with open(work + "/" + source, "rb") as file:
            write(root + "/etc/firstlight/" + target, file.read())


def peer(work, out):
    """What a shell reader does at least: one process for each check, opening and copy."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    script = ("set -e; cd '%s/bundle'; minisign -Vq -p ../fleet.pub -m firstlight-manifest.json; "
              "for f in *.age; do sha256sum \"$f\" >> '%s/sums'; age -d -i ../device.age -o '%s'/\"${f%%.age}\" \"$f\"; done; sync '%s'/*")
    return Run(["/bin/sh", "-c", script % (work, out, out, out)]).checked()


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program, turns = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 7
    report = Report()
    with tempfile.TemporaryDirectory() as work:
        make_bundle(work)
        image, root = make_medium(work), work + "/root"
        runs, again, peers = [], [], []
        for _ in range(turns):
            make_device(work, root)
            command = [program, "client", "ingest", "--json", "--root", root, "--from", image]
            runs.append(Run(command).checked())
            assert json.loads(runs[-1].stdout)["outcome"] == "applied"
            again.append(Run(command).checked())
            assert json.loads(again[-1].stdout)["outcome"] == "unchanged"
            peers.append(peer(work, work + "/out"))
        cpu = median([run.cpu for run in runs])
        report.bound("client ingest of %d KB, CPU" % (FILES * SIZE // 1000), cpu * 1000, 50, "ms")
        report.bound("the same, peak memory (below 8 MiB cannot be told)", max(run.peak for run in runs), 16, "MiB")
        report.bound("again, nothing to do, CPU", median([run.cpu for run in again]) * 1000, 50, "ms")
        report.bound("CPU beside minisign, sha256sum and age", cpu / median([run.cpu for run in peers]), 1, "times")
        report.say("wall %.0f ms, with every sync" % (1000 * median([run.wall for run in runs])))
        report.say("program %.2f MB" % (os.path.getsize(program) / 1e6))
    report.end()


if __name__ == "__main__":
    main()

"""1,000 devices, a 64 MiB FAT32 image each: firstlight against a shell loop of openssl, mkfs.vfat and mcopy.

usage: main_job.py FIRSTLIGHT [DEVICES]

firstlight also reads every image back, keeps a durable ledger and seals every key; the loop does none of that. The loop
runs a tenth of the devices, in two processes, one for each core; rates are compared.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import fleets
from measured import Report, Run, disk_bytes, median

LOOP = r"""
set -e
mkdir -p loop; cd loop
if [ ! -f ca.pem ]; then
  openssl ecparam -name prime256v1 -genkey -noout -out ca.key 2>/dev/null
  openssl req -x509 -new -key ca.key -subj /CN=Loop -days 3650 -out ca.pem
  head -c 9000 /dev/zero | tr '\0' x > settings.txt
fi
one() {
  d=d$1; mkdir $d
  openssl ecparam -name prime256v1 -genkey -noout -out $d/key.pem
  openssl req -new -key $d/key.pem -subj /CN=$d -out $d/csr.pem
  openssl x509 -req -in $d/csr.pem -CA ca.pem -CAkey ca.key -set_serial $1 -days 3650 -out $d/cert.pem 2>/dev/null
  truncate -s 64M $d.img
  mkfs.vfat -F 32 -n BENCH $d.img >/dev/null
  mcopy -i $d.img $d/key.pem $d/cert.pem settings.txt ::/
}
half=$(( ($1 + 1) / 2 ))
( i=1; while [ $i -le $half ]; do one $i; i=$((i+1)); done ) &
i=$((half+1)); while [ $i -le $1 ]; do one $i; i=$((i+1)); done
wait
"""


def main():
    binary, devices = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for tool in ("openssl", "mkfs.vfat", "mcopy"):
        if shutil.which(tool) is None:
            sys.exit("this comparison needs " + tool)
    report, folder = Report(), tempfile.mkdtemp(prefix="firstlight-bench-")
    # Nothing is removed between the turns: a file system that has just freed thousands of inodes is slow to make new ones.
    try:
        loop_devices = max(2, devices // 10)
        ratios = []
        for turn in range(3):
            fleet = "%s/fleet%d" % (folder, turn)
            fleets.make(fleet, devices)
            ours = Run([binary, "write", "--fleet", fleet, "--all", "--to", "image:%s/out/" % fleet]).checked()
            loop = Run(["/bin/sh", "-c", LOOP, "loop", str(loop_devices)], cwd=fleet).checked()
            ratios.append((devices / ours.wall) / (loop_devices / loop.wall))
            report.say("turn %d: firstlight %.0f devices/s (%.2f ms CPU each, %.0f MiB peak), loop %.1f devices/s (%.1f ms CPU each)"
                       % (turn + 1, devices / ours.wall, 1000 * ours.cpu / devices, ours.peak, loop_devices / loop.wall,
                          1000 * loop.cpu / loop_devices))
            images = ["%s/out/%s" % (fleet, name) for name in os.listdir(fleet + "/out")]
            assert len(images) == devices, "an image for each device"
            largest = max(disk_bytes(image) for image in images)
        report.bound("rate, ratio to the shell loop (median of three pairs)", median(ratios), 20, "x", at_least=True)
        report.bound("disk an image, largest", largest / 1000, 200, "KB")
        again = Run([binary, "write", "--fleet", fleet, "--all", "--to", "image:%s/out/" % fleet]).checked()
        report.say("second run, nothing to do: %.2f s CPU" % again.cpu)
        listed = Run([binary, "devices", "list", "--json", "--fleet", fleet]).checked()
        assert listed.stdout.count(b'"registered"') == devices, "every device is delivered by the ledger"
        Run([binary, "ledger", "verify", "--fleet", fleet]).checked()
        subprocess.run(["fsck.fat", "-n", images[0]], check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()

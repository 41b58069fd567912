"""Another machine, which knows nothing of the fleet, finds the stick by its label and reads it."""
import json
import unittest

from rig import oracle
from rig.machine import Machine
from rig.slots import ARGUMENTS, Slots
from rig.toolcase import ToolCase

READ = """
set -e
i=0
until volume=$(findfs LABEL=CIDATA 2>/dev/null); do
  usleep 100000
  i=$((i + 1))
  [ $i -lt 1000 ]
done
mount -t vfat -o ro $volume /mnt
cat /mnt/%s >/lab/manifest
cd /mnt
find . -type f | sed 's|^./||' | while read -r name; do sha256sum "$name"; done
cd /
umount /mnt
""" % oracle.MANIFEST


class Device(ToolCase):
    """The device's side."""

    def test_a_second_guest_finds_the_stick_by_its_label_and_reads_what_the_manifest_says(self):
        disk, node = self.stick()
        done = self.write(node)
        self.judge(done, 0)
        self.slots.unplug()
        self.bench.end()            # one guest at a time; nobody needs the laptop any more
        device = Machine(self.work, self.bench.path("device"), self.bench.system(), ARGUMENTS)
        self.addCleanup(device.cut_power)
        Slots(device).plug(disk, "STICK")
        disk.mark()
        sums = dict(reversed(line.split(None, 1)) for line in device.must(READ).splitlines())
        with open(device.lab + "/manifest") as file:
            manifest = json.load(file)
        sums.pop(oracle.MANIFEST)
        self.assertEqual(manifest["device"], self.device)
        self.assertEqual(sums, {entry["path"]: oracle.bare(entry["sha256"]) for entry in manifest["files"]})
        self.assertLessEqual({"user-data", "meta-data"}, set(sums))
        self.assertEqual(disk.written(), [], "a reader writes nothing")


if __name__ == "__main__":
    unittest.main()

"""Three devices on one stick: written by the tool, pulled in the middle, and found by a machine that knows nothing of the fleet."""
import json
import os
import unittest

from rig import oracle
from rig.machine import Machine
from rig.slots import ARGUMENTS, Slots
from rig.toolcase import ToolCase

DONE, SURROUNDINGS, REFUSED = 0, 4, 6

READ = """
set -e
i=0
until volume=$(findfs LABEL=CIDATA 2>/dev/null); do
  usleep 100000
  i=$((i + 1))
  [ $i -lt 1000 ]
done
mount -t vfat -o ro $volume /mnt
cd /mnt/firstlight
for device in *; do
  cp $device/%s /lab/manifest-$device
  (cd $device && find . -type f | sed 's|^./||' | while read -r name; do sha256sum "$name"; done) >/lab/sums-$device
done
ls
cd /
umount /mnt
""" % oracle.MANIFEST


class Together(ToolCase):
    """One stick for three devices."""

    def setUp(self):
        super().setUp()
        self.devices = [self.device, self.next_device(), self.next_device()]

    def write_all(self, node, devices=None, accept=None):
        accept = accept or self.tool.accept_id(node)
        return self.tool.run("write %s --together --to drive:%s --accept-target %s" % (" ".join(devices or self.devices), node, accept))

    def test_three_folders_are_found_by_a_second_guest_and_hold_what_their_manifests_say(self):
        disk, node = self.stick()
        self.judge(self.write_all(node), DONE)
        disk.mark()
        self.judge(self.write_all(node), DONE, "nothing is left to do")
        self.assertEqual(disk.written(), [], "a second run writes nothing")
        self.slots.unplug()
        self.bench.end()            # one guest at a time; nobody needs the laptop any more
        device = Machine(self.work, self.bench.path("device"), self.bench.system(), ARGUMENTS)
        self.addCleanup(device.cut_power)
        Slots(device).plug(disk, "STICK")
        disk.mark()
        self.assertEqual(device.must(READ).split(), sorted(self.devices))
        for name in self.devices:
            with open(os.path.join(device.lab, "manifest-" + name)) as file:
                manifest = json.load(file)
            with open(os.path.join(device.lab, "sums-" + name)) as file:
                sums = dict(reversed(line.split(None, 1)) for line in file.read().splitlines())
            sums.pop(oracle.MANIFEST)
            self.assertEqual(manifest["device"], name)
            self.assertEqual(sums, {entry["path"]: oracle.bare(entry["sha256"]) for entry in manifest["files"]})
        self.assertEqual(disk.written(), [], "a reader writes nothing")

    def test_pulled_in_the_middle_all_three_go_on_with_the_same_stick_only(self):
        disk, node = self.stick()
        serial, accept = self.serial, self.tool.accept_id(node)
        disk.faults.hold_write = 2
        words = "write %s --together --to drive:%s --accept-target %s" % (" ".join(self.devices), node, accept)
        job = self.tool.start(words)
        disk.wait_held()
        self.slots.unplug()
        self.judge(job.wait(), SURROUNDINGS, "unplugged")
        for name in self.devices:
            self.assertEqual(self.tool.steps(name)[-1], "exposed")
        other, node = self.stick(port=2)
        self.judge(self.write_all(node), REFUSED, "refusing")
        self.assertEqual(other.written(), [])
        self.slots.unplug(port=2)
        disk.mark()
        node = self.slots.plug(disk, serial)
        self.judge(self.write_all(node), DONE)
        for name in self.devices:
            self.assertIn("finished", self.tool.steps(name))


if __name__ == "__main__":
    unittest.main()

"""The rig itself, with dd and cmp in place of the tool: what it simulates happens as it says."""
import unittest

from rig import lab, oracle
from rig.disk import MIB


class Rig(lab.Case):
    """One guest, a new stick for each test."""

    def fill(self, node, count=8, more=""):
        """Writes `count` blocks of 64 KiB past the page cache, each at once on the wire."""
        return self.laptop.run("dd if=/dev/urandom of=%s bs=64k count=%d oflag=direct conv=notrunc %s" % (node, count, more))

    def test_what_the_guest_writes_is_in_the_image(self):
        disk, node = self.stick()
        self.laptop.must("head -c 1000000 /dev/urandom >/tmp/it; dd if=/tmp/it of=%s bs=64k seek=16 conv=notrunc,fsync; cp /tmp/it /lab/it" % node)
        with open(self.laptop.lab + "/it", "rb") as file:
            self.assertEqual(disk.bytes_at(MIB, 1000000), file.read())
        self.assertEqual(disk.unflushed(), 0)

    def test_a_card_is_written_like_a_stick_and_says_it_is_not_removable(self):
        disk, node = self.card()
        self.laptop.must("dd if=/dev/urandom of=%s bs=64k count=4 conv=notrunc,fsync" % node)
        self.assertNotEqual(disk.bytes_at(0, 512), bytes(512))
        self.assertEqual(self.laptop.must("cat /sys/block/mmcblk0/removable").strip(), "0")

    def test_a_stick_says_it_is_removable_and_the_system_disk_does_not(self):
        _, node = self.stick()
        self.assertEqual(self.laptop.must("cat /sys/block/%s/removable" % node[5:]).strip(), "1")
        self.assertEqual(self.laptop.must("cat /sys/block/sda/removable; grep -c '^/dev/sda1 / ext4' /proc/mounts").split(), ["0", "1"])

    def test_unplugging_during_a_held_write_ends_the_writer(self):
        disk, node = self.stick()
        disk.faults.hold_write = 3
        job = self.laptop.start("dd if=/dev/zero of=%s bs=64k count=100 oflag=direct conv=notrunc" % node)
        disk.wait_held()
        self.slots.unplug()
        self.assertNotEqual(job.wait().rc, 0)
        self.assertLess(disk.writes, 100)
        self.assertEqual(self.laptop.run("test -b " + node).rc, 1)

    def test_a_replugged_stick_is_another_appearance(self):
        disk, node = self.stick()
        before = self.laptop.must("cat /sys/block/%s/diskseq" % node[5:])
        self.slots.unplug()
        node = self.slots.plug(disk, self.serial)
        self.assertNotEqual(self.laptop.must("cat /sys/block/%s/diskseq" % node[5:]), before)

    def test_a_read_only_stick_cannot_be_opened_for_writing(self):
        disk, node = self.stick(read_only=True)
        finished = self.fill(node)
        self.assertIn("Read-only file system", finished.err)
        self.assertEqual(disk.written(), [])

    def test_a_locked_card_opens_and_refuses_to_be_written(self):
        disk, node = self.card()
        self.laptop.must("echo 1 >/sys/block/mmcblk0/force_ro")
        self.assertIn("Operation not permitted", self.fill(node).err)
        self.assertEqual(disk.written(), [])

    def test_a_write_fails_at_the_place_it_is_told_to_and_nowhere_else(self):
        disk, node = self.stick()
        disk.faults.fail_write = 3
        self.assertIn("Input/output error", self.fill(node).err)
        self.assertEqual(len(disk.written()), 2)
        self.assertEqual(self.fill(node, 2).rc, 0)

    def test_what_was_written_cannot_be_read_back_and_the_rest_can(self):
        disk, node = self.stick()
        disk.faults.fail_read_back = True
        self.assertEqual(self.fill(node, 1).rc, 0)
        read = "dd if=%s of=/dev/null bs=64k count=1 iflag=direct skip=%d"
        self.assertIn("Input/output error", self.laptop.run(read % (node, 0)).err)
        self.assertEqual(self.laptop.run(read % (node, 1)).rc, 0)

    def test_a_fake_acknowledges_everything_and_wraps_around(self):
        disk, node = self.stick(size=64 * MIB, real=4 * MIB)
        self.assertEqual(self.laptop.must("cat /sys/block/%s/size" % node[5:]).strip(), str(64 * MIB // 512))
        self.laptop.must("dd if=/dev/urandom of=%s bs=64k seek=64 count=1 oflag=direct conv=notrunc" % node)
        self.assertNotEqual(disk.bytes_at(0, 512), bytes(512))

    def test_a_fake_loses_what_lies_beyond(self):
        disk, node = self.stick(size=64 * MIB, real=4 * MIB, beyond="lost")
        self.laptop.must("dd if=/dev/urandom of=%s bs=64k seek=64 count=1 oflag=direct conv=notrunc" % node)
        self.assertEqual(disk.bytes_at(0, 4 * MIB), bytes(4 * MIB))
        self.assertEqual(self.laptop.must("dd if=%s bs=64k skip=64 count=1 iflag=direct | tr -d '\\377' | wc -c" % node).strip(), "0")

    def test_a_lost_write_and_a_turned_bit_are_silent(self):
        for fault in ("lose_write", "flip_write"):
            disk, node = self.stick()
            setattr(disk.faults, fault, 2)
            self.laptop.must("head -c 262144 /dev/urandom >/tmp/it; dd if=/tmp/it of=%s bs=64k oflag=direct conv=notrunc" % node)
            self.assertEqual(self.laptop.run("dd if=%s bs=64k count=4 iflag=direct | cmp - /tmp/it" % node).rc, 1, fault)
            self.slots.unplug()

    def test_the_terminal_is_one_and_can_interrupt(self):
        self.laptop.terminal.clear()
        job = self.laptop.start("setsid -c sh -c 'tty; stty -a; echo wait; sleep 600' </dev/ttyS2 >/dev/ttyS2 2>&1")
        self.laptop.terminal.expect("wait")
        self.assertIn("/dev/ttyS2", self.laptop.terminal.seen)
        self.laptop.terminal.type("\x03")
        self.assertEqual(job.wait().rc, 130)

    def test_the_oracles_see_a_good_volume_and_a_bad_one(self):
        disk, node = self.stick()
        with self.subTest("a volume made by others"):
            volume = self.image("volume", 16 * MIB)
            oracle.make_fat(self.work, volume, "CIDATA")
            with open(self.image("greeting", 5), "rb") as file:
                oracle.in_tree(self.work, "usr/bin/mtools", "-i", volume, file.name, "::a-long-name.yaml", name="mcopy")
            with open(volume, "rb") as file:
                disk.store(MIB, file.read())
            disk.store(446, bytes([0, 0, 0, 0, 0x0c, 0, 0, 0]) + (2048).to_bytes(4, "little") + (32768).to_bytes(4, "little"))
            disk.store(510, b"\x55\xaa")
            it = oracle.Volume(self.work, disk.path)
            it.check()
            self.assertEqual((it.label(), it.files()), ("CIDATA", {"a-long-name.yaml": bytes(5)}))
        with self.subTest("stale bytes in its allocation table"):
            disk.store(MIB + 512 * 4 + 600, b"\xff" * 64)
            with self.assertRaises(AssertionError):
                it.check()


if __name__ == "__main__":
    unittest.main()

"""The tool writes sticks and cards: well, and in every way it can go wrong. Each test judges exit status, words, the medium and the ledger."""
import unittest

from rig import oracle
from rig.disk import MIB
from rig.toolcase import ToolCase

DONE, INPUT, SURROUNDINGS, DIFFERS, REFUSED, INTERRUPTED = 0, 1, 4, 5, 6, 130


class Good(ToolCase):
    """The happy path."""

    def test_a_stick_is_written_and_a_second_run_has_nothing_left_to_do(self):
        disk, node = self.stick()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)
        self.assertEqual(disk.unflushed(), 0, "the medium was told to flush after the last write")
        disk.mark()
        self.judge(self.write(node, accept=None), DONE)
        self.assertEqual(disk.written(), [], "a second run writes nothing")

    def test_a_card_is_listed_and_written_although_it_is_not_removable(self):
        disk, node = self.card()
        self.assertEqual(self.laptop.must("cat /sys/block/mmcblk0/removable").strip(), "0")
        self.assertIn(node, self.tool.media())
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_a_stick_in_a_dedicated_port_needs_no_question_if_it_is_blank(self):
        disk, node = self.stick(port=3)
        self.judge(self.write_by_port(node, "1GB"), DONE)
        self.assert_delivered(disk)

    def test_at_a_terminal_a_yes_writes(self):
        disk, node = self.stick()
        job = self.ask(node)
        self.laptop.terminal.type("y\r")
        self.judge_terminal(job, DONE)
        self.assert_delivered(disk)

    def test_a_used_stick_is_erased_with_a_word_and_not_without(self):
        disk, node = self.stick()
        self.judge(self.write(node), DONE)
        disk.mark()
        self.judge(self.tool.run("media erase drive:%s" % node), REFUSED, "--accept-target")
        self.assertEqual(disk.written(), [])
        accept = self.tool.accept_id(node)
        self.judge(self.tool.run("media erase drive:%s --accept-target %s" % (node, accept)), DONE)
        self.laptop.must("cmp %s /dev/zero 2>&1 | grep -q EOF" % node)
        self.judge(self.tool.run("media erase drive:/dev/sda --accept-target %s" % accept), REFUSED)

    def test_the_kernel_sees_the_new_partition_at_once(self):
        _, node = self.stick()
        self.judge(self.write(node), DONE)
        self.laptop.must("mount -t vfat -o ro %s1 /mnt && test -s /mnt/user-data && umount /mnt" % node)


class Dirty(ToolCase):
    """Media that were used before."""

    def test_stale_gpt_and_ext4_are_gone_and_every_other_byte_was_one(self):
        disk, node = self.dirty_stick()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)
        seen = oracle.signatures(self.work, disk.path)
        self.assertEqual(seen.get("PTTYPE"), "dos")
        self.assertNotIn("TYPE", seen)
        self.assertNotEqual(disk.bytes_at(512, 8), b"EFI PART")
        self.assertNotEqual(disk.bytes_at(disk.size - 512, 8), b"EFI PART")

    def test_a_dedicated_port_does_not_overwrite_what_somebody_has_on_a_stick(self):
        disk, node = self.dirty_stick()
        self.judge(self.write_by_port(node, "1GB"), REFUSED, "refusing")
        self.assert_untouched(disk)

    def test_a_dedicated_port_does_not_overwrite_what_is_larger_than_agreed(self):
        disk, node = self.stick()
        self.judge(self.write_by_port(node, "100MB"), REFUSED, "refusing")
        self.assert_untouched(disk)

    def test_a_mounted_stick_is_refused_with_its_mount_point_until_it_is_unmounted(self):
        disk, node = self.used_stick()
        self.laptop.must("mkdir -p /media/holiday && mount -t vfat %s /media/holiday" % node)
        disk.mark()
        self.judge(self.write(node), SURROUNDINGS, "/media/holiday")
        self.assert_untouched(disk)
        self.laptop.must("umount /media/holiday")
        disk.mark()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_a_stick_that_is_swapped_to_is_refused(self):
        disk, node = self.stick()
        self.laptop.must("mkswap %s >/dev/null && swapon %s" % (node, node))
        disk.mark()
        try:
            self.judge(self.write(node), REFUSED, "swap")
            self.assert_untouched(disk)
        finally:
            self.laptop.must("swapoff " + node)


class System(ToolCase):
    """Disks that must never be written, named or not."""

    def test_the_system_disk_is_refused_by_name_whatever_is_said(self):
        _, stick = self.stick()
        accept = self.tool.accept_id(stick)
        head = "dd if=/dev/sda bs=512 count=64 iflag=direct 2>/dev/null | sha256sum"
        before = self.laptop.must(head)
        ways = [("/dev/sda", ""), ("/dev/sda", "--yes"), ("/dev/sda", "--accept-target " + accept),
                ("/dev/sda1", "--yes --accept-target " + accept), ("/dev/../dev/sda", "--yes --accept-target " + accept)]
        for node, how in ways:
            with self.subTest(node=node, how=how):
                self.judge(self.tool.run("write %s --to drive:%s %s" % (self.device, node, how)), REFUSED, "refusing to write", "/dev/sda")
        self.assertEqual(self.laptop.must(head), before)
        self.assert_untouched_ledger()

    def test_the_refusal_of_the_system_disk_says_why(self):
        self.judge(self.tool.run("write %s --to drive:/dev/sda --yes" % self.device), REFUSED, "internal", "the running system stands on it")

    def test_a_built_in_disk_is_refused_by_name_even_if_it_is_empty(self):
        disk, node = self.built_in()
        self.judge(self.tool.run("write %s --to drive:%s --yes" % (self.device, node)), REFUSED, "refusing", "internal")
        self.assert_untouched(disk)

    def test_built_in_disks_are_not_offered_and_are_listed_with_the_reason_on_request(self):
        _, node = self.built_in()
        _, stick = self.stick()
        offered, everything = self.tool.run("media list"), self.tool.run("media list --all")
        listed = self.tool.media()
        self.assertIn(stick, offered.out)
        for refused in ("/dev/sda", node):
            self.assertNotIn(refused, offered.out)
            self.assertRegex(everything.out, refused + ".*refused: internal")
            self.assertEqual(listed[refused]["verdict"]["decision"], "refused")
            self.assertIsNone(listed[refused]["accept_id"])

    def test_a_node_that_does_not_exist_is_an_error_and_no_new_file(self):
        self.judge(self.tool.run("write %s --to drive:/dev/sdz --accept-target 0123456789ab" % self.device), INPUT, "/dev/sdz")
        self.assertEqual(self.laptop.run("test -e /dev/sdz").rc, 1)


class Consent(ToolCase):
    """What was agreed to, and nothing else."""

    def test_without_a_terminal_and_without_an_id_nothing_is_written(self):
        disk, node = self.stick()
        self.judge(self.write(node, accept=None), REFUSED, "--accept-target")
        self.assert_untouched(disk)

    def test_yes_is_no_consent_to_overwrite(self):
        disk, node = self.stick()
        self.judge(self.write(node, accept=None, more="--yes"), REFUSED)
        self.assert_untouched(disk)

    def test_the_id_of_another_stick_is_refused(self):
        one, first = self.stick(port=1)
        other, second = self.stick(port=2)
        accept = self.tool.accept_id(first)
        self.judge(self.write(second, accept=accept), REFUSED)
        self.assert_untouched(one, other)

    def test_an_id_is_good_once(self):
        disk, node = self.stick()
        accept = self.tool.accept_id(node)
        self.judge(self.write(node, accept=accept), DONE)
        disk.mark()
        another = self.next_device()
        self.judge(self.write(node, accept=accept, device=another), REFUSED)
        self.assertEqual(disk.written(), [])

    def test_a_stick_swapped_between_listing_and_writing_is_refused(self):
        _, node = self.stick()
        accept = self.tool.accept_id(node)
        self.slots.unplug()
        disk, node = self.stick()
        self.judge(self.write(node, accept=accept), REFUSED)
        self.assert_untouched(disk)

    def test_the_same_stick_replugged_between_listing_and_writing_is_refused(self):
        disk, node = self.stick()
        accept = self.tool.accept_id(node)
        self.slots.unplug()
        node = self.slots.plug(disk, self.serial)
        self.judge(self.write(node, accept=accept), REFUSED)
        self.assert_untouched(disk)

    def test_a_card_swapped_between_listing_and_writing_is_refused(self):
        _, node = self.card()
        accept = self.tool.accept_id(node)
        self.slots.eject()
        disk, node = self.card()
        self.judge(self.write(node, accept=accept), REFUSED)
        self.assert_untouched(disk)

    def test_content_that_changed_since_the_listing_is_refused(self):
        disk, node = self.stick()
        accept = self.tool.accept_id(node)
        self.laptop.must("echo new | dd of=%s bs=512 conv=notrunc,fsync 2>/dev/null" % node)
        disk.mark()
        self.judge(self.write(node, accept=accept), REFUSED)
        self.assert_untouched(disk)

    def test_a_stick_swapped_while_the_question_is_open_is_refused(self):
        one = self.disk()
        node = self.slots.plug(one, "THE-FIRST")
        job = self.ask(node)
        self.slots.unplug()
        other, again = self.stick()
        self.assertEqual(again, node, "the new stick stands under the old name")
        self.laptop.terminal.type("y\r")
        self.judge_terminal(job, REFUSED)
        self.assertEqual((one.written(), other.written()), ([], []))
        self.assert_unfinished()
        self.slots.unplug()
        node = self.slots.plug(one, "THE-FIRST")
        self.judge(self.write(node), DONE)
        self.assert_delivered(one)

    def test_at_a_terminal_the_default_answer_is_no(self):
        disk, node = self.stick()
        job = self.ask(node)
        self.laptop.terminal.type("\r")
        self.judge_terminal(job, REFUSED)
        self.assert_untouched(disk)

    def test_ctrl_c_at_the_question_changes_nothing(self):
        disk, node = self.stick()
        job = self.ask(node)
        self.laptop.terminal.type("\x03")
        self.judge_terminal(job, INTERRUPTED)
        self.assert_untouched(disk)

    def test_the_question_stays_on_the_screen_until_it_is_answered(self):
        _, node = self.stick()
        job = self.ask(node)
        self.stick(port=2)          # something that takes a while
        asked = self.laptop.terminal.seen.partition("[y/N]")[2]
        self.laptop.terminal.type("\r")
        self.judge_terminal(job, REFUSED)
        self.assertNotRegex(asked, r"\x1b\[[0-9]*[JK]", "nothing is erased while the question is open")

    def test_credentials_of_a_demo_authority_do_not_get_onto_hardware(self):
        disk, node = self.stick()
        fleet = self.demo_fleet()
        done = self.tool.run("write %s --to drive:%s --accept-target %s" % (self.device, node, self.tool.accept_id(node)), fleet=fleet)
        self.judge(done, REFUSED, "demo")
        self.assertEqual(disk.written(), [])


class Broken(ToolCase):
    """Media that cannot, or do not, keep what they are given."""

    def test_a_write_protected_stick(self):
        disk, node = self.stick(read_only=True)
        self.judge(self.write(node), SURROUNDINGS, "write-protected")
        self.assert_untouched(disk)

    def test_a_locked_card(self):
        disk, node = self.card()
        accept = self.tool.accept_id(node)
        self.laptop.must("echo 1 >/sys/block/mmcblk0/force_ro")
        self.judge(self.write(node, accept=accept), SURROUNDINGS, "write-protected")
        self.assert_untouched(disk)

    def test_a_stick_that_is_too_small_is_refused_with_both_numbers_before_the_first_byte(self):
        disk, node = self.stick(size=16 * MIB)
        self.judge(self.write(node), SURROUNDINGS, str(16 * MIB), str(64 * MIB))
        self.assert_untouched(disk)

    def test_a_write_that_fails(self):
        disk, node = self.stick()
        disk.faults.fail_write = 2
        self.judge(self.write(node), SURROUNDINGS, "writing", node)
        self.assert_not_delivered(disk)
        disk.mark()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_a_read_back_that_fails(self):
        disk, node = self.stick()
        accept = self.tool.accept_id(node)
        disk.faults.fail_read_back = True
        self.judge(self.write(node, accept=accept), SURROUNDINGS, "reading back", node)
        self.assert_unfinished()

    def test_a_stick_with_less_memory_than_it_says(self):
        for beyond in ("wrap", "lost"):
            with self.subTest(beyond=beyond):
                self.begin_anew()
                _, node = self.stick(real=MIB, beyond=beyond)
                self.judge(self.write(node), DIFFERS, "reads back differently", node)
                self.assert_unfinished()

    def test_a_bit_that_turns_and_a_write_that_is_lost(self):
        for fault in ("flip_write", "lose_write"):
            with self.subTest(fault=fault):
                self.begin_anew()
                disk, node = self.dirty_stick()
                accept = self.tool.accept_id(node)
                setattr(disk.faults, fault, 2)
                self.judge(self.write(node, accept=accept), DIFFERS, "reads back differently", node)
                self.assert_unfinished()


class Interrupted(ToolCase):
    """Something ends the write in its middle."""

    def test_unplugged_at_the_first_a_middle_and_the_last_write(self):
        disk, node = self.stick()
        self.judge(self.write(node), DONE)
        total = disk.writes
        for number in sorted({1, total // 2 + 1, total}):
            with self.subTest(write="%d of %d" % (number, total)):
                self.begin_anew()
                disk, _ = self.unplug_at(number)
                self.assert_not_delivered(disk)
                node = self.slots.plug(disk, self.serial, port=2)
                disk.mark()
                self.judge(self.write(node), DONE)
                self.assert_delivered(disk)

    def test_what_was_exposed_on_one_stick_is_not_resumed_on_another(self):
        one, _ = self.unplug_at(2)
        self.assertIn("exposed", self.tool.steps(self.device))
        other, node = self.stick()
        self.judge(self.write(node), REFUSED, "refusing")
        self.assertEqual(other.written(), [])
        self.assert_not_delivered(one)

    def test_unplugged_while_reading_back(self):
        disk, node = self.stick()
        disk.faults.hold_read_back = True
        job = self.start_write(node)
        disk.wait_held()
        self.slots.unplug()
        self.judge(job.wait(), SURROUNDINGS, "unplugged", "reading back")
        self.assert_unfinished()

    def test_killed_in_the_middle_and_run_again(self):
        disk, node = self.stick()
        disk.faults.hold_write = 2
        job = self.start_write(node)
        disk.wait_held()
        self.laptop.must("kill -9 $(pidof firstlight)")
        disk.mark()
        job.wait()
        self.assert_not_delivered(disk)
        disk.mark()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_ctrl_c_lets_the_step_at_work_end_and_leaves_nothing_half_done(self):
        disk, job, node = self.write_held_at_the_terminal()
        self.press_ctrl_c()
        disk.mark()
        ended = job.wait().rc
        self.assertIn(ended, (DONE, INTERRUPTED))
        self.assertEqual("finished" in self.tool.steps(self.device), ended == DONE)
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_a_second_ctrl_c_ends_it_at_once_and_a_second_run_goes_on(self):
        disk, job, node = self.write_held_at_the_terminal()
        self.press_ctrl_c()
        self.press_ctrl_c()
        disk.mark()
        self.assertEqual(job.wait().rc, INTERRUPTED)
        self.assert_not_delivered(disk)
        disk.mark()
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)

    def test_the_laptop_loses_its_power_in_the_middle(self):
        disk, node = self.stick()
        disk.faults.hold_write = 2
        self.start_write(node)
        disk.wait_held()
        self.restart_laptop()
        self.assert_not_delivered(disk)
        disk.mark()
        node = self.slots.plug(disk, self.serial)
        self.judge(self.write(node), DONE)
        self.assert_delivered(disk)


if __name__ == "__main__":
    unittest.main()

//! The safety verdict on fake machines: folders laid out as sysfs lays them out, with its links.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use firstlight::host::Machine;
use firstlight::host::drives::{Bus, Decision, Drive, ReasonCode, Severity, Use};
use tempfile::TempDir;

/// A folder that looks like a machine.
struct Fake {
    root: TempDir,
    mounts: Vec<String>,
    swaps: Vec<String>,
    next_minor: u32,
}

impl Fake {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["sys/block", "sys/dev/block", "proc/self", "dev"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self { root, mounts: Vec::new(), swaps: Vec::new(), next_minor: 0 }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn attribute(&self, path: &str, value: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{value}\n")).unwrap();
    }

    fn number(&mut self) -> String {
        self.next_minor += 1;
        format!("8:{}", self.next_minor)
    }

    /// Adds a block device whose hardware is `sys/devices/HARDWARE`; returns its folder.
    fn disk(&mut self, name: &str, hardware: &str, gib: u64) -> String {
        let folder = format!("sys/devices/{hardware}/block/{name}");
        let number = self.number();
        for (attribute, value) in [("dev", number.as_str()), ("removable", "0"), ("ro", "0"), ("diskseq", "9")] {
            self.attribute(&format!("{folder}/{attribute}"), value);
        }
        self.attribute(&format!("{folder}/size"), &(gib << 21).to_string());
        self.attribute(&format!("{folder}/queue/logical_block_size"), "512");
        self.attribute(&format!("{folder}/queue/physical_block_size"), "4096");
        fs::create_dir_all(self.path(&format!("{folder}/holders"))).unwrap();
        symlink("../..", self.path(&format!("{folder}/device"))).unwrap();
        symlink(format!("../devices/{hardware}/block/{name}"), self.path(&format!("sys/block/{name}"))).unwrap();
        folder
    }

    /// Adds a device without hardware: dm, md, loop.
    fn layer(&mut self, name: &str) -> String {
        let folder = format!("sys/devices/virtual/block/{name}");
        let number = self.number();
        self.attribute(&format!("{folder}/dev"), &number);
        self.attribute(&format!("{folder}/size"), "2097152");
        self.attribute(&format!("{folder}/ro"), "0");
        fs::create_dir_all(self.path(&format!("{folder}/holders"))).unwrap();
        symlink(format!("../devices/virtual/block/{name}"), self.path(&format!("sys/block/{name}"))).unwrap();
        folder
    }

    fn partition(&mut self, disk: &str, name: &str) -> String {
        let folder = format!("{disk}/{name}");
        let number = self.number();
        self.attribute(&format!("{folder}/dev"), &number);
        self.attribute(&format!("{folder}/partition"), "1");
        self.attribute(&format!("{folder}/size"), "2048");
        fs::create_dir_all(self.path(&format!("{folder}/holders"))).unwrap();
        folder
    }

    fn hold(&self, lower: &str, upper_name: &str) {
        symlink(format!("/sys/block/{upper_name}"), self.path(&format!("{lower}/holders/{upper_name}"))).unwrap();
    }

    fn mount(&mut self, folder: &str, point: &str, filesystem: &str) {
        let number = fs::read_to_string(self.path(&format!("{folder}/dev"))).unwrap();
        let source = Path::new(folder).file_name().unwrap().to_str().unwrap().to_owned();
        self.mount_line(number.trim(), point, filesystem, &format!("/dev/{source}"), "rw");
    }

    fn mount_line(&mut self, number: &str, point: &str, filesystem: &str, source: &str, options: &str) {
        self.mounts.push(format!("30 1 {number} / {point} rw,relatime shared:1 - {filesystem} {source} {options}"));
    }

    fn machine(&self) -> Machine {
        self.attribute("proc/self/mountinfo", &self.mounts.join("\n"));
        let swaps = self.swaps.iter().map(|path| format!("{path} partition 1024 0 -2")).collect::<Vec<_>>().join("\n");
        self.attribute("proc/swaps", &format!("Filename Type Size Used Priority\n{swaps}"));
        Machine::at(self.root.path())
    }

    fn drive(&self, name: &str) -> Drive {
        let drives = self.machine().drives().unwrap();
        drives.into_iter().find(|drive| drive.name == name).unwrap_or_else(|| panic!("{name} is not listed"))
    }

    /// A USB stick on port 1-4.2.
    fn stick(&mut self, name: &str) -> String {
        let usb = "pci0000:00/0000:00:14.0/usb1/1-4/1-4.2";
        self.attribute(&format!("sys/devices/{usb}/idVendor"), "0781");
        self.attribute(&format!("sys/devices/{usb}/serial"), "4C530001");
        self.attribute(&format!("sys/devices/{usb}/product"), "Ultra");
        let scsi = format!("{usb}/1-4.2:1.0/host2/target2:0:0/2:0:0:0");
        self.attribute(&format!("sys/devices/{scsi}/vendor"), "SanDisk ");
        self.attribute(&format!("sys/devices/{scsi}/model"), "Ultra\u{202e}   ");
        let disk = self.disk(name, &scsi, 32);
        self.attribute(&format!("{disk}/removable"), "1");
        disk
    }

    /// An SD card in the machine's own slot.
    fn card(&mut self, name: &str, kind: &str) -> String {
        let hardware = format!("pci0000:00/0000:00:1e.0/mmc_host/mmc0/mmc0:{name}");
        self.attribute(&format!("sys/devices/{hardware}/type"), kind);
        self.attribute(&format!("sys/devices/{hardware}/cid"), "aa585951454d552101deadbeef006219");
        self.attribute(&format!("sys/devices/{hardware}/name"), "QEMU!");
        self.disk(name, &hardware, 16)
    }
}

fn assert_forbidden(drive: &Drive, code: ReasonCode) {
    let verdict = drive.verdict();
    assert_eq!(verdict.decision, Decision::Refused, "{verdict:?}");
    let reason = verdict.reasons.iter().find(|reason| reason.code == code);
    assert_eq!(reason.map(|reason| reason.severity), Some(Severity::Forbids), "{verdict:?}");
}

fn assert_blocked(drive: &Drive, code: ReasonCode) {
    let verdict = drive.verdict();
    assert_eq!(verdict.decision, Decision::Refused, "{verdict:?}");
    assert!(verdict.has(code) && !verdict.weighs(Severity::Forbids), "{verdict:?}");
}

#[test]
fn a_stick_is_writable_and_fully_described() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    fake.partition(&disk, "sdb1");
    let drive = fake.drive("sdb");
    assert_eq!(drive.verdict().decision, Decision::Writable, "{:?}", drive.verdict());
    assert_eq!((drive.bus, drive.removable, drive.hotplug), (Bus::Usb, true, true));
    assert_eq!((drive.port.as_deref(), drive.serial.as_deref()), (Some("1-4.2"), Some("4C530001")));
    assert_eq!(drive.title(), "SanDisk Ultra\u{fffd}");
    assert_eq!((drive.size, drive.diskseq, drive.physical_block), (32 << 30, Some(9), 4096));
    assert_eq!(drive.partitions[0].node, Path::new("/dev/sdb1"));
    let identity = drive.identity();
    assert_eq!((identity.serial.as_deref(), identity.path.as_str()), (Some("4C530001"), "/dev/sdb"));
}

#[test]
fn a_mounted_stick_is_blocked_and_its_mount_point_named() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let partition = fake.partition(&disk, "sdb1");
    fake.mount(&partition, "/media/me/my\\040stick", "vfat");
    let drive = fake.drive("sdb");
    assert_blocked(&drive, ReasonCode::Mounted);
    assert!(drive.verdict().words(Severity::Blocks)[0].contains("sdb1 is mounted at /media/me/my stick"));
}

#[test]
fn a_mount_of_sdaa_is_no_mount_of_sda() {
    let mut fake = Fake::new();
    fake.stick("sda");
    let other = fake.disk("sdaa", "pci0000:00/ata1/host0/target0:0:0/0:0:0:0", 500);
    let partition = fake.partition(&other, "sdaa1");
    fake.mount(&partition, "/", "ext4");
    assert_eq!(fake.drive("sda").verdict().decision, Decision::Writable);
    assert_forbidden(&fake.drive("sdaa"), ReasonCode::System);
}

#[test]
fn the_root_is_found_through_luks_and_lvm_on_nvme() {
    let mut fake = Fake::new();
    let disk = fake.disk("nvme0n1", "pci0000:00/0000:00:1d.0/nvme/nvme0", 512);
    let partition = fake.partition(&disk, "nvme0n1p3");
    let luks = fake.layer("dm-0");
    fake.attribute(&format!("{luks}/dm/name"), "cryptroot");
    fake.attribute(&format!("{luks}/dm/uuid"), "CRYPT-LUKS2-abc");
    let volume = fake.layer("dm-1");
    fake.attribute(&format!("{volume}/dm/name"), "vg-root");
    fake.attribute(&format!("{volume}/dm/uuid"), "LVM-abc");
    fake.hold(&partition, "dm-0");
    fake.hold(&luks, "dm-1");
    fake.mount(&volume, "/", "ext4");
    let drive = fake.drive("nvme0n1");
    assert_forbidden(&drive, ReasonCode::System);
    assert_forbidden(&drive, ReasonCode::Internal);
    let words = drive.verdict().words(Severity::Blocks).join("; ");
    assert!(words.contains("LUKS volume \"cryptroot\" (dm-0)") && words.contains("LVM volume \"vg-root\""), "{words}");
    assert!(fake.machine().drives().unwrap().iter().all(|drive| !drive.name.starts_with("dm-")));
}

#[test]
fn a_root_on_a_usb_stick_forbids_it_although_usb() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let partition = fake.partition(&disk, "sdb2");
    fake.mount(&partition, "/", "ext4");
    assert_forbidden(&fake.drive("sdb"), ReasonCode::System);
}

#[test]
fn an_sd_card_is_writable_although_its_removable_is_0() {
    let mut fake = Fake::new();
    fake.card("mmcblk0", "SD");
    let drive = fake.drive("mmcblk0");
    assert!(!drive.removable && drive.hotplug);
    assert_eq!(drive.bus, Bus::Sd);
    assert_eq!(drive.cid.as_deref(), Some("aa585951454d552101deadbeef006219"));
    assert_eq!(drive.port.as_deref(), Some("mmc0"));
    assert_eq!(drive.verdict().decision, Decision::Writable, "{:?}", drive.verdict());
}

#[test]
fn the_card_a_raspberry_pi_runs_from_is_forbidden() {
    let mut fake = Fake::new();
    let disk = fake.card("mmcblk0", "SD");
    let boot = fake.partition(&disk, "mmcblk0p1");
    let root = fake.partition(&disk, "mmcblk0p2");
    fake.mount(&boot, "/boot/firmware", "vfat");
    let number = fs::read_to_string(fake.path(&format!("{root}/dev"))).unwrap();
    fake.mount_line(number.trim(), "/", "ext4", "/dev/root", "rw");
    assert_forbidden(&fake.drive("mmcblk0"), ReasonCode::System);
}

#[test]
fn emmc_is_internal_by_its_type_and_by_its_boot_partitions() {
    let mut fake = Fake::new();
    fake.card("mmcblk0", "MMC");
    fake.card("mmcblk1", "SD");
    fake.card("mmcblk1boot0", "SD");
    assert_forbidden(&fake.drive("mmcblk0"), ReasonCode::Internal);
    assert_forbidden(&fake.drive("mmcblk1"), ReasonCode::Internal);
    assert!(fake.machine().drives().unwrap().iter().all(|drive| drive.name != "mmcblk1boot0"));
}

#[test]
fn a_usb_ssd_is_allowed_with_its_reason_and_a_built_in_one_is_not() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    fake.attribute(&format!("{disk}/removable"), "0");
    let drive = fake.drive("sdb");
    assert_eq!(drive.verdict().decision, Decision::Writable);
    assert!(drive.verdict().has(ReasonCode::UsbFixed));
    fake.attribute("sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/removable", "fixed");
    assert_forbidden(&fake.drive("sdb"), ReasonCode::Internal);
}

#[test]
fn every_disk_of_a_btrfs_root_is_forbidden() {
    let mut fake = Fake::new();
    let one = fake.stick("sdb");
    let one = fake.partition(&one, "sdb1");
    let ata = "pci0000:00/ata1/host0/target0:0:0/0:0:0:0";
    let two = fake.disk("sda", ata, 500);
    for member in ["sda", "sdb1"] {
        fake.attribute(&format!("sys/fs/btrfs/1234/devices/{member}/uevent"), "");
    }
    fs::create_dir_all(fake.path("sys/fs/btrfs/features")).unwrap();
    fake.mount_line("0:31", "/", "btrfs", "/dev/sda", "rw,subvol=/@");
    assert_forbidden(&fake.drive("sda"), ReasonCode::System);
    assert_forbidden(&fake.drive("sdb"), ReasonCode::System);
    drop((one, two));
}

#[test]
fn a_member_of_a_mounted_md_array_is_forbidden_and_of_a_stopped_one_is_free() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let partition = fake.partition(&disk, "sdb1");
    assert_eq!(fake.drive("sdb").verdict().decision, Decision::Writable);
    let array = fake.layer("md0");
    fake.attribute(&format!("{array}/md/level"), "raid1");
    fake.hold(&partition, "md0");
    assert_blocked(&fake.drive("sdb"), ReasonCode::Held);
    fake.mount(&array, "/var", "xfs");
    assert_forbidden(&fake.drive("sdb"), ReasonCode::System);
}

#[test]
fn swap_partitions_and_homes_of_swap_files_are_forbidden() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let partition = fake.partition(&disk, "sdb1");
    fake.swaps.push("/dev/sdb1".into());
    assert_forbidden(&fake.drive("sdb"), ReasonCode::Swap);
    fake.swaps = vec!["/mnt/extra/swapfile".into()];
    fake.mount(&partition, "/mnt/extra", "ext4");
    assert_forbidden(&fake.drive("sdb"), ReasonCode::System);
}

#[test]
fn swap_on_a_mapper_name_is_traced_to_its_disk() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let volume = fake.layer("dm-0");
    fake.attribute(&format!("{volume}/dm/name"), "vg-swap");
    fake.hold(&disk, "dm-0");
    fake.swaps.push("/dev/mapper/vg-swap".into());
    assert_forbidden(&fake.drive("sdb"), ReasonCode::Swap);
}

#[test]
fn the_medium_of_a_live_system_is_forbidden_through_its_loop_device_and_overlay() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    let partition = fake.partition(&disk, "sdb1");
    fake.mount(&partition, "/run/live/medium", "iso9660");
    let squash = fake.layer("loop0");
    fake.attribute(&format!("{squash}/loop/backing_file"), "/run/live/medium/live/filesystem.squashfs");
    fake.mount(&squash, "/run/live/rootfs", "squashfs");
    assert_blocked(&fake.drive("sdb"), ReasonCode::Mounted);
    fake.mount_line("0:40", "/", "overlay", "overlay", "rw,lowerdir=/run/live/rootfs,upperdir=/run/live/rw,workdir=/w");
    assert_forbidden(&fake.drive("sdb"), ReasonCode::System);
    assert_forbidden(&fake.drive("loop0"), ReasonCode::System);
}

#[test]
fn an_empty_reader_a_protected_card_and_a_huge_disk_say_so() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    fake.attribute(&format!("{disk}/size"), "0");
    assert_blocked(&fake.drive("sdb"), ReasonCode::NoMedium);
    fake.attribute(&format!("{disk}/size"), "2048");
    fake.attribute(&format!("{disk}/ro"), "1");
    assert_blocked(&fake.drive("sdb"), ReasonCode::ReadOnly);
    fake.attribute(&format!("{disk}/ro"), "0");
    fake.attribute(&format!("{disk}/size"), &(2_u64 << 31).to_string());
    let verdict = fake.drive("sdb").verdict();
    assert_eq!(verdict.decision, Decision::Writable);
    let reason = verdict.reasons.iter().find(|reason| reason.code == ReasonCode::UnusualSize).unwrap();
    assert_eq!(reason.severity, Severity::Caution);
    let card = fake.card("mmcblk0", "SD");
    fake.attribute(&format!("{card}/force_ro"), "1");
    assert_blocked(&fake.drive("mmcblk0"), ReasonCode::ReadOnly);
}

#[test]
fn the_serial_number_of_a_reader_identifies_no_card() {
    let mut fake = Fake::new();
    fake.stick("sdb");
    let unit = "pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/1-4.2:1.0/host2/target2:0:0/2:0:0:1";
    fake.disk("sdc", unit, 16);
    let (one, two) = (fake.drive("sdb"), fake.drive("sdc"));
    assert_eq!((one.port.as_deref(), two.port.as_deref()), (Some("1-4.2"), Some("1-4.2:1")));
    assert!(one.card_reader && two.card_reader);
    assert_eq!((one.identity().serial, two.identity().serial), (None, None));
}

#[test]
fn internal_disks_of_every_bus_are_forbidden_even_when_idle() {
    let mut fake = Fake::new();
    fake.disk("sda", "pci0000:00/ata1/host0/target0:0:0/0:0:0:0", 500);
    fake.disk("sdc", "pci0000:00/host9/target9:0:0/9:0:0:0", 500);
    fake.disk("vda", "pci0000:00/virtio0", 20);
    fake.disk("nvme0n1", "virtual/nvme-subsystem/nvme-subsys0", 512);
    for (name, bus) in [("sda", Bus::Ata), ("sdc", Bus::Scsi), ("vda", Bus::Virtio), ("nvme0n1", Bus::Nvme)] {
        assert_eq!(fake.drive(name).bus, bus);
        assert_forbidden(&fake.drive(name), ReasonCode::Internal);
    }
}

#[test]
fn only_loop_devices_over_regular_files_are_for_writing() {
    let mut fake = Fake::new();
    for name in ["loop0", "loop1", "loop2", "zram0", "ram0", "nbd0"] {
        fake.layer(name);
    }
    fake.attribute("images/a.img", "");
    fake.attribute("sys/devices/virtual/block/loop0/loop/backing_file", "/images/a.img");
    fake.attribute("sys/devices/virtual/block/loop1/loop/backing_file", "/dev/sda");
    let names: Vec<_> = fake.machine().drives().unwrap().into_iter().map(|drive| drive.name).collect();
    assert_eq!(names, ["loop0", "loop1"]);
    assert_eq!(fake.drive("loop0").verdict().decision, Decision::Writable);
    assert!(fake.drive("loop0").verdict().has(ReasonCode::Loop));
    assert_forbidden(&fake.drive("loop1"), ReasonCode::LoopOverDevice);
}

#[test]
fn drives_and_verdicts_print_as_json() {
    let mut fake = Fake::new();
    let disk = fake.stick("sdb");
    fake.mount(&disk, "/mnt", "vfat");
    let drive = fake.drive("sdb");
    let json = serde_json::to_value(&drive).unwrap();
    assert_eq!(json["bus"], "usb");
    assert_eq!(json["uses"][0]["use"], "mounted");
    let verdict = serde_json::to_value(drive.verdict()).unwrap();
    assert_eq!(verdict["decision"], "refused");
    assert_eq!(verdict["reasons"][0]["code"], "mounted");
    assert!(matches!(&drive.uses[0], Use::Mounted { system: false, .. }));
}

#[test]
fn a_machine_without_block_devices_is_an_error_that_names_the_folder() {
    let empty = tempfile::tempdir().unwrap();
    let error = Machine::at(empty.path()).drives().unwrap_err();
    assert!(error.to_string().contains("sys/block"), "{error}");
}

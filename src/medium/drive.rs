//! A drive: USB stick or SD card, judged, opened exclusively, written by the engine, read back.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use rustix::io::Errno;

use super::engine::{self, EngineError, Moment};
use super::failure::{engine_error, io_error, open_error};
use super::inspect::{self, InspectError};
use super::reader::DeviceReader;
use super::volume::encode;
use crate::delivery::{
    Cargo, Consent, Effect, Event, Footprint, Preflight, Receipt, Sink, SinkError, Step, TargetIdentity, TargetImage,
    target::accept_id,
};
use crate::fleet::{Digest, MediumPlan};
use crate::host::block::number_of;
use crate::host::drives::{Decision, Severity};
use crate::host::{BlockDevice, Drive, HostError, Machine, busy};

/// The block size that tables and volumes are made for, in bytes.
const SECTOR: u32 = 512;

/// How a drive is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DriveSelector {
    /// By its node, or a link to it.
    Node(PathBuf),
    /// By the port it is plugged into.
    Port(String),
    /// By the serial number of the USB device.
    Serial(String),
    /// By the card identification register.
    Cid(String),
}

impl DriveSelector {
    /// Reads `port=1-4.2`, `serial=...`, `cid=...` or a path.
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some(("port", port)) => DriveSelector::Port(port.to_owned()),
            Some(("serial", serial)) => DriveSelector::Serial(serial.to_owned()),
            Some(("cid", cid)) => DriveSelector::Cid(cid.to_ascii_lowercase()),
            _ => DriveSelector::Node(PathBuf::from(text)),
        }
    }

    /// Returns the name in a person's words.
    pub fn words(&self) -> String {
        match self {
            DriveSelector::Node(path) => path.display().to_string(),
            DriveSelector::Port(port) => format!("port {port}"),
            DriveSelector::Serial(serial) => format!("serial number {serial}"),
            DriveSelector::Cid(cid) => format!("card id {cid}"),
        }
    }

    fn matches(&self, drive: &Drive) -> bool {
        match self {
            DriveSelector::Node(_) => false,
            DriveSelector::Port(port) => drive.port.as_ref() == Some(port),
            DriveSelector::Serial(serial) => drive.serial.as_ref() == Some(serial),
            DriveSelector::Cid(cid) => drive.cid.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(cid)),
        }
    }
}

/// A sink that writes a drive.
pub struct DriveSink {
    machine: Machine,
    selector: DriveSelector,
    eject: bool,
    ejected: bool,
}

impl DriveSink {
    /// Names the drive. With `eject` it is stopped after it has been read back, so that it may be pulled.
    pub fn new(machine: Machine, selector: DriveSelector, eject: bool) -> Self {
        Self { machine, selector, eject, ejected: false }
    }

    /// Names the drive in a port.
    pub fn by_port(machine: Machine, port: &str, eject: bool) -> Self {
        Self::new(machine, DriveSelector::Port(port.to_owned()), eject)
    }

    /// Returns true if the drive has been ejected; an SD slot or loop device has nothing to eject and needs none.
    pub fn was_ejected(&self) -> bool {
        self.ejected
    }

    pub(super) fn find(&self) -> Result<Drive, SinkError> {
        match &self.selector {
            DriveSelector::Node(node) => find_node(&self.machine, node),
            selector => find_attached(&self.machine, selector),
        }
    }

    /// The drive that was agreed on, as it is now.
    pub(super) fn find_again(&self, agreed: &TargetIdentity) -> Result<Drive, SinkError> {
        let drives = scan(&self.machine)?;
        let gone = || SinkError::Swapped { target: agreed.name.clone(), difference: "it is no longer there".into() };
        let drive = drives.into_iter().find(|drive| drive.identity().path == agreed.path).ok_or_else(gone)?;
        match difference(agreed, &drive.identity()) {
            None => Ok(drive),
            Some(difference) => Err(SinkError::Swapped { target: agreed.name.clone(), difference }),
        }
    }

    pub(super) fn check(&self, drive: &Drive) -> Result<(), SinkError> {
        let verdict = drive.verdict();
        let target = drive.node.display().to_string();
        if drive.read_only && !verdict.weighs(Severity::Forbids) {
            return Err(SinkError::ReadOnly { target });
        }
        let is_named = matches!(self.selector, DriveSelector::Node(_));
        let reasons = match verdict.decision {
            Decision::Refused => verdict.words(Severity::Blocks),
            Decision::Writable if is_named => Vec::new(),
            Decision::Writable => verdict.words(Severity::Caution),
        };
        if reasons.is_empty() {
            return Ok(());
        }
        if !drive.uses.is_empty() && !verdict.weighs(Severity::Forbids) {
            return Err(self.busy(drive));
        }
        let hint = match verdict.decision {
            Decision::Writable => Some(format!("name it by its node ({target}) if it is the right one")),
            Decision::Refused => Some("`firstlight media list` shows the drives and their reasons".to_owned()),
        };
        Err(SinkError::Refused { target, reason: reasons.join("; "), hint })
    }

    fn busy(&self, drive: &Drive) -> SinkError {
        let mut holders = busy::holders(&self.machine, drive).unwrap_or_default();
        if holders.is_empty() {
            holders.push("another program holds it".into());
        }
        SinkError::Busy { target: drive.node.display().to_string(), holders }
    }

    pub(super) fn open(&self, drive: &Drive) -> Result<BlockDevice, SinkError> {
        let name = drive.node.display().to_string();
        let device = BlockDevice::open_exclusively(&self.machine.path(&drive.node));
        device.map_err(|error| match errno(&error) {
            Some(Errno::BUSY) => self.busy(drive),
            Some(Errno::NXIO | Errno::NODEV) => SinkError::Gone { target: name, doing: "opening" },
            _ => open_error(&name, "opening", error),
        })
    }

    /// The node could have become another device between the look and the opening; an open device cannot.
    pub(super) fn check_opened(
        &self,
        device: &BlockDevice,
        drive: &Drive,
        agreed: &TargetIdentity,
    ) -> Result<(), SinkError> {
        let swapped = |difference: String| Err(SinkError::Swapped { target: agreed.name.clone(), difference });
        if device.number() != drive.number {
            return swapped("its node belongs to another device".into());
        }
        if Some(device.size()) != agreed.size {
            let agreed = agreed.size.unwrap_or(0);
            return swapped(format!("it holds {} bytes, agreed were {agreed} bytes", device.size()));
        }
        self.find_again(agreed).map(drop)
    }

    /// Reads what is there and says what would be lost.
    pub(super) fn look(&self, drive: &Drive, mut layout: MediumPlan) -> Result<Preflight, SinkError> {
        let name = drive.node.display().to_string();
        let device = BlockDevice::open_for_reading(&self.machine.path(&drive.node));
        let reader = DeviceReader::new(device.map_err(|error| open_error(&name, "reading", error))?);
        let found = inspect::inspect(&name, &reader).map_err(|error| look_error(&name, error))?;
        let (front, back) = inspect::ends(&reader).map_err(io_error(&name, "reading", 0))?;
        let identity = drive.identity();
        let content = Digest::of_parts([front.as_slice(), back.as_slice()]);
        let accept = accept_id(&identity, content);
        layout.size = Some(layout.size.unwrap_or(drive.size));
        let carried = found.sole_bundles().iter().map(|bundle| bundle.manifest.clone());
        Ok(Preflight::new(identity, Effect::Overwrites(found.losses()), layout, Some(accept)).carrying(carried))
    }

    /// The bytes are there and proven; a kernel that keeps the old table, or does not eject, changes nothing of that.
    pub(super) fn let_go(&mut self, device: &BlockDevice) {
        let _ = device.reread_partitions();
        self.ejected = self.eject && device.eject().unwrap_or(false);
    }

    pub(super) fn write(
        &self,
        device: &BlockDevice,
        drive: &Drive,
        image: &TargetImage,
        watch: &dyn Fn(Moment),
    ) -> Result<engine::Outcome, SinkError> {
        engine::write(device, image, watch).map_err(|error| self.explain(error, drive, image))
    }

    /// Says what an error of the medium means: unplugged, write-protected, too small, or just that.
    fn explain(&self, error: EngineError, drive: &Drive, image: &TargetImage) -> SinkError {
        let target = drive.node.display().to_string();
        let EngineError::Io { doing, offset, ref source } = error else { return engine_error(&target, error) };
        if self.is_gone(drive) {
            return SinkError::Gone { target, doing: doing.word() };
        }
        match Errno::from_io_error(source) {
            Some(Errno::ROFS | Errno::PERM | Errno::ACCESS) => SinkError::ReadOnly { target },
            Some(Errno::NOSPC) => SinkError::TooSmall { target, need: image.size(), have: offset },
            Some(Errno::NODEV | Errno::NXIO) => SinkError::Gone { target, doing: doing.word() },
            _ => engine_error(&target, error),
        }
    }

    fn is_gone(&self, drive: &Drive) -> bool {
        let now = self.machine.drive_with(drive.number);
        !now.is_ok_and(|now| now.is_some_and(|now| now.diskseq == drive.diskseq && now.size == drive.size))
    }
}

impl Sink for DriveSink {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let drive = self.find()?;
        let layout = need.volume(&drive.node.display().to_string())?.clone();
        self.check(&drive)?;
        check_room(&drive, need)?;
        self.look(&drive, layout)
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let agreed = consent.target();
        let drive = self.find_again(agreed)?;
        self.check(&drive)?;
        let image = encode(cargo, consent.volume()?, Some(drive.size))?;
        let device = self.open(&drive)?;
        self.check_opened(&device, &drive, agreed)?;
        let outcome = self.write(&device, &drive, &image, &|moment| tell(cargo, moment, watch))?;
        self.let_go(&device);
        Ok(Receipt {
            target: drive.identity(),
            artifact: cargo.digest(),
            image: image.digest(),
            read_back: outcome.read_back,
            written: outcome.written,
            compared: outcome.compared,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }
}

fn tell(cargo: &Cargo<'_>, moment: Moment, watch: &dyn Fn(Event<'_>)) {
    let device = cargo.device();
    watch(match moment {
        Moment::Bytes { done, total } => Event::Bytes { device, done, total },
        Moment::Written => Event::Step { device, step: Step::Written },
        Moment::ReadBack => Event::Step { device, step: Step::ReadBack },
    });
}

fn scan(machine: &Machine) -> Result<Vec<Drive>, SinkError> {
    machine.drives().map_err(|error| open_error("the drives", "listing", error))
}

fn find_node(machine: &Machine, node: &std::path::Path) -> Result<Drive, SinkError> {
    let name = node.display().to_string();
    let absent = || SinkError::Absent { what: "block device", path: name.clone() };
    let metadata = match fs::metadata(machine.path(node)) {
        Ok(metadata) if metadata.file_type().is_block_device() => metadata,
        Ok(_) => return Err(absent()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent()),
        Err(error) => return Err(io_error(&name, "looking at", 0)(error)),
    };
    let number = number_of(metadata.rdev());
    let drive = scan(machine)?.into_iter().find(|drive| owns(drive, number));
    let refused = |reason: String, hint| Err(SinkError::Refused { target: name.clone(), reason, hint });
    match drive {
        Some(drive) if drive.number == number => Ok(drive),
        Some(drive) => {
            let whole = drive.node.display();
            refused(format!("it is a partition; the whole drive is {whole}"), Some(format!("name {whole}")))
        }
        None => refused("it is no drive of its own (device-mapper, md, an empty loop device ...)".into(), None),
    }
}

fn owns(drive: &Drive, number: (u32, u32)) -> bool {
    drive.number == number || drive.partitions.iter().any(|partition| partition.number == number)
}

fn find_attached(machine: &Machine, selector: &DriveSelector) -> Result<Drive, SinkError> {
    let mut found: Vec<Drive> = scan(machine)?.into_iter().filter(|drive| selector.matches(drive)).collect();
    if found.len() > 1 {
        let nodes: Vec<String> = found.iter().map(|drive| drive.node.display().to_string()).collect();
        let reason = format!("{} drives have it: {}", nodes.len(), nodes.join(", "));
        let hint = Some("name one by its node".to_owned());
        return Err(SinkError::Refused { target: selector.words(), reason, hint });
    }
    found.pop().ok_or_else(|| SinkError::Absent { what: "drive", path: selector.words() })
}

fn check_room(drive: &Drive, need: &Footprint) -> Result<(), SinkError> {
    let target = drive.node.display().to_string();
    let wanted = need.carrier.medium().and_then(|medium| medium.size).unwrap_or(0).max(need.payload.unwrap_or(0));
    if wanted > drive.size {
        return Err(SinkError::TooSmall { target, need: wanted, have: drive.size });
    }
    check_blocks(drive)
}

/// Fails for a drive whose blocks are not those that media are made of.
pub(super) fn check_blocks(drive: &Drive) -> Result<(), SinkError> {
    let target = drive.node.display().to_string();
    if drive.logical_block != SECTOR {
        let reason =
            format!("{target} has blocks of {} bytes, media are made with {SECTOR} bytes", drive.logical_block);
        return Err(SinkError::Layout { reason });
    }
    Ok(())
}

/// Says in words what differs between the drive agreed on and the one found.
fn difference(agreed: &TargetIdentity, found: &TargetIdentity) -> Option<String> {
    if found.is_same_appearance(agreed) {
        return None;
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
    let number = |value: Option<u64>| value.map_or_else(|| "none".into(), |value| value.to_string());
    let rows = [
        ("size", number(agreed.size), number(found.size)),
        ("serial number", text(&agreed.serial), text(&found.serial)),
        ("card id", text(&agreed.cid), text(&found.cid)),
        ("port", text(&agreed.port), text(&found.port)),
        ("disk sequence number", number(agreed.diskseq), number(found.diskseq)),
        ("path", agreed.path.clone(), found.path.clone()),
    ];
    let changed = rows.iter().filter(|(_, before, now)| before != now);
    let words: Vec<String> = changed.map(|(what, before, now)| format!("{what} {before} is now {now}")).collect();
    Some(words.join(", "))
}

fn look_error(name: &str, error: InspectError) -> SinkError {
    match error {
        InspectError::Host(error) => open_error(name, "reading", error),
        InspectError::Io { offset, source, .. } => io_error(name, "reading", offset)(source),
        InspectError::NoMedium { .. } => SinkError::Absent { what: "block device", path: name.to_owned() },
    }
}

fn errno(error: &HostError) -> Option<Errno> {
    match error {
        HostError::Io { source, .. } => Errno::from_io_error(source),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::engine::Doing;
    use std::path::Path;

    /// A machine with one stick, `sdb`, of 8 MiB.
    fn machine(root: &Path) -> Machine {
        let disk = root.join("sys/devices/usb1/1-4/host2/block/sdb");
        fs::create_dir_all(&disk).unwrap();
        fs::create_dir_all(root.join("sys/block")).unwrap();
        for (name, value) in [("dev", "8:16"), ("size", "16384"), ("removable", "1"), ("diskseq", "7")] {
            fs::write(disk.join(name), value).unwrap();
        }
        fs::write(root.join("sys/devices/usb1/1-4/idVendor"), "0781").unwrap();
        std::os::unix::fs::symlink("../..", disk.join("device")).unwrap();
        std::os::unix::fs::symlink(&disk, root.join("sys/block/sdb")).unwrap();
        Machine::at(root)
    }

    fn explained(machine: &Machine, drive: &Drive, errno: Errno) -> SinkError {
        let sink = DriveSink::by_port(machine.clone(), "1-4", false);
        let error = EngineError::Io { doing: Doing::Writing, offset: 4096, source: errno.into() };
        sink.explain(error, drive, &TargetImage::new(8 << 20, Vec::new()))
    }

    #[test]
    fn a_medium_s_errors_say_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        let drive = find_attached(&machine, &DriveSelector::Port("1-4".into())).unwrap();
        for errno in [Errno::ROFS, Errno::PERM] {
            assert!(matches!(explained(&machine, &drive, errno), SinkError::ReadOnly { .. }));
        }
        assert!(matches!(explained(&machine, &drive, Errno::NOSPC), SinkError::TooSmall { have: 4096, .. }));
        assert!(matches!(explained(&machine, &drive, Errno::IO), SinkError::Io { offset: 4096, .. }));
        assert!(matches!(explained(&machine, &drive, Errno::NODEV), SinkError::Gone { .. }));
    }

    #[test]
    fn an_error_of_a_drive_that_has_left_or_come_anew_means_unplugged() {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        let drive = find_attached(&machine, &DriveSelector::Port("1-4".into())).unwrap();
        fs::write(root.path().join("sys/block/sdb/diskseq"), "8").unwrap();
        assert!(matches!(explained(&machine, &drive, Errno::IO), SinkError::Gone { doing: "writing", .. }));
        fs::remove_file(root.path().join("sys/block/sdb")).unwrap();
        assert!(matches!(explained(&machine, &drive, Errno::IO), SinkError::Gone { doing: "writing", .. }));
    }

    #[test]
    fn a_large_drive_must_be_named_and_a_port_is_not_enough() {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        fs::write(root.path().join("sys/block/sdb/size"), (1_u64 << 31).to_string()).unwrap();
        let drive = find_attached(&machine, &DriveSelector::Port("1-4".into())).unwrap();
        let by_port = DriveSink::by_port(machine.clone(), "1-4", false).check(&drive);
        assert!(matches!(by_port, Err(SinkError::Refused { hint: Some(hint), .. }) if hint.contains("/dev/sdb")));
        let by_node = DriveSink::new(machine, DriveSelector::Node("/dev/sdb".into()), false);
        by_node.check(&drive).unwrap();
    }

    #[test]
    fn selectors_are_read() {
        assert_eq!(DriveSelector::parse("port=1-4.2"), DriveSelector::Port("1-4.2".into()));
        assert_eq!(DriveSelector::parse("serial=4C53"), DriveSelector::Serial("4C53".into()));
        assert_eq!(DriveSelector::parse("cid=AA58"), DriveSelector::Cid("aa58".into()));
        assert_eq!(DriveSelector::parse("/dev/disk/by-id/a=b"), DriveSelector::Node("/dev/disk/by-id/a=b".into()));
    }
}

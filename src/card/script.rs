//! The commands that make a card, in a file, for whoever has the keys to do it.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::delivery::{
    Cargo, Consent, Effect, Event, Footprint, Preflight, Receipt, Sink, SinkError, Step, TargetIdentity, TargetKind,
};
use crate::fleet::Digest;
use crate::format::pkcs15::OidForm;
use crate::host::files;

use super::apdu::{Card, Channel};
use super::error::CardError;
use super::sink::{absolute, content_of, sink_error};
use super::structure::write;
use super::virtual_card::VirtualCard;

/// Bytes of a script at most: each byte of a card takes two, and each command a line.
const LONGEST: u64 = 1 << 20;
/// A number for the card that takes the commands; the script does not write it.
const NUMBER: &str = "8999900000000000000";

/// Writes the commands for a blank card, one a line, hexadecimal, with the status word that is expected.
pub struct ScriptSink {
    path: PathBuf,
    oid: OidForm,
}

impl ScriptSink {
    /// A sink for a script at `path`.
    pub fn new(path: impl Into<PathBuf>, oid: OidForm) -> Self {
        Self { path: path.into(), oid }
    }

    fn identity(&self) -> TargetIdentity {
        TargetIdentity {
            kind: TargetKind::ImageFile,
            name: self.path.display().to_string(),
            path: absolute(&self.path),
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
            chip: None,
        }
    }

    fn script(&self, content: &[u8], device: &str) -> Result<Zeroizing<String>, CardError> {
        let mut card = Recorded { card: VirtualCard::blank(NUMBER), lines: Zeroizing::default() };
        write(&mut Channel(&mut card), content, self.oid)?;
        let head = format!(
            "# LwM2M bootstrap information for {device}: commands for a blank card, holds keys.\n\
             # Each line: command, expected status word (a card may answer 61xx instead of 9000).\n"
        );
        Ok(Zeroizing::new(format!("{head}{}", *card.lines)))
    }
}

/// A card that notes what changes it, and what has to be selected before.
struct Recorded {
    card: VirtualCard,
    lines: Zeroizing<String>,
}

impl Card for Recorded {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let answer = self.card.answer(command);
        if answer.ends_with(&[0x90, 0]) && matches!(command.get(1), Some(0xa4 | 0xd6 | 0xe0)) {
            let hex = Zeroizing::new(hex::encode_upper(command));
            // Room first, so that no copy of a key is left behind where the text grows.
            let mut lines = Zeroizing::new(String::with_capacity(self.lines.len() + hex.len() + 8));
            for part in [&**self.lines, &**hex, " 9000\n"] {
                lines.push_str(part);
            }
            self.lines = lines;
        }
        Ok(answer)
    }
}

impl Sink for ScriptSink {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let effect = match self.path.try_exists() {
            Ok(false) => Effect::Creates,
            _ => Effect::Overwrites(vec!["the file that is there".to_owned()]),
        };
        Ok(Preflight::new(self.identity(), effect, need.carrier.clone(), None))
    }

    fn check_fit(&mut self, cargo: &Cargo<'_>, _need: &Footprint) -> Result<(), SinkError> {
        content_of(cargo, &self.path.display().to_string()).map(drop)
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let (target, device) = (self.identity(), cargo.device());
        if !target.is_same_appearance(consent.target()) {
            let difference = format!("it is {}, agreed was {}", target.path, consent.target().path);
            return Err(SinkError::Swapped { target: target.name, difference });
        }
        let content = content_of(cargo, &target.name)?;
        let script = content.expose(|content| self.script(content, device.as_str())).map_err(sink_error)?;
        let host = |error| sink_error(CardError::File(error));
        files::write_atomically(&self.path, script.as_bytes(), 0o600).map_err(host)?;
        watch(Event::Step { device, step: Step::Written });
        let read = Zeroizing::new(files::read_bounded(&self.path, LONGEST).map_err(host)?);
        if *read != script.as_bytes() {
            let finding = format!("{} bytes written, {} bytes read", script.len(), read.len());
            return Err(SinkError::Differs { target: target.name, offset: 0, finding });
        }
        watch(Event::Step { device, step: Step::ReadBack });
        let (image, length) = (Digest::of(&read), read.len() as u64);
        Ok(Receipt {
            target,
            artifact: cargo.digest(),
            image,
            read_back: image,
            written: length,
            compared: length,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }
}

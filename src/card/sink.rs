//! A card as a sink: looks, writes, opens the card anew and reads back.

use zeroize::Zeroizing;

use crate::delivery::target::accept_id;
use crate::delivery::{
    Cargo, ChipIdentity, Consent, Effect, Event, Footprint, Preflight, Receipt, Sink, SinkError, Step, TargetIdentity,
    TargetKind,
};
use crate::fleet::lwm2m::{Content, Object, SECURITY, Value};
use crate::fleet::{Diagnose as _, Digest, Secret};
use crate::format::pkcs15::{HEADER, OidForm, bootstrap_file, length_of, read_bootstrap_file};
use crate::format::senml;

use super::apdu::Channel;
use super::error::CardError;
use super::files::Pin;
use super::open::open;
use super::place::CardPlace;
use super::structure::{Look, look, write};

/// Writes the LwM2M objects of a bundle onto one card.
pub struct CardSink {
    place: CardPlace,
    pin: Option<Pin>,
    oid: OidForm,
}

impl CardSink {
    /// A sink for the card at `place`; `pin` is shown before the card is written, `oid` is how a new directory entry names
    /// its object.
    pub fn new(place: CardPlace, pin: Option<Pin>, oid: OidForm) -> Self {
        Self { place, pin, oid }
    }

    /// Returns which card it is and what it holds, without the padding.
    pub fn held(&self) -> Result<(TargetIdentity, Zeroizing<Vec<u8>>), CardError> {
        let mut look = self.looked()?;
        let end = look.content.first_chunk::<HEADER>().and_then(|header| length_of(*header)).unwrap_or(0);
        look.content.truncate(end);
        Ok((self.identity(&look), look.content))
    }

    fn looked(&self) -> Result<Look, CardError> {
        let mut card = open(&self.place, self.pin.as_ref())?;
        look(&mut Channel(&mut *card))
    }

    fn identity(&self, look: &Look) -> TargetIdentity {
        let (kind, path) = match &self.place {
            CardPlace::File(path) | CardPlace::Script(path) => (TargetKind::SimulatedChip, absolute(path)),
            CardPlace::Reader(name) => (TargetKind::Chip, format!("reader:{}", name.as_deref().unwrap_or_default())),
        };
        let number = look.number.as_deref().unwrap_or("without a number");
        TargetIdentity {
            kind,
            name: format!("card {number}"),
            path,
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
            chip: Some(ChipIdentity { name: "uicc".to_owned(), uid: look.number.clone(), mac: None }),
        }
    }

    fn put(&self, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let mut card = open(&self.place, self.pin.as_ref())?;
        write(&mut Channel(&mut *card), content, self.oid)?;
        card.finish()?;
        drop(card);
        Ok(self.looked()?.content)
    }
}

pub(super) fn absolute(path: &std::path::Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

pub(super) fn sink_error(error: CardError) -> SinkError {
    SinkError::Link { class: error.class(), hint: error.hint(), source: Box::new(error) }
}

/// Returns what a card is to hold: the objects of the one file of the bundle that is SenML CBOR.
pub(super) fn content_of(cargo: &Cargo<'_>, target: &str) -> Result<Secret, SinkError> {
    let refused = |reason: &str, hint: &str| SinkError::Refused {
        target: target.to_owned(),
        reason: reason.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let [part] = cargo.parts() else {
        return Err(refused("a card holds the data of one device", "write one device to one card"));
    };
    let mut found: Vec<Vec<Object>> = Vec::new();
    for file in part.artifact().files() {
        if file.encryption.is_some() {
            let reason =
                format!("{:?} of the bundle is encrypted, and no device decrypts what is on its card", file.path);
            return Err(refused(&reason, "use a delivery without recipients, with `accept_plaintext:` and the reason"));
        }
        found.extend(file.bytes.expose(senml::decode).ok().filter(|objects| !objects.is_empty()));
    }
    let [objects] = found.as_slice() else {
        let reason = format!("{} files of the bundle are LwM2M objects, a card takes exactly 1", found.len());
        return Err(refused(&reason, "use a template with one file that has `lwm2m: senml-cbor`"));
    };
    bootstrap_file(objects).map_err(|error| sink_error(error.into()))
}

fn effect(look: &Look) -> Effect {
    if look.content.is_empty() {
        return Effect::Creates;
    }
    // What cannot be read is lost as well.
    let Ok(objects) = read_bootstrap_file(&look.content) else {
        return Effect::Overwrites(vec!["bootstrap information that cannot be read".to_owned()]);
    };
    let uris: Vec<String> = objects.iter().filter(|object| object.id == SECURITY).flat_map(uris).collect();
    if objects.is_empty() { Effect::Creates } else { Effect::Overwrites(uris) }
}

fn uris(security: &Object) -> impl Iterator<Item = String> {
    security.instances.iter().flat_map(|instance| &instance.resources).filter_map(|resource| match &resource.content {
        Content::Single(Value::Text(uri)) if resource.id == 0 => Some(format!("the account of {uri}")),
        _ => None,
    })
}

impl Sink for CardSink {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let look = self.looked().map_err(sink_error)?;
        let target = self.identity(&look);
        let id = accept_id(&target, Digest::of(&look.content));
        Ok(Preflight::new(target, effect(&look), need.carrier.clone(), Some(id)))
    }

    fn check_fit(&mut self, cargo: &Cargo<'_>, _need: &Footprint) -> Result<(), SinkError> {
        let look = self.looked().map_err(sink_error)?;
        let need = content_of(cargo, &self.identity(&look).name)?.len();
        match look.size {
            Some(have) if have < need => Err(sink_error(CardError::Small { file: "EF(LwM2M_Bootstrap)", need, have })),
            _ => Ok(()),
        }
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let target = self.identity(&self.looked().map_err(sink_error)?);
        if !target.is_same_appearance(consent.target()) {
            let difference = format!("{} is in its place", target.name);
            return Err(SinkError::Swapped { target: consent.target().name.clone(), difference });
        }
        let (content, device) = (content_of(cargo, &target.name)?, cargo.device());
        let read = content.expose(|content| self.put(content)).map_err(sink_error)?;
        watch(Event::Step { device, step: Step::Written });
        let (image, read_back) = content.expose(|wanted| compare(&target.name, wanted, &read))?;
        watch(Event::Step { device, step: Step::ReadBack });
        let length = content.len() as u64;
        Ok(Receipt {
            target,
            artifact: cargo.digest(),
            image,
            read_back,
            written: length,
            compared: length,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }
}

/// Compares what was read back with what was written; behind it nothing of an older content may be left.
fn compare(target: &str, wanted: &[u8], read: &[u8]) -> Result<(Digest, Digest), SinkError> {
    let (found, rest) = read.split_at_checked(wanted.len()).unwrap_or((read, &[]));
    let at = wanted.iter().zip(found).position(|(wanted, found)| wanted != found);
    let at = at.or_else(|| (found.len() < wanted.len()).then_some(found.len()));
    let at = at.or_else(|| rest.iter().position(|byte| *byte != 0xff).map(|at| wanted.len() + at));
    match at {
        None => Ok((Digest::of(wanted), Digest::of(found))),
        Some(at) => Err(SinkError::Differs {
            target: target.to_owned(),
            offset: at as u64,
            finding: format!("{} bytes written, {} bytes read", wanted.len(), read.len()),
        }),
    }
}

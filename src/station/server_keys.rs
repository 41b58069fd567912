//! The pre-shared keys that a separate server needs, wrapped to it and signed.

use time::format_description::well_known::Rfc3339;

use crate::authority::wrap_for_recipient;
use crate::bundle::server_keys::{Head, ServerKeyFile, ServerKeysError, WrappedKey, armour, write};
use crate::delivery::{PublicKind, Signer};
use crate::fleet::Server;
use crate::ledger::ServerKey;

use super::error::StationError;
use super::issue;
use super::open::Station;

/// Makes the file for `server`: every key that is in force or about to be, none else. Also returns how many.
pub fn file(station: &Station, server: &str) -> Result<(ServerKeyFile, usize), StationError> {
    let declared = declared(station, server)?;
    let recipient = declared.recipient.as_ref().ok_or_else(|| ServerKeysError::NoRecipient(server.to_owned()))?;
    let credential = declared.credential.as_ref().ok_or_else(|| ServerKeysError::NoKeys(server.to_owned()))?;
    let known = station.ledger().server_keys(server, credential)?;
    let mut keys = Vec::with_capacity(known.len());
    for known in known {
        let PublicKind::Psk { identity } = &known.public.kind else {
            return Err(ServerKeysError::NoKeys(server.to_owned()).into());
        };
        keys.push(WrappedKey {
            device: known.device.to_string(),
            identity: identity.clone(),
            generation: known.public.generation,
            active: known.is_active,
            wrapped: armour(&wrapped(station, server, recipient, &known)?),
        });
    }
    let made = station.surroundings().clock.now().format(&Rfc3339).expect("a time of these centuries");
    let head = Head::new(station.folder().fleet.name(), server, made, keys.len());
    let bundle_keys = station.bundle_keys()?;
    let signers = bundle_keys.signers().iter().map(|signer| signer as &dyn Signer).collect::<Vec<_>>();
    Ok((write(&head, &keys, &signers)?, keys.len()))
}

fn declared(station: &Station, server: &str) -> Result<Server, ServerKeysError> {
    let mut servers = station.folder().fleet.servers();
    servers.remove(server).ok_or_else(|| ServerKeysError::Unknown(server.to_owned()))
}

/// A key that is kept is wrapped anew, for the recipient may have changed; else what was wrapped at the issue is all there is.
fn wrapped(station: &Station, server: &str, recipient: &str, known: &ServerKey) -> Result<Vec<u8>, StationError> {
    let gone = || ServerKeysError::Gone { device: known.device.to_string(), server: server.to_owned() };
    let Some(material) = &known.material else { return Ok(known.wrapped.clone().ok_or_else(gone)?) };
    let public = &known.public;
    let key = issue::open_told(station, &known.device, &public.name, public.generation, material).ok_or_else(gone)?;
    Ok(wrap_for_recipient(recipient, &key)?)
}

//! What people say of a device, read from the fields they sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fleet::enrolment::Refusal;
use crate::fleet::{Digest, EndpointName};
use crate::registry::{DeviceEdit, DeviceRow, ExpectedDevice, NewCredential};

use super::super::request::{Refused, attributes, known, malformed, object, serial, word};

/// What the record of a device has that people tell.
const FIELDS: [&str; 11] = [
    "id",
    "serial",
    "group",
    "model",
    "version",
    "vendor",
    "hardware",
    "firmware",
    "protocol",
    "address",
    "attributes",
];
/// What can be changed afterwards: a model is assigned.
const EDITABLE: [&str; 8] = ["serial", "group", "vendor", "hardware", "firmware", "protocol", "address", "attributes"];
/// Longest certificate that is adopted, PEM.
const LONGEST_CERTIFICATE: usize = 32 * 1024;

/// Reads a device; `id` is the one of the path, which the fields may repeat.
pub(super) fn device(fields: &Value, id: Option<&EndpointName>) -> Result<ExpectedDevice, Refused> {
    let fields = object(fields, "the request")?;
    known(fields, "", &FIELDS)?;
    read(fields, id)
}

fn read(fields: &Map<String, Value>, id: Option<&EndpointName>) -> Result<ExpectedDevice, Refused> {
    let said = word(fields, "id")?.map(|id| super::office::endpoint(&id)).transpose()?;
    let id = match (said, id) {
        (Some(said), Some(id)) if said.folded() != id.folded() => {
            return Err(malformed("\"id\" is not the one of the path"));
        }
        (Some(said), _) => said,
        (None, Some(id)) => id.clone(),
        (None, None) => return Err(malformed("\"id\" is missing")),
    };
    Ok(ExpectedDevice {
        serial: serial(fields)?,
        group: word(fields, "group")?,
        model: word(fields, "model")?,
        version: word(fields, "version")?,
        vendor: word(fields, "vendor")?,
        hardware: word(fields, "hardware")?,
        firmware: word(fields, "firmware")?,
        protocol: word(fields, "protocol")?,
        address: word(fields, "address")?,
        attributes: attributes(fields)?,
        ..ExpectedDevice::named(id)
    })
}

/// Returns the change that makes a device what is said of it, and nothing else.
pub(super) fn replacing(row: &DeviceRow, device: &ExpectedDevice) -> Result<DeviceEdit, Refused> {
    let other = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
    if other(&device.model, &row.model) || other(&device.version, &row.version) {
        return Err((Refusal::ValueRefused, "a model is assigned, not edited".to_owned()));
    }
    let mut changes: BTreeMap<String, Option<String>> =
        row.attributes.keys().map(|name| (name.clone(), None)).collect();
    changes.extend(device.attributes.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
    Ok(DeviceEdit {
        serial: Some(device.serial.clone()),
        group: Some(device.group.clone()),
        vendor: Some(device.vendor.clone()),
        hardware: Some(device.hardware.clone()),
        firmware: Some(device.firmware.clone()),
        protocol: Some(device.protocol.clone()),
        address: Some(device.address.clone()),
        attributes: changes,
    })
}

/// Reads a change (RFC 7396): what is null is taken away, what is not named stays.
pub(super) fn edit(fields: &Map<String, Value>) -> Result<DeviceEdit, Refused> {
    known(fields, "", &EDITABLE)?;
    let text = |name: &str| -> Result<Option<Option<String>>, Refused> {
        if fields.contains_key(name) { word(fields, name).map(Some) } else { Ok(None) }
    };
    let mut read = DeviceEdit {
        serial: if fields.contains_key("serial") { Some(serial(fields)?) } else { None },
        group: text("group")?,
        vendor: text("vendor")?,
        hardware: text("hardware")?,
        firmware: text("firmware")?,
        protocol: text("protocol")?,
        address: text("address")?,
        attributes: BTreeMap::new(),
    };
    if let Some(given) = fields.get("attributes").filter(|given| !given.is_null()) {
        let given = object(given, "\"attributes\"")?;
        let (gone, set): (Map<_, _>, Map<_, _>) = given.clone().into_iter().partition(|(_, value)| value.is_null());
        let set = attributes(&Map::from_iter([("attributes".to_owned(), Value::Object(set))]))?;
        read.attributes.extend(set.into_iter().map(|(name, value)| (name, Some(value))));
        read.attributes.extend(gone.into_iter().map(|(name, _)| (name, None)));
    }
    Ok(read)
}

/// `"attributes": null` takes all of them away: which those are tells the record.
pub(super) fn without_all(row: &DeviceRow, edit: &DeviceEdit, fields: &Value) -> DeviceEdit {
    let mut edit = edit.clone();
    if fields.get("attributes").is_some_and(Value::is_null) {
        edit.attributes = row.attributes.keys().map(|name| (name.clone(), None)).collect();
    }
    edit
}

/// Reads a device that is in the field already, with the certificate it has.
pub(super) fn adopted(fields: &Value, id: &EndpointName) -> Result<(ExpectedDevice, NewCredential), Refused> {
    let fields = object(fields, "the request")?;
    let names: Vec<&str> = FIELDS.into_iter().chain(["certificate", "name"]).collect();
    known(fields, "", &names)?;
    let name = word(fields, "name")?.unwrap_or_else(|| "adopted".to_owned());
    let pem = match fields.get("certificate") {
        Some(Value::String(pem)) if pem.len() <= LONGEST_CERTIFICATE => pem,
        Some(Value::String(_)) => {
            return Err(malformed(format!("\"certificate\" is longer than {LONGEST_CERTIFICATE}")));
        }
        Some(_) => return Err(malformed("\"certificate\" is not a text")),
        None => return Err(malformed("\"certificate\" is missing")),
    };
    Ok((read(fields, Some(id))?, credential(name, pem)?))
}

/// It is found by the digest of its public key, as the proofs of devices are.
fn credential(name: String, pem: &str) -> Result<NewCredential, Refused> {
    let unreadable = || (Refusal::ValueRefused, "\"certificate\" is no certificate (PEM)".to_owned());
    let (_, read) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_| unreadable())?;
    if read.label != "CERTIFICATE" {
        return Err(unreadable());
    }
    let (_, certificate) = X509Certificate::from_der(&read.contents).map_err(|_| unreadable())?;
    let moment = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).ok();
    Ok(NewCredential {
        fingerprint: Digest::of(certificate.public_key().raw),
        name,
        kind: "x509".to_owned(),
        public: Value::String(pem.trim_end().to_owned() + "\n"),
        sealed_key: None,
        sealed_body: None,
        not_before: moment(certificate.validity().not_before.timestamp()),
        not_after: moment(certificate.validity().not_after.timestamp()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fleet::SerialNumber;

    #[test]
    fn a_change_takes_away_what_is_null_and_leaves_what_is_not_named() {
        let fields = json!({"vendor": null, "group": "line-a", "attributes": {"site": "b", "room": null}});
        let read = edit(fields.as_object().unwrap()).unwrap();
        assert_eq!((read.vendor, read.group, read.firmware), (Some(None), Some(Some("line-a".to_owned())), None));
        let expected = BTreeMap::from([("site".to_owned(), Some("b".to_owned())), ("room".to_owned(), None)]);
        assert_eq!(read.attributes, expected);
    }

    #[test]
    fn what_cannot_be_said_of_a_device_is_refused() {
        let id = EndpointName::new("gw-1").unwrap();
        for (fields, refusal) in [
            (json!({"id": "gw-2"}), Refusal::MalformedRequest),
            (json!({"id": "gw-1", "state": "registered"}), Refusal::MalformedRequest),
            (json!({"id": "../1"}), Refusal::InvalidIdentifier),
            (json!({"serial": "a b"}), Refusal::InvalidIdentifier),
            (json!([]), Refusal::MalformedRequest),
        ] {
            assert_eq!(device(&fields, Some(&id)).map_err(|(refusal, _)| refusal), Err(refusal), "{fields}");
        }
        assert_eq!(device(&json!({"id": "GW-1"}), Some(&id)).unwrap().id.as_str(), "GW-1");
        for certificate in [json!("x"), json!(1), Value::Null] {
            assert!(adopted(&json!({"certificate": certificate}), &id).is_err());
        }
    }

    #[test]
    fn the_serial_number_is_of_the_type_that_certificates_have() {
        assert_eq!(
            device(&json!({"id": "gw-1", "serial": "SN-1"}), None).unwrap().serial,
            Some(SerialNumber::new("SN-1").unwrap())
        );
    }
}

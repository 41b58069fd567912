//! `secrets:` of the fleet file: where each secret comes from.

use std::path::PathBuf;

use super::super::SecretSource;
use super::super::yaml::Entry;
use super::located::Located;

pub(super) fn read(entry: &Entry) -> Option<Located<SecretSource>> {
    let [source] = entry.value.entries() else { return None };
    let text = source.value.text();
    let value = match source.key.as_str() {
        "age" => SecretSource::Age(PathBuf::from(text?)),
        "env" => SecretSource::Env(text?.to_owned()),
        "file" => SecretSource::File(PathBuf::from(text?)),
        "fd" => SecretSource::Fd(i32::try_from(source.value.value().as_i64()?).ok()?),
        "prompt" => SecretSource::Prompt,
        _ => return None,
    };
    Some(Located { value, place: entry.place.clone() })
}

//! The entries that ESP-IDF's Wi-Fi driver keeps beside its settings. Espressif's generator adds them unasked; here they are
//! added when they are wanted.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use crate::fleet::Secret;

use super::item::{Item, Value};

/// Bytes that the driver's access-point cache has in front of the key.
const CACHE: usize = 100;
/// Bytes of the driver's cache of a station's access point.
const STATION_CACHE: usize = 140;
/// Bytes of a pairwise master key.
const MASTER_KEY: usize = 32;
/// Rounds of IEEE 802.11-2020, section J.4.1.
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).expect("more than zero");

/// Returns `items` with the Wi-Fi driver's own entries: empty caches behind the first of `sta.ssid` and `sta.pswd`, and the
/// master key of the access point in front of the last of `ap.ssid`, `ap.passwd` and `ap.authmode` (unless that is 0).
/// Deriving the master key takes some milliseconds by design.
pub fn with_wifi_entries(items: Vec<Item>) -> Vec<Item> {
    let mut all = Vec::with_capacity(items.len() + 4);
    let (mut is_station_done, mut access_point) = (false, AccessPoint::default());
    for item in items {
        let blob = |key: &str, bytes| blob(&item.namespace, key, bytes);
        let (mut before, mut behind) = (None, Vec::new());
        match item.key.as_str() {
            "sta.ssid" | "sta.pswd" if !is_station_done => {
                is_station_done = true;
                behind.push(blob("sta.apinfo", vec![0xFF; STATION_CACHE]));
                behind.push(blob("sta.pmk", vec![0; MASTER_KEY]));
                behind.push(blob("sta.apsw", vec![0; 2]));
            }
            "ap.ssid" | "ap.passwd" | "ap.authmode" => {
                access_point.learn(&item);
                before = access_point.cached_key().map(|bytes| blob("ap.pmk_info", bytes));
            }
            _ => {}
        }
        all.extend(before);
        all.push(item);
        all.append(&mut behind);
    }
    all
}

fn blob(namespace: &str, key: &str, bytes: Vec<u8>) -> Item {
    Item { namespace: namespace.to_owned(), key: key.to_owned(), value: Value::Blob(Secret::new(bytes)) }
}

/// What is known of the access point so far.
#[derive(Default)]
struct AccessPoint {
    network: Option<Secret>,
    password: Option<Secret>,
    has_mode: bool,
}

impl AccessPoint {
    fn learn(&mut self, item: &Item) {
        let bytes = || match &item.value {
            Value::Text(bytes) | Value::Blob(bytes) if !bytes.is_empty() => Some(bytes.duplicate()),
            _ => None,
        };
        match item.key.as_str() {
            "ap.ssid" => self.network = bytes(),
            "ap.passwd" => self.password = bytes(),
            _ => self.has_mode |= !matches!(item.value, Value::Integer { number: 0, .. }),
        }
    }

    fn cached_key(&self) -> Option<Vec<u8>> {
        let (Some(network), Some(password), true) = (&self.network, &self.password, self.has_mode) else { return None };
        let mut cache = vec![0; CACHE + MASTER_KEY];
        network.expose(|network| {
            password.expose(|password| {
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, ROUNDS, network, password, &mut cache[CACHE..]);
            });
        });
        Some(cache)
    }
}

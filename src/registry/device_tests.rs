//! What the registry promises of devices, over several files of the room.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use time::macros::datetime;

use super::merge::{beginning, link};
use super::tests::cluster::{BOTH, Place, place};
use super::*;
use crate::fleet::Digest;
use crate::fleet::enrolment::Filter;
use crate::host::surroundings::FixedClock;

/// A store of its own; its folder goes with it.
struct Store(Registry, #[allow(dead_code)] Place);

impl std::ops::Deref for Store {
    type Target = Registry;
    fn deref(&self) -> &Registry {
        &self.0
    }
}

fn registry(engine: Engine) -> Store {
    let place = place(engine);
    let clock = Arc::new(FixedClock(datetime!(2026-01-01 0:00 UTC)));
    Store(Registry::open(&place.address, "fleet", clock).unwrap(), place)
}

fn device(id: &str) -> ExpectedDevice {
    ExpectedDevice::named(id.to_owned().try_into().unwrap())
}

fn with(id: &str, serial: &str, site: &str) -> ExpectedDevice {
    let mut device = device(id);
    device.serial = Some(serial.to_owned().try_into().unwrap());
    device.attributes = BTreeMap::from([("site".to_owned(), site.to_owned())]);
    device
}

fn credential(seed: &str) -> NewCredential {
    NewCredential {
        fingerprint: Digest::of(seed.as_bytes()),
        name: "identity".to_owned(),
        kind: "x509".to_owned(),
        public: serde_json::json!({"subject": seed}),
        sealed_key: Some(Sealed(vec![1, 2])),
        sealed_body: Some(Sealed(vec![3])),
        not_before: None,
        not_after: Some(datetime!(2030-01-01 0:00 UTC)),
    }
}

fn ids(store: &Registry, filter: &str) -> Vec<String> {
    let filter = Filter::parse(filter).unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.search(&filter, cursor.as_deref(), 1_000).unwrap();
        seen.extend(page.devices.into_iter().map(|device| device.id));
        match page.next {
            Some(next) => assert!(cursor.replace(next.clone()) < Some(next), "the cursor goes on"),
            None => return seen,
        }
    }
}

/// More candidates than are looked at for a page, by every index that leads, with conditions that few of them fulfil.
#[test]
fn a_page_that_ends_before_it_is_full_goes_on_where_it_ended() {
    for engine in BOTH {
        let store = registry(engine);
        let make = |number: usize| {
            let mut device = with(&format!("dev-{number:02}"), &format!("SN{number}"), ["a", "b"][number % 2]);
            device.model = Some("sensor".to_owned());
            device.vendor = Some(if number == 57 { "Rare" } else { "Example" }.to_owned());
            device
        };
        store.expect_devices((0..60).map(make).collect(), "inventory", "operator ann").unwrap();
        for lead in ["", "attributes.site=b ", "state=expected ", "model=sensor ", "dev-* ", "id=dev-* ", "serial=SN* "]
        {
            for id in ["", "id=dev-5* ", "attributes.site=b* "] {
                assert_eq!(ids(&store, &format!("{lead}{id}vendor=Rare")), ["dev-57"], "{engine:?} {lead}{id}");
                assert_eq!(
                    ids(&store, &format!("{lead}{id}vendor=Nobody")),
                    Vec::<String>::new(),
                    "{engine:?} {lead}{id}"
                );
                let all = if lead.contains("=b") || id.contains("=b") { 30 } else { 60 };
                let wanted = if id.contains("dev-5") { all / 6 } else { all };
                assert_eq!(ids(&store, &format!("{lead}{id}vendor=*")).len(), wanted, "{engine:?} {lead}{id}");
            }
        }
        let page = store.search(&Filter::parse("vendor=Nobody").unwrap(), None, 5).unwrap();
        assert_eq!((page.devices.len(), page.next.as_deref()), (0, Some("dev-12")), "{engine:?}: its cost is bounded");
    }
}

#[test]
fn an_expected_device_is_made_once_updated_and_left_alone() {
    for engine in BOTH {
        let store = registry(engine);
        let put = |device| store.expect_devices(vec![device], "inventory", "operator ann").unwrap()[0];
        assert_eq!(put(with("GW-1", "S1", "berlin")), Put::Made);
        assert_eq!(put(with("gw-1", "S1", "berlin")), Put::Unchanged);
        assert_eq!(put(with("gw-1", "S1", "wien")), Put::Updated);
        assert_eq!(put(device("gw-1")), Put::Unchanged);
        let row = store.device("gW-1").unwrap().unwrap();
        assert_eq!((row.id.as_str(), row.etag, row.attributes["site"].as_str()), ("GW-1", 2, "wien"));
        assert_eq!(store.device_by_serial("S1").unwrap(), Some(row));
        assert_eq!(
            (ids(&store, "attributes.site=berlin"), ids(&store, "attributes.site=wien")),
            (vec![], vec!["GW-1".into()])
        );
        let what = store.device_history("gw-1", 9).unwrap().into_iter().map(|event| event.what).collect::<Vec<_>>();
        assert_eq!(what, ["device-updated", "device-expected"]);
        assert_eq!(store.verify_events().unwrap(), Ok(2));
    }
}

#[test]
fn a_serial_number_is_one_devices_and_free_after_retirement() {
    for engine in BOTH {
        let store = registry(engine);
        let put = |devices| store.expect_devices(devices, "inventory", "operator ann");
        put(vec![with("a", "S1", "x")]).unwrap();
        assert!(matches!(put(vec![device("c"), with("b", "S1", "x")]), Err(RegistryError::Conflict { .. })));
        assert_eq!(store.device("c").unwrap(), None, "all or none");
        assert!(put(vec![with("d", "S2", "x"), with("e", "S2", "x")]).is_err());
        put(vec![with("a", "S9", "x"), with("b", "S1", "x")]).unwrap();
        assert_eq!(store.device_by_serial("S1").unwrap().unwrap().id, "b");
        store.retire_device("b", None, "worn", "operator ann").unwrap();
        put(vec![with("f", "S1", "x")]).unwrap();
        assert!(matches!(put(vec![device("b")]), Err(RegistryError::Conflict { .. })));
        assert_eq!(ids(&store, "serial=S1"), ["b", "f"]);
    }
}

#[test]
fn an_edit_needs_the_present_mark_and_is_told() {
    for engine in BOTH {
        let store = registry(engine);
        store.expect_devices(vec![with("a", "S1", "x"), with("b", "S2", "x")], "inventory", "operator ann").unwrap();
        let mut edit = DeviceEdit { firmware: Some(Some("1.4".to_owned())), ..DeviceEdit::default() };
        edit.attributes = BTreeMap::from([("site".to_owned(), None), ("row".to_owned(), Some("7".to_owned()))]);
        let row = store.edit_device("A", Some(1), edit.clone(), "operator ann").unwrap();
        assert_eq!((row.etag, row.firmware.as_deref(), row.attributes.len()), (2, Some("1.4"), 1));
        let changed = store.edit_device("a", Some(1), edit.clone(), "operator ann");
        assert!(matches!(changed, Err(RegistryError::Changed { found: 2, wanted: 1, .. })));
        assert_eq!(store.edit_device("a", None, edit, "operator ann").unwrap().etag, 2, "nothing changed");
        let taken = DeviceEdit { serial: Some(Some("S2".to_owned().try_into().unwrap())), ..DeviceEdit::default() };
        assert!(matches!(store.edit_device("a", None, taken, "ann"), Err(RegistryError::Conflict { .. })));
        let detail = &store.device_history("a", 1).unwrap()[0].detail;
        assert_eq!(detail["changed"], serde_json::json!(["firmware", "attributes.row", "attributes.site"]));
        assert_eq!(ids(&store, "attributes.row=7 firmware=1.*"), ["a"]);
        let long = DeviceEdit { group: Some(Some("a\0b".to_owned())), ..DeviceEdit::default() };
        assert!(matches!(store.edit_device("a", None, long, "ann"), Err(RegistryError::Refused { .. })));
    }
}

#[test]
fn an_adopted_device_is_registered_and_found_by_its_certificate() {
    for engine in BOTH {
        let store = registry(engine);
        let row = store.adopt(device("old"), credential("c1"), "operator ann").unwrap();
        assert_eq!((row.state, row.origin.as_str()), (DeviceState::Registered, "adopted"));
        let found = store.credential(Digest::of(b"c1")).unwrap().unwrap();
        assert_eq!((found.device.as_str(), found.state), ("old", CredentialState::Active));
        assert!(!serde_json::json!(found).to_string().contains("sealed"), "sealed parts stay inside");
        assert!(store.adopt(device("old"), credential("c2"), "operator ann").is_err());
        assert!(matches!(store.adopt(device("new"), credential("c1"), "ann"), Err(RegistryError::Conflict { .. })));
        assert_eq!(store.device("new").unwrap(), None);
        store.add_credential("old", credential("c2"), "operator ann").unwrap();
        store.add_credential("old", credential("c2"), "operator ann").unwrap();
        store.retire_credential(Digest::of(b"c1"), true, "operator ann").unwrap();
        store.retire_credential(Digest::of(b"c1"), false, "operator ann").unwrap();
        store.retire_device("old", Some(2), "worn", "operator ann").unwrap();
        let states: Vec<_> = store.credentials("OLD").unwrap().into_iter().map(|c| (c.fingerprint, c.state)).collect();
        assert!(states.contains(&(Digest::of(b"c1"), CredentialState::Revoked)));
        assert!(states.contains(&(Digest::of(b"c2"), CredentialState::Retired)) && states.len() == 2);
        assert!(store.add_credential("old", credential("c3"), "operator ann").is_err());
    }
}

#[test]
fn pages_hold_every_device_once_and_every_kind_of_condition_works() {
    for engine in BOTH {
        let store = registry(engine);
        let make = |number: usize| {
            let mut device = with(&format!("Dev-{number:02}"), &format!("SN{number}"), ["a", "b%_'"][number % 2]);
            device.model = Some("sensor".to_owned());
            device.version = Some((number % 3).to_string());
            device.firmware = Some(format!("1.{number}"));
            device
        };
        store.expect_devices((0..25).map(make).collect(), "inventory", "operator ann").unwrap();
        for filter in ["", "attributes.site=a", "dev-*", "attributes.site=b%_'"] {
            let filter = Filter::parse(filter).unwrap();
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = store.search(&filter, cursor.as_deref(), 4).unwrap();
                seen.extend(page.devices.into_iter().map(|device| device.folded));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(i64::try_from(seen.len()).unwrap(), store.count(&filter).unwrap());
            assert!(seen.is_sorted_by(|a, b| a < b));
        }
        assert_eq!(ids(&store, "model=sensor@1 firmware=1.1*"), ["Dev-01", "Dev-10", "Dev-13", "Dev-16", "Dev-19"]);
        assert_eq!(ids(&store, "serial=SN2*").len(), 6);
        assert_eq!((ids(&store, "SN7"), ids(&store, "DEV-07")), (vec!["Dev-07".into()], vec!["Dev-07".into()]));
        assert_eq!(ids(&store, "attributes.site=b* id=dev-0*").len(), 5);
        assert_eq!(ids(&store, "attributes.site=a attributes.site=b*"), Vec::<String>::new());
        assert_eq!((ids(&store, "state=retired").len(), ids(&store, "origin=inventory").len()), (0, 25));
    }
}

fn entries(station: &str, texts: &[String]) -> Vec<StationEntry> {
    let mut digest = beginning(station);
    let mut made = Vec::new();
    for (seq, entry) in (1..).zip(texts) {
        digest = link(digest, seq, entry);
        made.push(StationEntry { seq, entry: entry.clone(), digest });
    }
    made
}

fn delivered(id: &str, credential: &NewCredential) -> String {
    serde_json::json!({"kind": "delivered", "device": {"id": id, "bundle": 1}, "credentials": [credential]}).to_string()
}

#[test]
fn a_stations_entries_are_taken_once_in_order_and_unbroken() {
    for engine in BOTH {
        let store = registry(engine);
        let texts =
            [delivered("a", &credential("a")), r#"{"kind":"opened"}"#.to_owned(), delivered("b", &credential("b"))];
        let all = entries("north", &texts);
        assert!(matches!(store.merge("north", all[1..].to_vec()), Err(RegistryError::Refused { .. })), "a gap");
        assert!(matches!(store.merge("south", all.clone()), Err(RegistryError::Refused { .. })), "another's chain");
        assert_eq!(store.merge("north", all[..2].to_vec()).unwrap().taken, 2);
        let again = store.merge("north", all.clone()).unwrap();
        assert_eq!((again.taken, again.known, again.head, again.conflicts.len()), (1, 2, 3, 0));
        assert_eq!(store.station_head("north").unwrap(), (3, all[2].digest));
        assert_eq!(store.device("b").unwrap().unwrap().origin, "station north");
        let kept = store.credentials("b").unwrap();
        assert_eq!((kept.len(), kept[0].sealed_body.clone()), (1, Some(Sealed(vec![3]))));
        let events = store.verify_events().unwrap().unwrap();
        store.merge("north", all.clone()).unwrap();
        assert_eq!(store.verify_events().unwrap(), Ok(events), "the same again leaves no event");
        let mut forged = all.clone();
        forged[2].entry = delivered("c", &credential("c"));
        assert!(store.merge("north", forged).is_err(), "two ways");
        let mut broken = entries("north", &[texts.as_slice(), &[delivered("d", &credential("d"))]].concat());
        broken[3].digest = Digest::of(b"x");
        assert!(store.merge("north", broken).is_err());
        assert_eq!(store.device("d").unwrap(), None);
    }
}

#[test]
fn what_another_station_holds_is_kept_but_not_acted_upon() {
    for engine in BOTH {
        let store = registry(engine);
        store.lease("south", 1, datetime!(2026-02-01 0:00 UTC), &["a".to_owned()]).unwrap();
        let merged = store.merge("north", entries("north", &[delivered("a", &credential("a"))])).unwrap();
        assert_eq!((merged.taken, merged.conflicts.len()), (1, 1));
        assert_eq!(store.device("a").unwrap(), None);
        assert_eq!(store.device_history("a", 1).unwrap()[0].what, "merge-conflict");
        store.merge("south", entries("south", &[delivered("a", &credential("a"))])).unwrap();
        assert!(store.device("a").unwrap().is_some() && !store.is_leased_to("south", "a").unwrap());
    }
}

#[test]
fn a_subscriber_hears_everything_at_least_once_until_it_took_it() {
    for engine in BOTH {
        let store = registry(engine);
        let put = |id: &str| store.expect_devices(vec![device(id)], "inventory", "operator ann").unwrap();
        put("before");
        store.subscribe("hook").unwrap();
        put("a");
        put("b");
        let heard = |limit| {
            store.next_events("hook", limit).unwrap().into_iter().map(|e| e.device.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(heard(9), ["a", "b"]);
        assert_eq!(heard(1), ["a"], "not taken, so once more");
        assert_eq!((store.missed_events("hook").unwrap(), store.missed_events("hook").unwrap()), (1, 2));
        store.took_events("hook", 2).unwrap();
        assert_eq!(heard(9), ["b"]);
        store.took_events("hook", 1).unwrap();
        store.took_events("hook", 99).unwrap();
        store.subscribe("hook").unwrap();
        assert_eq!(store.subscriber("hook").unwrap(), Subscriber { id: "hook".to_owned(), seen: 2, failures: 0 });
        store.unsubscribe("hook").unwrap();
        assert!(matches!(store.next_events("hook", 9), Err(RegistryError::NotFound { .. })));
    }
}

fn terms(form: ExchangeForm, atomic: bool) -> ImportTerms {
    ImportTerms { form, atomic, after: None, origin: "inventory".to_owned(), actor: "operator ann".to_owned() }
}

#[test]
fn an_import_tells_of_each_row_and_is_all_or_nothing_on_demand() {
    for engine in BOTH {
        let text = "{\"id\":\"a\",\"serial\":\"S1\"}\n\nnonsense\n{\"id\":\"b\",\"serial\":\"S1\"}\n{\"id\":\"c\"}\n";
        for atomic in [false, true] {
            let store = registry(engine);
            let mut told = Vec::new();
            let mut tell = |report: &RowReport| told.push((report.row, report.put, report.refused.is_some()));
            let tally = store.import(&terms(ExchangeForm::Lines, atomic), &mut text.as_bytes(), &mut tell).unwrap();
            let made = if atomic { None } else { Some(Put::Made) };
            assert_eq!(told, [(1, made, atomic), (2, None, true), (3, None, true), (4, made, atomic)]);
            assert_eq!((tally.made, tally.refused), if atomic { (0, 4) } else { (2, 2) });
            assert_eq!(store.count(&Filter::default()).unwrap(), if atomic { 0 } else { 2 });
            let twice = "{\"id\":\"x\",\"serial\":\"S7\"}\n{\"id\":\"y\",\"serial\":\"S7\"}\n";
            store.import(&terms(ExchangeForm::Lines, atomic), &mut twice.as_bytes(), &mut |_| {}).unwrap();
            assert_eq!(store.device("x").unwrap().is_some(), !atomic);
        }
    }
}

#[test]
fn an_import_goes_on_after_an_id() {
    for engine in BOTH {
        let store = registry(engine);
        let mut terms = terms(ExchangeForm::Csv, false);
        terms.after = Some("B".to_owned());
        let text = "\u{FEFF}id,attributes.site\r\na,x\r\nb,x\r\nc,\"Halle\n\"\"3\"\"\"\r\n";
        let tally = store.import(&terms, &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!((tally.made, tally.passed), (1, 2));
        assert_eq!(store.device("c").unwrap().unwrap().attributes["site"], "Halle\n\"3\"");
        terms.after = Some("z".to_owned());
        assert!(matches!(store.import(&terms, &mut text.as_bytes(), &mut |_| {}), Err(ExchangeError::Shape(_))));
        terms.after = None;
        for wrong in ["", "id,colour\n", "serial\n", "id,id\n", "id\n\"a\n", "id\n\u{0}\u{0}"] {
            let imported = store.import(&terms, &mut wrong.as_bytes(), &mut |_| {});
            assert!(imported.is_err() || imported.is_ok_and(|tally| tally.made == 0), "{wrong:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_goes_out_comes_in_the_same(values in prop::collection::vec("[ -~äß\n\r\"]{1,12}", 1..12)) {
 for engine in BOTH {
        let source = registry(engine);
        let devices = values.iter().enumerate().map(|(at, value)| with(&format!("d{at}"), &format!("S{at}"), value));
        source.expect_devices(devices.collect(), "inventory", "operator ann").unwrap();
        for form in [ExchangeForm::Lines, ExchangeForm::Csv] {
            let (target, mut out) = (registry(engine), Vec::new());
            prop_assert_eq!(source.export(&Filter::default(), None, form, &mut out).unwrap(), values.len() as u64);
            if form == ExchangeForm::Csv {
                // Read by somebody else's program too.
                let read = csv::Reader::from_reader(out.as_slice()).into_records().map(|r| r.unwrap()[15].to_owned());
                let sites = source.search(&Filter::default(), None, 99).unwrap().devices;
                let sites = sites.iter().map(|device| device.attributes["site"].clone());
                prop_assert_eq!(read.collect::<Vec<_>>(), sites.collect::<Vec<_>>());
            }
            let tally = target.import(&terms(form, true), &mut out.as_slice(), &mut |_| {}).unwrap();
            prop_assert_eq!(tally.made, values.len() as u64);
            let all = |store: &Registry| store.search(&Filter::default(), None, 99).unwrap();
            prop_assert_eq!(all(&source), all(&target));
        }
 }
    }

    #[test]
    fn no_filter_makes_the_store_fail(text in "([a-z.]{0,8}=?[\"* a-zä1'%;$?-]{0,8} ?){0,4}") {
        if let Ok(filter) = Filter::parse(&text) {
            for engine in BOTH {
            let store = registry(engine);
            store.search(&filter, Some("'; DROP TABLE device; --"), 3).unwrap();
            store.count(&filter).unwrap();
            }
        }
    }
}

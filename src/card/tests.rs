use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Content, Instance, Object, Resource, Value};
use crate::format::pkcs15::{OidForm, bootstrap_file, directory_entry, pointer_to, read_bootstrap_file};

use super::apdu::{Card, Channel};
use super::error::CardError;
use super::files::Pin;
use super::structure::{look, write};
use super::virtual_card::VirtualCard;

const NUMBER: &str = "8999912345678901234";

fn objects(uri: &str) -> Vec<Object> {
    let resources = vec![Resource { id: 0, content: Content::Single(Value::Text(uri.to_owned())) }];
    vec![Object { id: 0, instances: vec![Instance { id: 0, resources }] }]
}

fn content(uri: &str) -> Vec<u8> {
    bootstrap_file(&objects(uri)).unwrap().expose(<[u8]>::to_vec)
}

fn put(card: &mut dyn Card, uri: &str) -> Result<(), CardError> {
    write(&mut Channel(card), &content(uri), OidForm::Plain)
}

fn read(card: &mut dyn Card) -> Vec<Object> {
    read_bootstrap_file(&look(&mut Channel(card)).unwrap().content).unwrap()
}

/// A card with manners that are not ours.
struct Odd<'a> {
    card: &'a mut VirtualCard,
    rest: Vec<u8>,
    /// Commands until it is pulled out.
    left: usize,
    /// It keeps answers back, wants exact lengths, and knows neither new control parameters nor identifiers.
    withholds: bool,
}

impl Card for Odd<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let gone = || CardError::Reader { reader: "test".into(), reason: "pulled out".into() };
        self.left = self.left.checked_sub(1).ok_or_else(gone)?;
        let status = |status: u16| Ok(Zeroizing::new(status.to_be_bytes().to_vec()));
        match command {
            _ if !self.withholds => Ok(self.card.answer(command)),
            [_, 0xc0, ..] => Ok(Zeroizing::new([std::mem::take(&mut self.rest), vec![0x90, 0]].concat())),
            [_, 0xa4, 4, ..] => status(0x6a82),
            [_, 0xa4, _, 4, ..] => status(0x6a86),
            [_, 0xa4, _, _, length, rest @ ..] if rest.len() > usize::from(*length) => status(0x6700),
            [_, 0xa4, ..] => {
                let answer = self.card.answer(command);
                let Some(control) = answer.strip_suffix(&[0x90, 0]).filter(|control| !control.is_empty()) else {
                    return Ok(answer);
                };
                self.rest = control.to_vec();
                status(0x6100 | u16::try_from(control.len()).unwrap())
            }
            _ => Ok(self.card.answer(command)),
        }
    }
}

#[test]
fn a_blank_card_is_made_written_and_written_again_without_a_trace() {
    let mut card = VirtualCard::blank(NUMBER);
    assert_eq!(look(&mut Channel(&mut card)).unwrap().number.as_deref(), Some(NUMBER));
    put(&mut card, "coaps://a.example/with-a-long-path-and-a-key").unwrap();
    assert_eq!(read(&mut card), objects("coaps://a.example/with-a-long-path-and-a-key"));
    put(&mut card, "coap://b").unwrap();
    assert_eq!(read(&mut card), objects("coap://b"));
    let kept = card.to_json();
    let hex = std::str::from_utf8(&kept).unwrap();
    assert!(!hex.contains(&hex::encode("with-a-long-path")), "nothing of the older content is left");
    let mut again = VirtualCard::from_json(&kept).unwrap();
    assert_eq!(read(&mut again), objects("coap://b"));
}

#[test]
fn a_card_pulled_out_at_any_command_is_empty_or_whole_and_takes_the_next_try() {
    let mut done = false;
    for left in 0..200 {
        let mut card = VirtualCard::blank(NUMBER);
        put(&mut card, "coap://old.example/old").unwrap();
        let mut odd = Odd { card: &mut card, rest: Vec::new(), left, withholds: false };
        done = put(&mut odd, "coap://new").is_ok();
        let held = read(&mut card);
        let fine = held.is_empty() || held == objects("coap://old.example/old") || held == objects("coap://new");
        assert!(fine, "{left}: {held:?}");
        put(&mut card, "coap://new").unwrap();
        assert_eq!(read(&mut card), objects("coap://new"), "{left}");

        let mut blank = VirtualCard::blank(NUMBER);
        let _ = put(&mut Odd { card: &mut blank, rest: Vec::new(), left, withholds: false }, "coap://new");
        put(&mut blank, "coap://new").unwrap();
        assert_eq!(read(&mut blank), objects("coap://new"), "blank {left}");
        if done {
            break;
        }
    }
    assert!(done, "the last try went through");
}

#[test]
fn a_card_with_other_manners_is_written_and_read() {
    let mut card = VirtualCard::blank(NUMBER);
    let mut odd = Odd { card: &mut card, rest: Vec::new(), left: usize::MAX, withholds: true };
    put(&mut odd, "coap://a").unwrap();
    assert_eq!(read(&mut odd), objects("coap://a"));
}

/// The directories of a card's maker: other file ids, the identifier as the specification prints it, padding.
#[test]
fn a_maker_s_structure_is_used_as_it_is() {
    let directory = [directory_entry(0x4408, OidForm::Printed), vec![0xff; 30]].concat();
    let json = format!(
        "{{\"card\": \"firstlight virtual card 1\",
          \"folders\": {{\"3f00\": \"\", \"3f007f50\": \"a000000063504b43532d3135\"}},
          \"files\": {{\"3f007f505031\": \"a006300404024401{}ffff\", \"3f007f504407\": \"{}\", \"3f007f504408\": \"{}\"}}}}",
        hex::encode(pointer_to(0x4407)),
        hex::encode(directory),
        "ff".repeat(40),
    );
    let mut card = VirtualCard::from_json(json.as_bytes()).unwrap();
    let seen = look(&mut Channel(&mut card)).unwrap();
    assert_eq!((seen.oid, seen.size, seen.number), (Some(OidForm::Printed), Some(40), None));
    put(&mut card, "coap://a").unwrap();
    assert_eq!(read(&mut card), objects("coap://a"));
    let files = String::from_utf8(card.to_json().to_vec()).unwrap();
    assert!(!files.contains("6432"), "no second file: {files}");
    let error = put(&mut card, "coap://a-name-that-is-far-too-long.example").unwrap_err();
    assert!(matches!(error, CardError::Small { have: 40, .. }), "{error}");
    assert_eq!(read(&mut card), objects("coap://a"), "and nothing was touched");
}

#[test]
fn a_pin_is_digits_and_tried_once() {
    for wrong in ["123", "123456789", "12a4", ""] {
        assert!(matches!(Pin::new(&Secret::new(wrong.into()), 1), Err(CardError::NoPin)), "{wrong}");
    }
    let json =
        b"{\"card\": \"firstlight virtual card 1\", \"folders\": {\"3f00\": \"\"}, \"files\": {}, \"pin\": \"1234\"}";
    let mut card = VirtualCard::from_json(json).unwrap();
    assert!(matches!(put(&mut card, "coap://a"), Err(CardError::Status { status: 0x6982, .. })));
    let pin = |digits: &str| Pin::new(&Secret::new(digits.into()), 1).unwrap();
    let refused = Channel(&mut card).verify(&pin("9999"));
    assert!(matches!(refused, Err(CardError::Pin { left: 2 })));
    Channel(&mut card).verify(&pin("1234\n")).unwrap();
    put(&mut card, "coap://a").unwrap();
}

#[test]
fn what_is_no_virtual_card_is_refused() {
    for wrong in [
        "",
        "{}",
        "{\"card\": \"other\", \"folders\": {}, \"files\": {}}",
        "{\"card\": \"firstlight virtual card 1\", \"folders\": {}, \"files\": {\"3f002f00\": \"x\"}}",
        "{\"card\": \"firstlight virtual card 1\", \"folders\": {}, \"files\": {\"2f00\": \"00\"}}",
    ] {
        assert!(VirtualCard::from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let mut card = VirtualCard::blank(NUMBER);
    for command in
        [&[][..], &[0], &[0, 0xa4, 0, 0], &[0, 0xa4, 0, 0, 9, 1], &[0, 0xe0, 0, 0, 3, 0x62, 1, 0x83], &[0; 5]]
    {
        assert_ne!(card.answer(command)[..], [0x90, 0], "{command:?}");
    }
}

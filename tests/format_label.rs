//! Labels against readers that are not ours: the SVG is drawn by librsvg and its code read by ZBar (both from Debian), its text
//! by Python's XML parser. No program that draws ZPL is to be had without a network or a printer, so ZPL is read by a parser
//! in this file that shares nothing with the writer.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use std::path::Path;
use std::process::{Command, Output};

use firstlight::format::label::{Label, LabelError, ZplStock, qr_svg, zpl};
use proptest::prelude::*;
use serde_json::json;

fn label(code: &str, lines: &[&str]) -> Label {
    Label { code: code.into(), lines: lines.iter().map(|line| (*line).to_owned()).collect() }
}

fn sample() -> Label {
    label("https://acme.example/d/gw-0007?s=SN_0007&x=^XA~", &["ACME gateway <7> & co", "SN_0007", "0a:1b:2c:3d:4e:5f"])
}

fn drawn_code() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,40}",
        "[0-9]{1,80}",
        "[A-Z0-9 $%*+./:-]{1,80}",
        "[ -~]{250,300}",
        "[^~_\\\\]{0,5}".prop_map(|text| {
            format!("^FS^XZ~JA\\_5E{}", text.chars().filter(|c| matches!(c, ' '..='~')).collect::<String>())
        })
    ]
}

fn drawn_line() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,64}", "[A-Za-z0-9äöüßéñ中文Ω€<>&\"'^~_ -]{0,64}", Just("^FS^XZ~JA_5E\\".to_owned())]
}

fn run(program: &str, package: &str, arguments: &[&std::ffi::OsStr]) -> Output {
    let ran = Command::new(program).args(arguments).output();
    ran.unwrap_or_else(|error| {
        panic!("{program} is missing (Debian package {package}; tests/run installs it): {error}")
    })
}

/// Draws the SVG and reads its code.
#[track_caller]
fn scanned(svg: &str, folder: &Path) -> String {
    let (drawing, picture) = (folder.join("label.svg"), folder.join("label.png"));
    std::fs::write(&drawing, svg).unwrap();
    let zoom = ["--zoom=3".as_ref(), drawing.as_os_str(), "--output".as_ref(), picture.as_os_str()];
    let drawn = run("rsvg-convert", "librsvg2-bin", &zoom);
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let only_qr = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"].map(AsRef::as_ref);
    let read = run("zbarimg", "zbar-tools", &[&only_qr[..], &[picture.as_os_str()]].concat());
    let text = String::from_utf8(read.stdout).unwrap();
    assert!(read.status.success(), "no code is found: {}\n{svg}", String::from_utf8_lossy(&read.stderr));
    text.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn zbar_reads_every_code_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    for (code, line) in python::cases(80, (drawn_code(), drawn_line())) {
        let svg = qr_svg(&label(&code, &[&line])).unwrap();
        assert_eq!(scanned(&svg, folder.path()), code);
    }
    let longest = "aZ9~".repeat(75);
    assert_eq!(scanned(&qr_svg(&label(&longest, &[])).unwrap(), folder.path()), longest);
    let sample = sample();
    assert_eq!(scanned(&qr_svg(&sample).unwrap(), folder.path()), sample.code);
}

const TEXTS: &str = r"
import json, sys
import xml.etree.ElementTree as ET
svg = '{http://www.w3.org/2000/svg}'
def texts(text):
    root = ET.fromstring(text)
    assert [child.tag for child in root][:2] == [svg + 'rect', svg + 'path']
    return [element.text or '' for element in root.iter(svg + 'text')]
json.dump([texts(text) for text in json.load(sys.stdin)], sys.stdout)
";

#[test]
fn the_lines_stand_in_the_svg_as_they_are() {
    let drawn = python::cases(100, proptest::collection::vec(drawn_line(), 0..=8));
    let made = |lines: &Vec<String>| qr_svg(&Label { code: "x".into(), lines: lines.clone() }).unwrap();
    let said = python::ask(TEXTS, &json!(drawn.iter().map(made).collect::<Vec<_>>()));
    assert_eq!(said, json!(drawn));
}

/// One command: two letters and what follows up to the next one.
type Zpl = (String, String);

/// Reads ZPL: commands from `^` to `^`; `^FD` is read by the `^FH_` in front of it.
#[track_caller]
fn commands(text: &str) -> Vec<Zpl> {
    assert!(!text.contains('~'), "a control command: {text}");
    let (nothing, rest) = text.split_once('^').unwrap();
    assert_eq!(nothing, "");
    let command = |piece: &str| (piece[..2].to_owned(), piece[2..].trim_end_matches('\n').to_owned());
    rest.split('^').map(command).collect()
}

#[track_caller]
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'_' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).unwrap());
            rest = &more[2..];
        } else {
            assert!(first.is_ascii(), "the printer is sent ASCII only");
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What a printer would set: width, height, code, and place, height of letters and text of each line.
struct Set {
    size: (u32, u32),
    code: (u32, String),
    lines: Vec<((u32, u32), u32, String)>,
}

#[track_caller]
fn set(text: &str) -> Set {
    let numbers = |text: &str| text.split(',').map(|number| number.parse().unwrap()).collect::<Vec<u32>>();
    let commands = commands(text);
    let names: Vec<&str> = commands.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names[..5], ["XA", "CI", "PW", "LL", "LH"]);
    assert_eq!((&*commands[1].1, &*commands[4].1), ("28", "0,0"));
    assert_eq!((names[names.len() - 1], &*commands[commands.len() - 1].1), ("XZ", ""));
    let size = (numbers(&commands[2].1)[0], numbers(&commands[3].1)[0]);
    let (mut code, mut lines) = (None, Vec::new());
    for field in commands[5..commands.len() - 1].chunks(5) {
        let [(fo, place), (kind, shape), (fh, mark), (fd, data), (fs, end)] = field else { panic!("{field:?}") };
        assert_eq!([&**fo, fh, mark, fd, fs, end], ["FO", "FH", "_", "FD", "FS", ""]);
        let place = numbers(place);
        let data = unescaped(data);
        match &**kind {
            "BQ" => {
                let magnification = shape.strip_prefix("N,2,").unwrap().parse().unwrap();
                let text = data.strip_prefix("MA,").unwrap().to_owned();
                assert!(code.replace((magnification, text)).is_none(), "one code");
            }
            "A0" => lines.push(((place[0], place[1]), numbers(shape.strip_prefix("N,").unwrap())[0], data)),
            other => panic!("{other}"),
        }
    }
    Set { size, code: code.unwrap(), lines }
}

proptest! {
    #[test]
    fn zpl_says_what_the_label_says_and_nothing_more(
        code in drawn_code(),
        lines in proptest::collection::vec(drawn_line(), 0..=8),
        (width, height) in (10_u16..=200, 10_u16..=200),
        fine: bool,
    ) {
        let label = Label { code, lines };
        let stock = ZplStock::new(width, height, if fine { 300 } else { 203 }).unwrap();
        let text = match zpl(&label, &stock) {
            Ok(text) => text,
            Err(LabelError::Stock { need, have, .. }) => {
                prop_assert!(need > have, "{need} of {have}");
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        let set = set(&text);
        prop_assert_eq!(set.size, (stock.resolution.dots(width), stock.resolution.dots(height)));
        prop_assert_eq!(set.code.1, label.code);
        let said: Vec<&String> = set.lines.iter().map(|(_, _, line)| line).collect();
        prop_assert_eq!(said, label.lines.iter().collect::<Vec<_>>());
        for ((left, top), letters, line) in &set.lines {
            prop_assert!(top + letters <= set.size.1, "line {line:?} ends below the label");
            let wide = u32::try_from(line.chars().count()).unwrap() * letters * 6 / 10;
            prop_assert!(left + wide <= set.size.0, "line {line:?} ends beside the label");
        }
        for pair in set.lines.windows(2) {
            prop_assert!(pair[0].0.1 + pair[0].1 <= pair[1].0.1, "lines stand on each other");
        }
    }

    #[test]
    fn any_label_ends_in_a_result(code: String, lines in proptest::collection::vec(any::<String>(), 0..10)) {
        let label = Label { code, lines };
        let (svg, zpl) = (qr_svg(&label), zpl(&label, &ZplStock::new(100, 100, 300).unwrap()));
        prop_assert_eq!(svg.is_err(), zpl.is_err() && !matches!(zpl, Err(LabelError::Stock { .. })));
    }
}

#[test]
fn a_usual_label_fits_usual_stock() {
    for (width, height, dpi, magnification) in [(50, 25, 203, 5), (50, 25, 300, 7), (100, 50, 203, 10)] {
        let usual =
            label("https://acme.example/d/gw-0007", &["ACME gateway", "gw-0007", "SN 0007", "0a:1b:2c:3d:4e:5f"]);
        let set = set(&zpl(&usual, &ZplStock::new(width, height, dpi).unwrap()).unwrap());
        assert_eq!(set.code.0, magnification, "{width} {height} {dpi}");
    }
    let small = zpl(&sample(), &ZplStock::new(10, 10, 203).unwrap());
    assert!(matches!(small, Err(LabelError::Stock { .. })), "{small:?}");
}

#[test]
fn what_no_label_can_show_is_refused() {
    let refused = |code: &str, lines: &[&str]| qr_svg(&label(code, lines)).unwrap_err().to_string();
    assert_eq!(refused("", &[]), "the label's code is empty");
    assert_eq!(refused(&"x".repeat(301), &[]), "the label has 301 bytes in its code, it can hold 300");
    assert_eq!(refused("x", &["x"; 9]), "the label has 9 lines, it can hold 8");
    assert_eq!(refused("x", &[&"ü".repeat(65)]), "the label has 65 characters in a line, it can hold 64");
    assert!(qr_svg(&label(&"x".repeat(300), &[&*"ü".repeat(64); 8])).is_ok());
    for code in ["a\nb", "a\0", "ü", "\u{7f}"] {
        assert!(refused(code, &[]).contains("which cannot stand there"), "{code:?}");
    }
    for line in ["a\nb", "\u{1b}", "\u{202e}x", "\u{200b}", "\u{ffff}", "\u{85}"] {
        assert!(refused("x", &["fine", line]).starts_with("the label's line 2 holds"), "{line:?}");
    }
}

/// A change of either is looked at by a person before its golden file is changed.
#[test]
fn the_labels_of_one_device_are_these() {
    let (svg, zpl) = (qr_svg(&sample()).unwrap(), zpl(&sample(), &ZplStock::new(50, 25, 203).unwrap()).unwrap());
    assert_eq!(svg, include_str!("format/label.svg"));
    assert_eq!(zpl, include_str!("format/label.zpl"));
}

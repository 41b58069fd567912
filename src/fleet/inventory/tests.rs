//! Inventories by themselves: forms, places, odd input, and 100,000 rows.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::file::GivenValue;
use super::super::{EndpointName, Faults, SerialNumber};
use super::{Inventory, InventoryForm, Row};

fn read(form: InventoryForm, text: &str) -> (Inventory, Vec<String>) {
    let mut faults = Faults::default();
    let inventory = Inventory::parse(&Arc::from("d"), form, text, &mut faults);
    faults.sort();
    (inventory, faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}

fn csv_faults(text: &str) -> Vec<String> {
    read(InventoryForm::Csv, text).1
}

fn yaml_faults(text: &str) -> Vec<String> {
    read(InventoryForm::Yaml, text).1
}

fn sound(form: InventoryForm, text: &str) -> Inventory {
    let (inventory, faults) = read(form, text);
    assert!(faults.is_empty(), "{text:?}: {faults:?}");
    inventory
}

/// One line a device: id, serial, model, profile, then its variables.
fn shown(inventory: &Inventory) -> Vec<String> {
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let row = |(index, row): (usize, &Row)| {
        let mut line = [
            text(row.id.as_ref().map(EndpointName::as_str)),
            text(row.serial.as_ref().map(SerialNumber::as_str)),
            text(row.model.as_deref()),
            text(row.profile.as_deref()),
        ]
        .join(" ");
        for variable in inventory.variables(index) {
            write!(line, " {}={:?}", variable.column.name, variable.value).expect("a line");
        }
        line
    };
    inventory.rows().iter().enumerate().map(row).collect()
}

#[test]
fn csv_with_mark_carriage_returns_quotes_and_blank_rows_reads_like_plain_csv() {
    let plain = "id,serial,profile,note\ngw-1,A1,p,x\ngw-2,,p,\"a, \"\"b\"\"\nc\"\n";
    let odd = "\u{feff}id, serial ,\"profile\",note\r\n\r\n\"gw-1\",A1,p, x \r\n,,,\r\ngw-2,\"\",p,\"a, \"\"b\"\"\nc\"";
    let expected = ["gw-1 A1 - p note=Cell(\"x\")".to_owned(), format!("gw-2 - - p note=Cell({:?})", "a, \"b\"\nc")];
    assert_eq!(shown(&sound(InventoryForm::Csv, plain)), expected);
    assert_eq!(shown(&sound(InventoryForm::Csv, odd)), expected);
}

#[test]
fn yaml_rows_keep_their_types_and_written_serials() {
    let list =
        "- id: gw-1\n  serial: 0012\n  vlan: 7\n  tags: [a, b]\n- {id: 12, model: 3, wifi: {secret: w}, gone: }\n";
    let expected = [
        "gw-1 0012 - - vlan=Clear(Number(7)) tags=Clear(Array [String(\"a\"), String(\"b\")])",
        "12 - 3 - wifi=Secret(\"w\")",
    ];
    assert_eq!(shown(&sound(InventoryForm::Yaml, list)), expected);
    let wrapped = format!("devices:\n{}", list.replace("\n  ", "\n    ").replace("- ", "  - "));
    assert_eq!(shown(&sound(InventoryForm::Yaml, &wrapped)), expected);
    assert_eq!(shown(&sound(InventoryForm::Yaml, "[{\"id\": \"gw-1\", \"n\": 1}]")), ["gw-1 - - - n=Clear(Number(1))"]);
}

#[test]
fn a_cell_may_name_a_secret() {
    let inventory = sound(InventoryForm::Csv, "id,wifi,note\ngw-1,{secret: w},{secret: a b}\n");
    assert_eq!(shown(&inventory), ["gw-1 - - - wifi=Secret(\"w\") note=Cell(\"{secret: a b}\")"]);
}

#[test]
fn an_inventory_without_devices_is_empty_and_one_without_anything_is_a_fault() {
    assert!(sound(InventoryForm::Csv, "id,serial\n").is_empty());
    assert!(sound(InventoryForm::Csv, "id,serial\r\n\r\n,\r\n").is_empty());
    assert!(sound(InventoryForm::Yaml, "[]").is_empty());
    for empty in ["", "\n\r\n", "\u{feff}", " \n,,\n"] {
        assert_eq!(csv_faults(empty), ["d:1:1: the inventory is empty"], "{empty:?}");
    }
    assert_eq!(yaml_faults("# nothing\n"), ["d:1:1: the inventory is empty"]);
}

#[test]
fn the_form_is_told_by_the_ending_or_the_beginning() {
    use InventoryForm::{Csv, Yaml};
    let cases = [
        ("a.csv", "- id", Csv),
        ("a.YML", "id", Yaml),
        ("a.json", "", Yaml),
        ("<stdin>", "id,b", Csv),
        ("<stdin>", "\n# x\n- id: a", Yaml),
        ("<stdin>", "devices:\n", Yaml),
        ("<stdin>", "[{", Yaml),
        ("<stdin>", "", Csv),
    ];
    for (file, text, form) in cases {
        assert_eq!(InventoryForm::of(file, text), form, "{file} {text:?}");
    }
}

#[test]
fn faults_of_csv_have_message_line_and_column() {
    let long = "x".repeat(300);
    let cases: &[(&str, &[&str])] = &[
        ("serial,model\nA,B\n", &["d:1:1: there is no column \"id\""]),
        ("id,serial,id\na,b,c\n", &["d:1:11: column \"id\" stands here a second time, first as column 1"]),
        ("id,,x\na,b,c\n", &["d:1:4: column 2 has no name"]),
        ("id,time zone\na,b\n", &["d:1:4: \"time zone\" cannot be a variable: letters, digits and \"_\" are possible"]),
        (
            "id,x\na,b,c\nd\n",
            &[
                "d:2:5: the row has 3 cells, the header names 2 columns",
                "d:3:1: the row has 1 cells, the header names 2 columns",
            ],
        ),
        ("id,x\n,b\n", &["d:2:1: the device has no id"]),
        ("x,id\nb,  \n", &["d:2:5: the device has no id"]),
        (
            "id\na/b\n..\na..b\na\u{0}b\n-a\n",
            &[
                "d:2:1: \"a/b\": endpoint name holds '/'; letters, digits and -_.:+@= are possible",
                "d:3:1: \"..\": endpoint name must begin with a letter or digit and must not hold \"..\"",
                "d:4:1: \"a..b\": endpoint name must begin with a letter or digit and must not hold \"..\"",
                "d:5:1: \"a\\0b\": endpoint name holds '\\0'; letters, digits and -_.:+@= are possible",
                "d:6:1: \"-a\": endpoint name must begin with a letter or digit and must not hold \"..\"",
            ],
        ),
        ("x,id\nü😀,gw😀\n", &["d:2:4: \"gw😀\": endpoint name holds '😀'; letters, digits and -_.:+@= are possible"]),
        (
            "id,serial\na,A B\n",
            &["d:2:3: \"A B\": serial number holds ' '; letters, digits and -.:/+=()',? are possible"],
        ),
        ("id,x\na,\"b\nc,d\n", &["d:2:3: the quote that opens here is never closed"]),
        ("id,x\na,\"b\"c\nd,e\n", &["d:2:6: text stands after a closing quote"]),
        ("id,x\na,b\"c\nd,e\n", &["d:2:4: a quote stands in the middle of a cell"]),
        (
            "id,x\n\"a\nb\",\"c\n\nd\" e\n",
            &[
                "d:2:1: \"a\\nb\": endpoint name holds '\\n'; letters, digits and -_.:+@= are possible",
                "d:5:3: text stands after a closing quote",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(csv_faults(text), *expected, "{text:?}");
    }
    assert_eq!(
        csv_faults(&format!("id\n{long}\n")),
        [format!("d:2:1: \"{}...\": endpoint name has 300 bytes, at most 64 are possible", &long[..40])]
    );
}

#[test]
fn faults_of_yaml_have_message_line_and_column() {
    let cases: &[(&str, &[&str])] = &[
        ("- serial: A\n", &["d:1:3: the device has no id"]),
        ("- {Id: a}\n", &["d:1:3: the device has no id"]),
        ("- id:\n  x: 1\n", &["d:1:5: the device has no id"]),
        ("- id: [a]\n", &["d:1:7: \"id\" is a list, wanted is a text"]),
        ("- id: a\n  id: b\n", &["d:2:3: key \"id\" stands here a second time, first in line 1"]),
        ("- id: a\n- just-a-name\n", &["d:2:3: a device is \"just-a-name\", wanted is a mapping such as {id: NAME}"]),
        ("gw-1\n", &["d:1:1: the inventory is \"gw-1\", wanted is a list of devices"]),
        (
            "devices: gw-1\nmore: 1\n",
            &[
                "d:1:10: the inventory is \"gw-1\", wanted is a list of devices",
                "d:2:1: unknown key \"more\" in the inventory",
            ],
        ),
        (
            "device: []\n",
            &[
                "d:1:1: unknown key \"device\" in the inventory",
                "d:1:1: the inventory lacks \"devices\", a list of devices",
            ],
        ),
        (
            "- {id: a, time-zone: x}\n",
            &["d:1:11: \"time-zone\" cannot be a variable: letters, digits and \"_\" are possible"],
        ),
        ("- {id: a, w: {secret: 1}}\n", &["d:1:14: a reference is wanted as {secret: NAME}"]),
        ("- &a {id: a}\n- *a\n", &["d:1:6: an anchor (&) is not read here", "d:2:3: an alias (*) is not read here"]),
        ("- id: \"a\\0\"\n", &["d:1:7: \"a\\0\": endpoint name holds '\\0'; letters, digits and -_.:+@= are possible"]),
        ("- id: a\n---\n- id: b\n", &["d:2:1: a second document begins here, one is read"]),
    ];
    for (text, expected) in cases {
        assert_eq!(yaml_faults(text), *expected, "{text:?}");
    }
}

#[test]
fn a_file_parted_by_semicolons_is_told_so() {
    let mut faults = Faults::default();
    Inventory::parse(&Arc::from("d"), InventoryForm::Csv, "id;serial\na;b\n", &mut faults);
    let hints: Vec<_> = faults.0.iter().filter_map(|fault| fault.hint.as_deref()).collect();
    assert!(hints.contains(&"the columns seem to be parted by ';': save the file with commas"), "{hints:?}");
}

/// 100,000 devices in either form: the same devices, in order, with their values.
#[test]
fn a_hundred_thousand_rows_are_read_in_either_form() {
    let mut csv = "id,serial,profile,site,vlan\n".to_owned();
    let mut yaml = String::new();
    for number in 0..100_000 {
        let (site, vlan) = (number % 40, number % 4_000);
        writeln!(csv, "gw-{number:06},SN{number:08},gateway,\"Halle {site}\",{vlan}").expect("a row");
        writeln!(
            yaml,
            "- {{id: gw-{number:06}, serial: SN{number:08}, profile: gateway, site: Halle {site}, vlan: {vlan}}}"
        )
        .expect("a row");
    }
    let (csv, yaml) = (sound(InventoryForm::Csv, &csv), sound(InventoryForm::Yaml, &yaml));
    assert_eq!((csv.len(), yaml.len()), (100_000, 100_000));
    for index in [0, 1, 54_321, 99_999] {
        assert_eq!(csv.rows()[index].id.as_ref().map(EndpointName::as_str), Some(format!("gw-{index:06}").as_str()));
        let cells: Vec<_> = csv.variables(index).map(|cell| cell.value).collect();
        assert_eq!(
            cells,
            [
                GivenValue::Cell(format!("Halle {}", index % 40).into()),
                GivenValue::Cell((index % 4_000).to_string().into())
            ]
        );
        let cells: Vec<_> = yaml.variables(index).map(|cell| cell.value).collect();
        assert_eq!(
            cells,
            [GivenValue::Clear(format!("Halle {}", index % 40).into()), GivenValue::Clear((index % 4_000).into())]
        );
    }
    assert!(
        csv.rows().iter().zip(yaml.rows()).all(|(a, b)| a.id == b.id && a.serial == b.serial && a.profile == b.profile)
    );
}

/// What the csv crate writes we read back, and what it reads of plain rows we read too: somebody else's program as oracle.
fn by_the_csv_crate(records: &[Vec<String>]) -> String {
    let mut writer = ::csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["id", "a", "b"]).expect("a record");
    for record in records {
        writer.write_record(record).expect("a record");
    }
    String::from_utf8(writer.into_inner().expect("bytes")).expect("text")
}

proptest::proptest! {
    #[test]
    fn no_csv_panics(text in "\\PC{0,120}|[,;\"\n\r a-c\u{feff}\u{0}]{0,120}|id,x\n[,\"\n\r a-c{}:]{0,120}") {
        read(InventoryForm::Csv, &text);
    }

    #[test]
    fn no_yaml_panics(text in "\\PC{0,120}|(- |\\{|\\}|id: |x|,|\n|\\[|\\]|&a|\\*a|\"|  ){0,60}") {
        read(InventoryForm::Yaml, &text);
    }

    #[test]
    fn every_row_of_the_csv_crate_is_read_as_it_was_written(
        cells in proptest::collection::vec(("[a-z]{1,8}", "[a-z,\"\n ]{0,8}x", "x[a-z,\"\n ;']{0,8}x"), 1..8)
    ) {
        let records: Vec<Vec<String>> = cells.iter().map(|(id, a, b)| vec![id.clone(), format!("x{a}"), b.clone()]).collect();
        let (inventory, faults) = read(InventoryForm::Csv, &by_the_csv_crate(&records));
        proptest::prop_assert!(faults.is_empty(), "{:?}", faults);
        for (index, record) in records.iter().enumerate() {
            let ours: Vec<_> = inventory.variables(index).map(|cell| cell.value).collect();
            let theirs: Vec<_> = record[1..].iter().map(|text| GivenValue::Cell(text.as_str().into())).collect();
            proptest::prop_assert_eq!(ours, theirs);
        }
    }
}

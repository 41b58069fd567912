//! Payloads: Python's json and cbor2 read what we write to the same values, and we read what they write.

use std::path::Path as FilePath;
use std::process::Command;

use firstlight::fleet::lwm2m::{Content, Instance, Object, Opaque, Path, Resource, Value, data_type};
use firstlight::format::payload::{PayloadFormat, decode, encode};

/// Reads each payload given as FORMAT=HEX, prints its values by path, and writes the same object in its own way.
const READER: &str = r#"
import base64, cbor2, json, sys

def senml(records, bn, n, v, vs, vb, vd, vlo):
    base = ""
    for record in records:
        base = record.get(bn, base)
        value = [record[label] for label in (v, vs, vb, vd, vlo) if label in record]
        assert len(value) == 1, record
        value = value[0]
        if vd == "vd" and vd in record:
            value = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        yield base + record[n], value

def maps(tree, path=""):
    if not isinstance(tree, dict):
        yield path, tree
        return
    for number, below in tree.items():
        yield from maps(below, f"{path}/{number}")

def shown(value):
    return "hex " + value.hex() if isinstance(value, bytes) else json.dumps(value)

for argument in sys.argv[1:]:
    name, data = argument.split("=")
    data = bytes.fromhex(data)
    print("==", name)
    if name == "senml-json":
        values = senml(json.loads(data), "bn", "n", "v", "vs", "vb", "vd", "vlo")
    else:
        read = cbor2.loads(data)
        assert cbor2.dumps(read) == data, "shortest forms"
        values = senml(read, -2, 0, 2, 3, 4, 8, "vlo") if name == "senml-cbor" else maps(read)
    for path, value in values:
        print(path, shown(value))

fields = {0: "coaps://ü.example", 1: True, 2: 0, 5: b"\x00\xff", 10: 7, 17: "21:0"}
written = [{"n": f"/0/3/{id}", "vd" if isinstance(value, bytes) else "vlo" if id == 17 else "vs" if id == 0 else "vb" if id == 1 else "v":
            base64.urlsafe_b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value} for id, value in fields.items()]
print("senml-json", json.dumps(written, indent=1).encode().hex())
labels = {"vd": 8, "vs": 3, "vb": 4, "v": 2, "vlo": "vlo"}
packed = [{0: f"/0/3/{id}", [labels[label] for label in record if label != "n"][0]: fields[id]} for id, record in zip(fields, written)]
print("senml-cbor", cbor2.dumps(packed).hex())
print("lwm2m-cbor", cbor2.dumps({0: {3: fields}}).hex())
print("lwm2m-cbor", cbor2.dumps({(0, 3): fields}, indefinite_containers=True).hex())
"#;

fn python(arguments: &[String]) -> String {
    let python = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
    let output = Command::new(&python).args(["-c", READER]).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{} is missing (tests/run installs it): {error}", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn single(id: u16, value: Value) -> Resource {
    Resource { id, content: Content::Single(value) }
}

fn objects() -> Vec<Object> {
    let security = vec![
        single(0, Value::Text("coaps://a \"b\" ü\n".into())),
        single(1, Value::Boolean(false)),
        single(2, Value::Integer(-70_000)),
        single(5, Value::Opaque(Opaque::new(vec![0, 251, 255]))),
        single(17, Value::Link { object: 21, instance: 65_535 }),
        single(200, Value::Float(0.1)),
        single(300, Value::Unsigned(u64::MAX)),
    ];
    let rights = Content::Multiple(vec![(101, Value::Integer(7)), (102, Value::Integer(256))]);
    vec![
        Object { id: 0, instances: vec![Instance { id: 1, resources: security }] },
        Object { id: 2, instances: vec![Instance { id: 0, resources: vec![Resource { id: 2, content: rights }] }] },
    ]
}

const VALUES: &str = r#"/0/1/0 "coaps://a \"b\" \u00fc\n"
/0/1/1 false
/0/1/2 -70000
/0/1/5 hex 00fbff
/0/1/17 "21:65535"
/0/1/200 0.1
/0/1/300 18446744073709551615
/2/0/2/101 7
/2/0/2/102 256
"#;

#[test]
fn somebody_else_reads_what_we_write_and_we_read_what_they_write() {
    let formats = [PayloadFormat::SenmlJson, PayloadFormat::SenmlCbor, PayloadFormat::Lwm2mCbor];
    let written = formats.map(|format| {
        encode(format, Path::Root, &objects()).unwrap().expose(|bytes| format!("{format}={}", hex::encode(bytes)))
    });
    let said = python(&written);
    let (mut ours, theirs) = (String::new(), said.split_once("\nsenml-json ").unwrap());
    for format in formats {
        ours += &format!("== {format}\n{VALUES}");
    }
    assert_eq!(format!("{}\n", theirs.0), ours);

    let account = [
        single(0, Value::Text("coaps://ü.example".into())),
        single(1, Value::Boolean(true)),
        single(2, Value::Integer(0)),
        single(5, Value::Opaque(Opaque::new(vec![0, 255]))),
        single(10, Value::Integer(7)),
        single(17, Value::Link { object: 21, instance: 0 }),
    ];
    let wanted = [Object { id: 0, instances: vec![Instance { id: 3, resources: account.into() }] }];
    for line in format!("senml-json {}", theirs.1).lines() {
        let (format, bytes) = line.split_once(' ').unwrap();
        let read = decode(format.parse().unwrap(), Path::Object(0), &hex::decode(bytes).unwrap(), &data_type);
        assert_eq!(read.unwrap(), wanted, "{line}");
    }
}

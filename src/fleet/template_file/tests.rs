use super::*;
use crate::fleet::{Filesystem, PartitionTable};

const SAMPLE: &str = r#"consumer: cloud-init, NoCloud data source
description: One paragraph.
medium: {table: none, filesystem: fat, label: CIDATA, size: 64MiB}
credentials:
  identity: {kinds: [x509], required: false}
variables:
  timezone: {type: string, default: UTC, class: plain, description: "zone", longest: 64}
files:
  - {path: user-data, mode: "0600", template: user-data.j2, syntax: yaml}
  - {path: tls/key.pem, mode: "0600", credential: identity.private_key, encoding: pem, when: "credentials.identity is defined"}
  - {path: ca.pem, mode: "0644", trust: telemetry}
  - {path: bootstrap.cbor, mode: "0600", lwm2m: senml-cbor}
  - {path: security.tlv, mode: "0600", lwm2m: tlv, object: 0}
"#;

fn parse(text: &str) -> (Option<TemplateShape>, Vec<String>) {
    let mut faults = Faults::default();
    let shape = TemplateShape::parse(&Arc::from("t"), &Arc::from("t.yaml"), text, &mut faults);
    faults.sort();
    (shape, faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}

#[test]
fn every_key_is_read() {
    let shape = parse(SAMPLE).0.expect("a sound template");
    assert_eq!(shape.consumer, "cloud-init, NoCloud data source");
    assert_eq!(
        shape.medium.unwrap(),
        MediumPlan {
            table: PartitionTable::None,
            filesystem: Filesystem::Fat,
            label: "CIDATA".to_owned(),
            size: Some(64 << 20)
        }
    );
    assert!(!shape.credentials["identity"].required);
    let timezone = &shape.variables["timezone"];
    assert_eq!(
        (timezone.value_type, timezone.longest, &timezone.default),
        (ValueType::String, Some(64), &Some("UTC".into()))
    );
    let files: Vec<_> = shape.files.iter().map(|file| (file.path.as_str(), file.mode, file.when.is_some())).collect();
    assert_eq!(
        files,
        [
            ("user-data", 0o600, false),
            ("tls/key.pem", 0o600, true),
            ("ca.pem", 0o644, false),
            ("bootstrap.cbor", 0o600, false),
            ("security.tlv", 0o600, false),
        ]
    );
    assert_eq!(
        shape.files[1].source,
        FileSource::Credential { part: "identity.private_key".to_owned(), encoding: "pem".to_owned() }
    );
    assert_eq!(shape.files[2].source, FileSource::Trust { server: "telemetry".to_owned() });
    assert_eq!(shape.files[4].source, FileSource::Lwm2mObjects { encoding: "tlv".to_owned(), object: Some(0) });
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn faults_have_message_line_and_column_and_leave_no_shape() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("label: CIDATA, ", "", &["t.yaml:3:1: \"medium\" lacks \"label\""]),
        (
            "size: 64MiB",
            "size: 1KiB",
            &["t.yaml:3:61: a fat image of 1024 bytes is not possible: 1048576 to 2199023255552 bytes are"],
        ),
        (
            "kinds: [x509]",
            "kinds: [x509, tpm]",
            &["t.yaml:5:28: \"credentials.identity.kinds.1\" is \"tpm\", wanted is one of: x509, psk, rpk, token"],
        ),
        (
            "default: UTC",
            "default: 1",
            &["t.yaml:7:37: the default of variable \"timezone\" is the number 1, wanted is a text"],
        ),
        (
            "default: UTC",
            "default: UTC, choices: [CET]",
            &["t.yaml:7:37: the default of variable \"timezone\" is none of its choices"],
        ),
        (
            "default: UTC",
            "choices: [CET, 2]",
            &["t.yaml:7:43: a choice of variable \"timezone\" is the number 2, wanted is a text"],
        ),
        (
            "default: UTC, class: plain",
            "default: x, class: secret",
            &["t.yaml:7:37: variable \"timezone\" is secret and has a default in clear"],
        ),
        (
            "type: string, default: UTC, class: plain",
            "type: map, class: secret",
            &["t.yaml:7:3: variable \"timezone\" is secret and a mapping; a secret can only be a text"],
        ),
        (
            "path: user-data",
            "path: ../user-data",
            &[
                "t.yaml:9:12: \"files.0.path\" is \"../user-data\", wanted is a relative path without \"..\", of letters, digits and \"-_.+@/\", at most 200 characters",
            ],
        ),
        (
            "path: user-data",
            "path: /etc/passwd",
            &[
                "t.yaml:9:12: \"files.0.path\" is \"/etc/passwd\", wanted is a relative path without \"..\", of letters, digits and \"-_.+@/\", at most 200 characters",
            ],
        ),
        (
            "path: user-data",
            "path: CA.PEM",
            &["t.yaml:11:12: path \"ca.pem\" stands here a second time (case does not count on FAT)"],
        ),
        (
            "template: user-data.j2",
            "template: ../../x",
            &[
                "t.yaml:9:47: \"files.0.template\" is \"../../x\", wanted is a relative path without \"..\", of letters, digits and \"-_.+@/\", at most 200 characters",
            ],
        ),
        (
            "mode: \"0600\"",
            "mode: 600",
            &["t.yaml:9:29: \"files.0.mode\" is the number 600, wanted is a Unix mode in quotes such as \"0600\""],
        ),
        (
            ", syntax: yaml",
            "",
            &["t.yaml:9:37: \"template\" wants \"syntax\": yaml, json, toml, toml-line, shell or text"],
        ),
        (
            "trust: telemetry",
            "trust: telemetry, template: x, syntax: text",
            &[
                "t.yaml:11:5: \"files.2\" holds template and trust, wanted is one of: template, credential, trust, lwm2m",
            ],
        ),
        (
            ", trust: telemetry",
            "",
            &["t.yaml:11:5: \"files.2\" holds none of them, wanted is one of: template, credential, trust, lwm2m"],
        ),
        (
            "credential: identity.",
            "credential: identiy.",
            &["t.yaml:10:51: the template's credentials do not hold \"identiy\""],
        ),
        ("lwm2m: tlv, object: 0", "lwm2m: tlv", &["t.yaml:13:40: \"lwm2m: tlv\" wants \"object\": 0, 1 or 2"]),
        (
            "lwm2m: senml-cbor",
            "lwm2m: senml-cbor, object: 1",
            &["t.yaml:12:61: \"object\" goes only with \"lwm2m: tlv\""],
        ),
        (
            "trust: telemetry",
            "trust: telemetry, encoding: der",
            &["t.yaml:11:52: \"encoding\" goes only with \"credential\""],
        ),
    ];
    for (from, to, expected) in cases {
        assert!(SAMPLE.contains(from), "{from}");
        let (shape, faults) = parse(&SAMPLE.replacen(from, to, 1));
        assert_eq!(faults, *expected, "{from:?} -> {to:?}");
        assert!(shape.is_none());
    }
}

#[test]
fn a_mode_with_its_leading_zero_is_a_text_without_quotes_too() {
    let shape = parse(&SAMPLE.replace("mode: \"0600\"", "mode: 0600")).0.expect("YAML 1.2 reads 0600 as a text");
    assert_eq!(shape.files[0].mode, 0o600);
}

#[test]
fn conditions_may_choose_between_two_files_of_one_path() {
    let text =
        SAMPLE.replace("path: security.tlv, mode: \"0600\", ", "path: tls/KEY.pem, when: \"x\", mode: \"0600\", ");
    assert_eq!(parse(&text).1, Vec::<String>::new());
}

#[test]
fn a_default_of_nothing_makes_a_variable_optional() {
    let text = SAMPLE.replace("default: UTC", "default: null");
    assert_eq!(parse(&text).0.expect("sound").variables["timezone"].default, Some(Value::Null));
}

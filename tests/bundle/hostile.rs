//! Values made to break out of the file they stand in, in clear and as secrets, read back by the syntax's own readers.

use std::sync::LazyLock;

use firstlight::bundle::Template;
use firstlight::fleet::{DevicePlan, Variable};
use proptest::prelude::*;
use serde_json::Value;

use super::fixture::{DEVICES, fleet_yaml, plan, rendered_with, template, text};
use super::oracle::{debian_python, run};

const DESCRIPTION: &str = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
variables:
  clear: {type: string, default: \"\"}
  list: {type: list, default: []}
  map: {type: map, default: {}}
  secret: {type: string, class: secret}
files:
  - {path: a.yaml, mode: \"0600\", template: yaml.j2, syntax: yaml}
  - {path: a.json, mode: \"0600\", template: json.j2, syntax: json}
  - {path: a.toml, mode: \"0600\", template: toml.j2, syntax: toml}
  - {path: a.sh, mode: \"0600\", template: shell.j2, syntax: shell}
";

const YAML: &str = "clear: {{ variables.clear }}\nsecret: {{ variables.secret }}\n\
                    list:\n  - {{ variables.clear }}\n  - {{ [variables.secret, variables.list] }}\n\
                    map: {{ variables.map }}\n{{ variables.clear }}: key\n";
const JSON: &str = "{\"clear\": {{ variables.clear }}, \"secret\": {{ variables.secret }}, \
                    \"list\": [{{ variables.clear }}, {{ [variables.secret, variables.list] }}], \
                    \"map\": {{ variables.map }}}";
const TOML: &str = "clear = {{ variables.clear }}\nsecret = {{ variables.secret }}\n\
                    list = [{{ variables.clear }}, {{ [variables.secret, variables.list] }}]\nmap = {{ variables.map }}\n";
const SHELL: &str = "printf '%s\\0' {{ variables.clear }} {{ variables.secret }} {{ variables.list }}";

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let files =
        [("template.yaml", DESCRIPTION), ("yaml.j2", YAML), ("json.j2", JSON), ("toml.j2", TOML), ("shell.j2", SHELL)];
    template("hostile", &files).unwrap()
});

static PLAN: LazyLock<DevicePlan> =
    LazyLock::new(|| plan(&TEMPLATE, &fleet_yaml("hostile", "", "", "      secret: {secret: wifi}"), DEVICES));

struct Rendered {
    yaml: String,
    json: String,
    toml: String,
    shell: String,
}

fn rendered(clear: &str, secret: &str) -> Rendered {
    let mut plan = PLAN.clone();
    plan.variables.insert("clear".into(), Variable::Plain(clear.into()));
    plan.variables.insert("list".into(), Variable::Plain(serde_json::json!([clear, clear])));
    plan.variables.insert("map".into(), Variable::Plain(serde_json::json!({ clear: { "inner": [clear] } })));
    let artifact = rendered_with(&TEMPLATE, &plan, secret.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let file = |name: &str| text(&artifact, name);
    Rendered { yaml: file("a.yaml"), json: file("a.json"), toml: file("a.toml"), shell: file("a.sh") }
}

fn expected(clear: &str, secret: &str) -> Value {
    serde_json::json!({
        "clear": clear,
        "secret": secret,
        "list": [clear, [secret, [clear, clear]]],
        "map": { clear: { "inner": [clear] } },
    })
}

/// Text that means something somewhere: syntax of the engine, of YAML, TOML, JSON and the shell, line ends of all kinds,
/// digits (of which a marker is made), and any character.
fn hostile() -> impl Strategy<Value = String> {
    let telling = prop::sample::select(vec![
        "{{ 7 * 7 }}",
        "{% raw %}",
        "{#",
        "#}",
        "}}",
        "\"",
        "'",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "---",
        "...",
        ": ",
        " #",
        "- ",
        "? ",
        "&a",
        "*a",
        "!!python/object:os.system",
        "<<",
        "|",
        ">",
        "%",
        "@",
        "`",
        "[",
        "]",
        "{",
        "}",
        ",",
        "~",
        "null",
        "yes",
        "No",
        "0755",
        "1e5",
        "1:30",
        "0x1f",
        ".inf",
        "2026-01-01",
        "=",
        "$(id)",
        "`id`",
        "${IFS}",
        "; rm -rf /",
        "&&",
        "|| true",
        "!",
        "\u{7f}",
        "\u{1b}[2J",
        "😀",
        "é",
        "''",
        "\"\"\"",
        "'''",
        "000000",
        "123456789012345678901234567890123456789012345",
    ]);
    let piece = prop_oneof![3 => telling.prop_map(str::to_owned), 1 => any::<char>().prop_filter("no NUL", |c| *c != '\0').prop_map(String::from), 1 => "[0-9]{1,50}"];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn yaml_json_and_toml_readers_find_every_value_intact(clear in hostile(), secret in hostile()) {
        let files = rendered(&clear, &secret);
        let expected = expected(&clear, &secret);
        let mut yaml: Value = serde_yaml::from_str(&files.yaml).unwrap();
        // The value as a key of the document, unless it is one of ours.
        if !["clear", "secret", "list", "map"].contains(&clear.as_str()) {
            let key = yaml.as_object_mut().unwrap().remove(&clear);
            prop_assert_eq!(key, Some(Value::from("key")));
        }
        prop_assert_eq!(&yaml, &expected);
        prop_assert_eq!(&serde_json::from_str::<Value>(&files.json).unwrap(), &expected);
        let toml: toml::Table = toml::from_str(&files.toml).unwrap();
        prop_assert_eq!(&serde_json::to_value(toml).unwrap(), &expected);
    }
}

fn samples() -> Vec<(String, String)> {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut draw = || hostile().new_tree(&mut runner).unwrap().current();
    (0..150).map(|_| (draw(), draw())).collect()
}

/// PyYAML reads YAML 1.1: line ends, printable characters, keys and numbers differ from 1.2.
#[test]
fn a_yaml_1_1_reader_finds_every_value_intact() {
    let samples = samples();
    let documents: Vec<String> = samples.iter().map(|(clear, secret)| rendered(clear, secret).yaml).collect();
    let script = "import json, sys, yaml; print(json.dumps([yaml.safe_load(d) for d in json.load(sys.stdin)]))";
    let read = debian_python(script, &[], &serde_json::to_vec(&documents).unwrap());
    for ((clear, secret), read) in samples.iter().zip(read.as_array().unwrap()) {
        let expected = expected(clear, secret);
        for key in ["clear", "secret", "list", "map"].iter().filter(|key| *key != clear) {
            assert_eq!(read[key], expected[key], "{clear:?} {secret:?}");
        }
    }
}

#[test]
fn a_shell_finds_every_value_intact() {
    let samples = samples();
    let script: String = samples.iter().map(|(clear, secret)| rendered(clear, secret).shell).collect();
    let said = run("sh", &["-s"], script.as_bytes()).unwrap();
    let words: Vec<&str> = said.split_terminator('\0').collect();
    assert_eq!(words.len(), samples.len() * 4);
    for ((clear, secret), words) in samples.iter().zip(words.chunks(4)) {
        assert_eq!(words, [clear, secret, clear, clear]);
    }
}

//! A user's own template: what it can do, and how it fails.

use std::fmt::Write as _;

use firstlight::bundle::RenderError;
use firstlight::fleet::{Class, Diagnose as _};

use super::fixture::{DEVICES, IDENTITY, PSK, TELEMETRY, fleet_yaml, plan, rendered, rendered_with, template, text};

const HEAD: &str = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
credentials:
  identity: {kinds: [x509], required: false}
  management: {kinds: [psk], required: false}
variables:
  value: {type: string, default: plain}
  number: {type: integer, default: 7}
  list: {type: list, default: [a, b]}
  map: {type: map, default: {k: v}}
  secret: {type: string, default: null, class: secret}
files:
";

/// Renders `source` as one file of `syntax`, for a device with an identity, a pre-shared key and the secret `wifi`.
fn render_one(syntax: &str, source: &str) -> Result<String, String> {
    render_files(syntax, &[("file.j2", source)], b"s3cret").map_err(|error| error.to_string())
}

fn render_files(syntax: &str, sources: &[(&str, &str)], secret: &[u8]) -> Result<String, RenderError> {
    let description = format!("{HEAD}  - {{path: file, mode: \"0600\", template: file.j2, syntax: {syntax}}}\n");
    let mut files = vec![("template.yaml", description.as_str())];
    files.extend(sources);
    let template = template("own", &files).unwrap_or_else(|faults| panic!("{faults}"));
    let credentials = format!("{IDENTITY}\n      management: {{kind: psk, bytes: 16}}");
    let yaml = fleet_yaml("own", TELEMETRY, &credentials, "      secret: {secret: wifi}");
    let artifact = rendered_with(&template, &plan(&template, &yaml, DEVICES), secret)?;
    Ok(text(&artifact, "file"))
}

#[test]
fn values_of_every_type_are_written_for_the_file_s_syntax() {
    let all =
        "{{ variables.value }} {{ variables.number }} {{ variables.list }} {{ variables.map }} {{ true }} {{ none }}";
    assert_eq!(render_one("yaml", all).unwrap(), "\"plain\" 7 [\"a\", \"b\"] {\"k\": \"v\"} true null\n");
    assert_eq!(render_one("toml", "a = {{ variables.map }}").unwrap(), "a = {\"k\" = \"v\"}\n");
    assert_eq!(render_one("shell", "set -- {{ variables.list }}").unwrap(), "set -- 'a' 'b'\n");
    assert_eq!(render_one("text", "{{ variables.value }}-{{ variables.number }}").unwrap(), "plain-7\n");
    for (syntax, source) in [("toml", "{{ none }}"), ("shell", "{{ variables.map }}"), ("text", "{{ variables.list }}")]
    {
        let error = render_one(syntax, source).unwrap_err();
        assert!(error.contains("cannot hold a value of type"), "{error}");
    }
}

#[test]
fn key_material_takes_the_form_asked_for() {
    let source = "{{ credentials.management.key }} {{ credentials.management.key|base64 }} \
                  {{ credentials.identity.private_key|hex }} {{ credentials.identity.private_key|der|hex }} \
                  {{ credentials.identity.private_key|pem|base64 }}";
    let rendered = render_one("text", source).unwrap();
    let words: Vec<&str> = rendered.split_whitespace().collect();
    assert_eq!(words[0], hex::encode(PSK));
    assert_eq!(words[1], "AAECAwQFBgcICQoLDA3+/w==");
    assert_eq!(words[2], hex::encode(super::fixture::KEY));
    assert_eq!(words[2], words[3]);
    assert!(words[4].starts_with("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t"), "{}", words[4]);
    for (source, words) in [
        ("{{ credentials.management.key|pem }}", "cannot be written as PEM"),
        ("{{ credentials.identity.private_key|der }}", "is bytes: add hex or base64"),
        ("{{ credentials.identity.chain|hex }}", "are several: only PEM holds them"),
        ("{{ variables.value|pem }}", "not for text"),
    ] {
        let error = render_one("text", source).unwrap_err();
        assert!(error.contains(words), "{source}: {error}");
    }
}

#[test]
fn a_secret_is_whole_or_the_template_fails() {
    for source in [
        "{{ variables.secret ~ \"x\" }}",
        "{{ variables.secret|upper }}",
        "{{ variables.secret|length }}",
        "{{ variables.secret|replace(\"s\", \"t\") }}",
        "{{ variables.secret|string|length }}",
        "{{ variables.secret|safe }}",
        "{{ [variables.secret]|join(\",\") }}",
        "{{ variables.secret[0] }}",
        "{{ variables.secret[1:] }}",
        "{{ variables.secret|first }}",
        "{% for c in variables.secret %}{{ c }}{% endfor %}",
        "{{ \"%s\"|format(variables.secret) }}",
        "{{ {variables.secret: 1} }}",
        "{{ variables.secret + \"x\" }}",
        "{{ variables.secret|int }}",
        "{% if variables.secret is startingwith(\"s\") %}{% endif %}{{ 1 }}",
        "{% set x %}{{ variables.secret }}{% endset %}{{ x ~ \"\" }}",
        "{% set x %}{{ variables.secret|tojson }}{% endset %}{{ [x ~ \"\"] }}",
        "{% set x %}{{ variables.secret }}{% endset %}{{ x|hex }}",
        "{% set x %}{{ variables.secret }}{% endset %}{{ x[:30]|safe }}",
        "{% set x %}{{ variables.secret }}{% endset %}{{ x|reverse|safe }}",
        "{% macro m(s) %}{{ s ~ \"x\" }}{% endmacro %}{{ m(variables.secret) }}",
        "{{ fail(variables.secret) }}",
    ] {
        let rendered = render_one("yaml", source);
        let error = rendered.expect_err(source);
        assert!(!error.contains("s3cret"), "{source} tells it: {error}");
    }
    for source in [
        "{{ variables.secret }}",
        "{{ [variables.secret][0] }}",
        "{{ variables.secret|default(\"x\") }}",
        "{% if variables.secret %}{{ variables.secret }}{% endif %}",
        "{% set x %}{{ variables.secret }}{% endset %}{{ x }}",
        "{% set x %}{{ variables.secret|tojson }}{% endset %}{{ x|upper|trim }}",
        "{% macro m(s) %}{{ s }}{% endmacro %}{{ m(variables.secret) }}",
    ] {
        assert_eq!(render_one("yaml", source).unwrap(), "\"s3cret\"\n", "{source}");
    }
    assert_eq!(render_one("yaml", "{{ {\"a\": [variables.secret]} }}").unwrap(), "{\"a\": [\"s3cret\"]}\n");
}

#[test]
fn comparing_a_secret_tells_nothing_about_it() {
    for source in [
        "{{ variables.secret == \"s3cret\" }}",
        "{{ \"s\" in variables.secret }}",
        "{{ variables.secret in [\"s3cret\"] }}",
    ] {
        assert_eq!(render_one("text", source).unwrap(), "false\n", "{source}");
    }
}

#[test]
fn a_misused_secret_is_named_with_its_line() {
    let error = render_one("yaml", "a: 1\nb: {{ variables.secret ~ \"x\" }}\n").unwrap_err();
    assert!(error.starts_with("templates/own/file.j2:2:1: the variable secret is secret"), "{error}");
    let error = render_one("text", "{{ credentials.identity.private_key|length }}").unwrap_err();
    assert!(error.starts_with("templates/own/file.j2:1:1: "), "{error}");
}

#[test]
fn a_secret_that_the_syntax_cannot_hold_is_refused_without_telling_it() {
    let says = |syntax: &str, secret: &[u8], source: &str| {
        let error = render_files(syntax, &[("file.j2", source)], secret).map(|_| ()).unwrap_err();
        assert_eq!(error.class(), Class::Input);
        error.to_string()
    };
    assert_eq!(
        says("text", b"two\nlines", "{{ variables.secret }}"),
        "\"file\": the variable secret holds '\\n', which a text file cannot hold"
    );
    assert_eq!(
        says("shell", b"a\0", "{{ variables.secret }}"),
        "\"file\": the variable secret holds '\\0', which a shell file cannot hold"
    );
    let error = says("json", b"\xff\xfe", "{{ variables.secret }}");
    assert_eq!(error, "\"file\": the variable secret is not UTF-8 text: write it with hex or base64");
    assert_eq!(render_files("json", &[("file.j2", "{{ variables.secret|hex }}")], b"\xff\xfe").unwrap(), "\"fffe\"\n");
}

#[test]
fn a_template_includes_its_own_files_and_no_other() {
    let own = [("file.j2", "{% include \"part.j2\" %}"), ("part.j2", "{{ device.id }}")];
    assert_eq!(render_files("json", &own, b"").unwrap(), "\"gw-0001\"\n");
    for name in ["/etc/passwd", "../own/part.j2", "template.yaml"] {
        let error = render_one("text", &format!("{{% include \"{name}\" %}}")).unwrap_err();
        assert!(error.contains("template not found"), "{error}");
    }
    let broken = [("file.j2", "\n{% include \"part.j2\" %}"), ("part.j2", "\n\n{{ variables.value.nothing }}")];
    let error = render_files("text", &broken, b"").unwrap_err().to_string();
    assert!(error.starts_with("templates/own/part.j2:3:1: undefined value"), "{error}");
}

#[test]
fn a_template_without_end_is_stopped() {
    let turns = "{% for a in range(100000) %}{% for b in range(100000) %}{% set x = a + b %}{% endfor %}{% endfor %}";
    assert!(render_one("text", turns).unwrap_err().contains("does not come to an end"));
    let long = "{% for a in range(100000) %}0123456789012345678901234567890123456789012345678901234567890{% endfor %}";
    assert!(render_one("text", long).unwrap_err().contains("longer than 4194304 bytes"));
    let itself = [("file.j2", "{% include \"file.j2\" %}")];
    assert!(render_files("text", &itself, b"").unwrap_err().to_string().contains("recursion"));
    let macros = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    assert!(render_one("text", macros).unwrap_err().contains("recursion"));
}

#[test]
fn quotes_around_a_value_are_found_where_they_break_json() {
    let error = render_one("json", "{\"a\": \"{{ variables.value }}\"}").unwrap_err();
    assert!(error.contains("is no JSON (line 1, column 9); values bring their own quotes"), "{error}");
}

#[test]
fn windows_line_ends_become_unix_ones() {
    assert_eq!(render_one("text", "\u{feff}a\r\n{% if true %}\r\nb\r\n{% endif %}\r\n").unwrap(), "a\nb\n");
}

#[test]
fn a_value_that_may_be_absent_is_asked_for() {
    let error = render_files("text", &[("file.j2", "{{ servers.nothing.host }}")], b"").unwrap_err();
    assert!(error.to_string().contains("undefined value"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("is defined")));
    assert_eq!(render_one("text", "{{ servers.nothing is defined }}").unwrap(), "false\n");
}

fn faults(description: &str, files: &[(&str, &str)]) -> String {
    let mut all = vec![("template.yaml", description)];
    all.extend(files);
    template("own", &all).map(|_| ()).unwrap_err()
}

#[test]
fn names_that_are_not_declared_are_found_when_the_template_is_read() {
    let description =
        format!("{HEAD}  - {{path: a, mode: \"0600\", template: a.j2, syntax: text, when: variables.nope}}\n");
    let source = "{# variables.typo stands here first #}\n{{ variables.value }}\n{{ variables.typo }}\n\
                  {{ credentials.other.key }}\n{{ credentials.identity.key }}\n{{ device.mac }}\n{{ sevrers }}\n";
    let found = faults(&description, &[("a.j2", source)]);
    for line in [
        "templates/own/template.yaml:14:1: variable \"nope\" is not declared",
        "templates/own/a.j2:3:1: variable \"typo\" is not declared",
        "templates/own/a.j2:4:1: credential \"other\" is not declared",
        "templates/own/a.j2:5:1: credential \"identity\" has no part \"key\"",
        "templates/own/a.j2:6:1: \"device.mac\" is not known",
        "templates/own/a.j2:7:1: \"sevrers\" is not known",
    ] {
        assert!(found.contains(line), "not found: {line}\n{found}");
    }
    assert_eq!(found.lines().count(), 6, "{found}");
}

#[test]
fn every_broken_file_is_found_in_one_reading() {
    let mut description = HEAD.to_owned();
    for line in [
        "path: a, mode: \"0600\", template: a.j2, syntax: text",
        "path: b, mode: \"0600\", template: missing.j2, syntax: text",
        "path: c, mode: \"0600\", template: c.txt, syntax: text",
        "path: firstlight-manifest.json, mode: \"0600\", template: a.j2, syntax: text",
        "path: d, mode: \"0600\", credential: management.key, encoding: pem",
        "path: e, mode: \"0600\", credential: identity.chain, encoding: der",
        "path: f, mode: \"0600\", credential: identity.nothing",
        "path: g, mode: \"0600\", template: g.j2, syntax: json, when: \"1 +\"",
    ] {
        writeln!(description, "  - {{{line}}}").unwrap();
    }
    let found = faults(&description, &[("a.j2", "{{ 1"), ("c.txt", "x"), ("g.j2", "{% if %}")]);
    for words in [
        "templates/own/a.j2:1:1: ",
        "templates/own/g.j2:1:1: ",
        "template.yaml:15:1: the template has no file \"missing.j2\"",
        "template.yaml:16:1: template file \"c.txt\" must end in .j2",
        "\"firstlight-manifest.json\" is no path for a bundle file",
        "\"management.key\" cannot be written as pem",
        "\"identity.chain\" are several certificates: only pem holds them",
        "credential \"identity\" has no part \"nothing\"",
        "`when: 1 +` is no expression",
    ] {
        assert!(found.contains(words), "not found: {words}\n{found}");
    }
}

#[test]
fn a_folder_that_is_no_template_is_refused() {
    assert_eq!(faults_of(&[]), "templates/own/template.yaml:1:1: template \"own\" has no template.yaml");
    let large = "x".repeat((1 << 20) + 1);
    let description = format!("{HEAD}  - {{path: a, mode: \"0600\", template: a.j2, syntax: text}}\n");
    let found = faults(&description, &[("a.j2", "x"), ("large.bin", &large)]);
    assert!(found.contains("large.bin:1:1: the file has 1048577 bytes, at most 1048576 are possible"), "{found}");
}

fn faults_of(files: &[(&str, &str)]) -> String {
    let mut faults = firstlight::fleet::Faults::default();
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let made = firstlight::bundle::Template::from_files(&"own".into(), "templates/own", files, &mut faults);
    assert!(made.is_none());
    faults.to_string()
}

#[test]
fn the_digest_changes_with_every_file() {
    let description = format!("{HEAD}  - {{path: a, mode: \"0600\", template: a.j2, syntax: text}}\n");
    let digest = |files: &[(&str, &str)]| {
        let mut all = vec![("template.yaml", description.as_str())];
        all.extend(files);
        template("own", &all).unwrap().digest()
    };
    let base = digest(&[("a.j2", "x")]);
    assert_eq!(base, digest(&[("a.j2", "x")]));
    assert_ne!(base, digest(&[("a.j2", "y")]));
    assert_ne!(base, digest(&[("a.j2", "x"), ("b.txt", "")]));
}

#[test]
fn a_template_sees_no_credential_that_it_does_not_declare() {
    let description = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
files:
  - {path: file, mode: \"0600\", template: a.j2, syntax: json}
";
    let own = template("own", &[("template.yaml", description), ("a.j2", "{{ credentials }}")]).unwrap();
    let plan = plan(&own, &fleet_yaml("own", TELEMETRY, IDENTITY, "      {}"), DEVICES);
    assert_eq!(text(&rendered(&own, &plan), "file"), "{}\n");
    assert!(own.secrets_in_clear(&plan).is_empty());
}

//! The documents of the API: schemathesis judges the server by its OpenAPI document.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use firstlight::fleet::enrolment::Refusal;
use serde_json::{Value, json};

use crate::world::{world, world_with};

/// Begins and ends a part of docs/api.md that is made from the program.
const MARKS: [(&str, &str); 2] = [("<!-- routes -->", "<!-- /routes -->"), ("<!-- refusals -->", "<!-- /refusals -->")];

fn document() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap()
}

fn routes(openapi: &Value) -> String {
    let mut table = "\n| request | what | for | good answers |\n|---|---|---|---|\n".to_owned();
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let for_whom = match operation["description"].as_str() {
                Some(text) => text.trim_start_matches("For the role ").split(' ').next().unwrap(),
                None if operation["security"] == json!([]) => "all",
                None if operation["tags"][0] == "operation" => "viewer",
                None => "devices",
            };
            let good = operation["responses"].as_object().unwrap().keys().filter(|status| status.as_str() < "400");
            let good = good.cloned().collect::<Vec<_>>().join(" ");
            let (method, what) = (method.to_ascii_uppercase(), operation["summary"].as_str().unwrap());
            writeln!(table, "| `{method} {path}` | {what} | {for_whom} | {good} |").unwrap();
        }
    }
    table
}

fn refusals() -> String {
    let mut table = "\n| code | status | what it means | what to do |\n|---|---|---|---|\n".to_owned();
    for refusal in Refusal::ALL {
        let (code, status) = (refusal.code(), refusal.status());
        writeln!(table, "| `{code}` | {status} | {} | {} |", refusal.says(), refusal.hint()).unwrap();
    }
    table
}

#[test]
fn the_tables_of_the_document_are_those_of_the_program() {
    let openapi = world().get("", "/openapi.json").is(200).json();
    let told = document();
    let mut made = told.clone();
    for ((begin, end), table) in MARKS.into_iter().zip([routes(&openapi), refusals()]) {
        let (from, to) = (made.find(begin).unwrap() + begin.len(), made.find(end).unwrap());
        made.replace_range(from..to, &table);
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api.md");
    std::fs::write(&place, &made).unwrap();
    assert!(made == told, "docs/api.md is not what the program is: cp {} docs/api.md", place.display());
}

#[test]
fn every_command_of_the_document_does_what_it_says() {
    let world = world();
    let told = document();
    let (mut inside, mut examples) = (false, Vec::<(String, Vec<&str>)>::new());
    for line in told.lines() {
        if line.starts_with("```") {
            inside = line == "```console" && !inside;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push((command.to_owned(), Vec::new()));
        } else if inside {
            let (command, output) = examples.last_mut().unwrap();
            // A command goes on while its lines end with a backslash.
            if output.is_empty() && command.ends_with('\\') {
                write!(command, "\n{line}").unwrap();
            } else {
                output.push(line);
            }
        }
    }
    assert!(examples.len() >= 12, "{}", examples.len());
    for (command, shown) in examples {
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(world.folder.path()).env("CURL_CA_BUNDLE", world.file("server.pem"));
        shell.env("SERVER", format!("https://localhost:{}", world.port())).env("TOKEN", world.token("line"));
        for role in ["viewer", "technician", "approver", "admin"] {
            shell.env(role.to_ascii_uppercase(), format!("Authorization: Bearer {}", world.token(role)));
        }
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        assert!(output.status.success(), "{command}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
        for line in shown {
            let mut rest = said.as_str();
            for part in line.split("...") {
                let at = rest.find(part).unwrap_or_else(|| panic!("{command}\nshows:\n{line}\nsaid:\n{said}"));
                rest = &rest[at + part.len()..];
            }
        }
    }
}

#[test]
fn schemathesis_finds_nothing_that_is_not_as_the_document_says() {
    // Nobody is to wait for events here.
    let world = world_with(|config| config.bounds.waiting = 0);
    for id in ["gw-1", "gw-2"] {
        world.register("tokens", id).is(201);
    }
    world.register("asks", "gw-3").is(202);
    world.ask("technician", "POST", "/v1/allow", &json!({"group": "listed", "id": "gw-4"})).is(204);
    for version in ["1.2.0", "1.3.0"] {
        let text = format!("model: sensor\nversion: {version}\n");
        world.ask("admin", "POST", "/v1/models", &json!({"text": text})).is(201);
    }
    world.ask("admin", "POST", "/v1/model-rules", &json!({"name": "all", "assign": "sensor"})).is(204);
    world.ask("technician", "POST", "/v1/devices/gw-1/model", &json!({"model": "sensor"})).is(200);
    let document = world.get("", "/openapi.json").is(200);
    std::fs::write(world.file("openapi.json"), &document.body).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join("tests/.oracles/venv/bin/schemathesis");
    let output = Command::new(&program)
        .arg("--config-file")
        .arg(root.join("tests/api/schemathesis.toml"))
        .arg("run")
        .arg(world.file("openapi.json"))
        .args(["--url", &format!("https://localhost:{}", world.port()), "--tls-verify", &world.path("server.pem")])
        .args(["-H", &format!("Authorization: Bearer {}", world.token("admin"))])
        .args(["--phases", "coverage,fuzzing", "--max-examples", "6", "--seed", "7", "--continue-on-failure"])
        // What fits the schema may still be refused: a filter is a language, a group must be there. A path that is one of
        // our own words serves the device of that name too, which the document does not say.
        .args(["--exclude-checks", "positive_data_acceptance,allow_header_conformance"])
        // It would revoke the token that it asks by.
        .args(["--exclude-operation-id", "revokeToken", "--suppress-health-check", "all"])
        .env("PYTHONPATH", root.join("tests/api"))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("NO_COLOR", "1")
        .current_dir(world.folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{} is missing (tests/run installs it): {error}", program.display()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Tested: ") && !said.contains("cannot validate"), "{said}");
}

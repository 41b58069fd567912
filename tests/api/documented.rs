//! The documents of the API: schemathesis judges the server by its OpenAPI document.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::world::world_with;

#[test]
fn schemathesis_finds_nothing_that_is_not_as_the_document_says() {
    // Nobody is to wait for events here.
    let world = world_with(|config| config.bounds.waiting = 0);
    for id in ["gw-1", "gw-2"] {
        world.register("tokens", id).is(201);
    }
    world.register("asks", "gw-3").is(202);
    world.ask("technician", "POST", "/v1/allow", &json!({"group": "listed", "id": "gw-4"})).is(204);
    let document = world.get("", "/openapi.json").is(200);
    std::fs::write(world.file("openapi.json"), &document.body).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join("tests/.oracles/venv/bin/schemathesis");
    let output = Command::new(&program)
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

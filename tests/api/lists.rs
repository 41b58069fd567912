//! Lists that come in and go out as streams.

use serde_json::{Value, json};

use crate::world::{world, world_with};

const LINES: &str = "application/x-ndjson";

#[test]
fn a_list_of_devices_comes_in_with_a_report_of_each_row() {
    let world = world();
    let rows = b"{\"id\":\"gw-1\",\"serial\":\"SN-1\"}\n{\"id\":\"gw 2\"}\nno JSON\n\n{\"id\":\"gw-3\",\"serial\":\"SN-1\"}\n{\"id\":\"GW-1\",\"vendor\":\"ACME\"}\n";
    let answer = world.send("technician", "/v1/devices/import", LINES, rows, &[]).is(200);
    assert_eq!(answer.header("content-type"), Some(LINES));
    let lines = answer.lines();
    let put: Vec<_> = lines[..5].iter().map(|line| line["put"].as_str()).collect();
    assert_eq!(put, [Some("made"), None, None, None, Some("updated")]);
    assert!(lines[1]["refused"].is_string() && lines[3]["refused"].as_str().unwrap().contains("SN-1"));
    assert_eq!(lines[5]["tally"], json!({"made": 1, "updated": 1, "unchanged": 0, "refused": 3, "passed": 0}));
    assert_eq!(world.count(""), 1);
    let only = world.send("technician", "/v1/devices/import?report=refused", LINES, rows, &[]).is(200).lines();
    assert_eq!(only.len(), 4);
}

#[test]
fn an_atomic_list_is_put_as_a_whole_or_not() {
    let world = world();
    let path = "/v1/devices/import?atomic=true";
    let bad = world.send("technician", path, LINES, b"{\"id\":\"gw-1\"}\n{\"id\":\"gw 2\"}\n", &[]);
    bad.is_problem(422, "value-refused");
    assert_eq!((bad.json()["rows"].as_array().unwrap().len(), world.count("")), (2, 0));
    let good = world.send("technician", path, LINES, b"{\"id\":\"gw-1\"}\n{\"id\":\"gw-2\"}\n", &[]).is(200).lines();
    assert_eq!((good[2]["tally"]["made"].as_i64(), world.count("")), (Some(2), 2));
    let rest = world.send(
        "technician",
        "/v1/devices/import?after=GW-1",
        LINES,
        b"{\"id\":\"gw-1\"}\n{\"id\":\"gw-4\"}\n",
        &[],
    );
    assert_eq!(rest.is(200).lines()[1]["tally"]["passed"], 1);
}

#[test]
fn an_atomic_allow_list_is_put_as_a_whole_or_not() {
    let world = world();
    let path = "/v1/allow/import?group=listed&atomic=true";
    let listed = || world.get("viewer", "/v1/allow?group=listed").json()["items"].as_array().unwrap().len();
    let bad = world.send("technician", path, LINES, b"{\"id\":\"gw-1\"}\n{\"id\":\"gw 2\"}\n{\"id\":\"gw-3\"}\n", &[]);
    bad.is_problem(422, "value-refused");
    let told = bad.json();
    assert_eq!((told["rows"].as_array().unwrap().len(), &told["tally"]["refused"], listed()), (3, &json!(3), 0));
    assert_eq!(told["rows"][0]["refused"], "another row is refused");
    world.send("technician", path, "text/csv", b"id,max_uses\ngw-1,2\ngw-2", &[]).is_problem(422, "value-refused");
    assert_eq!(listed(), 0);
    let good = world.send("technician", path, "text/csv", b"id,max_uses\ngw-1,2\ngw-2,\n", &[]).is(200).lines();
    assert_eq!((good[2]["tally"]["added"].as_i64(), listed()), (Some(2), 2));
}

#[test]
fn a_list_in_csv_goes_out_and_comes_in_the_same() {
    let world = world();
    let csv = "id,serial,vendor,attributes.site\r\ngw-1,SN-1,\"ACME, Inc.\",berlin\r\ngw-2,,,\r\n";
    world.send("technician", "/v1/devices/import", "text/csv", csv.as_bytes(), &[]).is(200);
    let out = world
        .curl(
            "/v1/devices?filter=gw-*",
            &["-H", &format!("Authorization: Bearer {}", world.token("viewer")), "-H", "Accept: text/csv"],
        )
        .is(200);
    assert!(out.header("content-type").unwrap().starts_with("text/csv"));
    assert!(out.text().contains("\"ACME, Inc.\"") && out.text().lines().count() == 3, "{}", out.text());
    let other = world_with(|_| {});
    other.send("technician", "/v1/devices/import", "text/csv", &out.body, &[]).is(200);
    let shown = |world: &crate::world::World| world.get("viewer", "/v1/devices/gw-1").json()["attributes"].clone();
    assert_eq!(shown(&world), shown(&other));
    let lines = ["-H", "Accept: application/x-ndjson"];
    let lines = other.ask_with("viewer", "GET", "/v1/devices", &Value::Null, &lines).is(200).lines();
    assert_eq!((lines.len(), &lines[0]["vendor"]), (2, &json!("ACME, Inc.")));
}

#[test]
fn an_export_of_many_pages_is_whole() {
    let world = world();
    let rows = (0..2_500).map(|n| format!("{{\"id\":\"gw-{n:04}\"}}\n")).collect::<Vec<_>>().concat();
    let report = world.send("technician", "/v1/devices/import", LINES, rows.as_bytes(), &[]).is(200).lines();
    assert_eq!((report.len(), &report[2_500]["tally"]["made"]), (2_501, &json!(2_500)));
    let lines = world.ask_with("viewer", "GET", "/v1/devices", &Value::Null, &["-H", "Accept: application/x-ndjson"]);
    let ids: Vec<_> = lines.is(200).lines().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..2_500).map(|n| format!("gw-{n:04}")).collect::<Vec<_>>());
}

#[test]
fn what_is_no_list_is_refused_and_what_came_before_stays() {
    let world = world_with(|config| config.bounds.longest_import = 100_000);
    let path = "/v1/devices/import";
    world.send("technician", path, "application/json", b"{}", &[]).is_problem(415, "unsupported-media-type");
    world.send("viewer", path, LINES, b"{}", &[]).is_problem(403, "role-too-low");
    world.send("technician", &format!("{path}?atomic=yes"), LINES, b"{}", &[]).is_problem(400, "malformed-request");
    world.send("technician", path, "text/csv", b"name,colour\r\n", &[]).is_problem(400, "malformed-request");
    world.send("technician", path, "text/csv", b"id\r\n\"gw-1\r\n", &[]).is_problem(400, "malformed-request");
    world
        .send("technician", &format!("{path}?after=none"), LINES, b"{\"id\":\"a\"}\n", &[])
        .is_problem(400, "malformed-request");
    let large = (0..6_000).map(|n| format!("{{\"id\":\"gw-{n:04}\"}}\n")).collect::<Vec<_>>().concat();
    for words in [[].as_slice(), &["--http1.1"], &["--http1.1", "-H", "Transfer-Encoding: chunked"]] {
        let answer = world.send("technician", path, LINES, large.as_bytes(), words);
        answer.is_problem(413, "request-too-large");
        let settled = answer.json()["settled"].as_i64().unwrap();
        assert!(settled >= 500 && world.count("") >= settled, "{settled}");
    }
    // A device may be called as a path of ours is.
    world.ask("technician", "POST", "/v1/devices", &json!({"id": "import"})).is(201);
    assert_eq!(world.get("viewer", "/v1/devices/import").is(200).json()["id"], "import");
}

#[test]
fn allow_lists_and_the_block_list_know_when_they_end() {
    let world = world();
    let soon = (time::OffsetDateTime::now_utc() + time::Duration::hours(1))
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    let entry = json!({"group": "listed", "id": "GW-1", "expires": soon, "attributes": {"site": "ulm"}, "max_uses": 2});
    world.ask("technician", "POST", "/v1/allow", &entry).is(204);
    let listed = world.get("viewer", "/v1/allow?group=listed").is(200).json();
    assert_eq!(
        (&listed["items"][0]["device"], &listed["items"][0]["attributes"]["site"]),
        (&json!("gw-1"), &json!("ulm"))
    );
    world.ask("technician", "POST", "/v1/block", &json!({"id": "gw-1", "reason": "stolen", "expires": soon})).is(204);
    world.register("listed", "gw-1").is_problem(403, "device-blocked");
    assert_eq!(world.get("viewer", "/v1/devices/gw-1/why").json()["blocked"]["reason"], "stolen");
    world.pass(3_601);
    // The block has ended, and so has the entry of the allow list.
    world.register("listed", "gw-1").is_problem(403, "allow-list-used-up");
    assert_eq!(world.get("viewer", "/v1/devices/gw-1/why").json()["blocked"], Value::Null);
    for past in
        [json!({"group": "listed", "id": "a", "expires": soon}), json!({"id": "a", "reason": "x", "expires": soon})]
    {
        let path = if past.get("group").is_some() { "/v1/allow" } else { "/v1/block" };
        world.ask("technician", "POST", path, &past).is_problem(422, "value-refused");
    }
    let csv = b"device,max_uses,attributes.site\r\ngw-7,1,ulm\r\ngw 8,,\r\ngw-9,many,\r\n";
    let report = world.send("technician", "/v1/allow/import?group=listed", "text/csv", csv, &[]).is(200).lines();
    assert_eq!(report[0], json!({"row": 1, "put": "added"}));
    assert_eq!(report[3]["tally"], json!({"added": 1, "changed": 0, "same": 0, "refused": 2}));
    world.register("listed", "gw-7").is(201);
    world.send("technician", "/v1/allow/import?group=none", LINES, b"", &[]).is_problem(404, "not-found");
    world.send("technician", "/v1/allow/import", LINES, b"", &[]).is_problem(400, "malformed-request");
    let lines = b"{\"device\":\"gw-7\",\"max_uses\":1,\"attributes\":{\"site\":\"ulm\"}}\n";
    let again = world.send("technician", "/v1/allow/import?group=listed", LINES, lines, &[]).is(200).lines();
    assert_eq!(again[0]["put"], "same");
}

//! The routes of models: what is taken and given is what the OpenAPI document says (judged by jsonschema).

use std::sync::Arc;

use firstlight::registration::Models;
use serde_json::{Value, json};

use crate::world::{Answer, World, world};

const SENSOR_1: &str = "model: sensor\nversion: 1.2.0\ntitle: Sensor\ninstance: {site: {type: string}}\n";
const SENSOR_2: &str = "model: sensor\nversion: 2.0.0\ntitle: Sensor\ninstance: {place: {type: string}}\n";
const WRONG: u64 = 400;

struct Judge {
    world: World,
    document: Value,
}

impl Judge {
    fn new() -> Self {
        let world = world();
        let document = world.get("", "/openapi.json").is(200).json();
        Self { world, document }
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut whole = schema.clone();
        whole["components"] = self.document["components"].clone();
        jsonschema::draft202012::new(&whole).unwrap().is_valid(value)
    }

    /// Asks; body and answer are judged by the operation of that route.
    #[track_caller]
    fn ask(&self, method: &str, route: &str, path: &str, body: &Value, status: u64) -> Answer {
        let operation = &self.document["paths"][route][method.to_ascii_lowercase()];
        let answer = self.world.ask("admin", method, path, body);
        assert_eq!(u64::from(answer.status()), status, "{path} {body}\n{}", answer.text());
        let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            assert_eq!(self.fits(taken, body), status != WRONG, "{path} {body}: {taken}");
        }
        let given = &operation["responses"][status.to_string()];
        assert!(given.is_object(), "{path} says nothing of {status}");
        let kind = answer.header("content-type").unwrap_or_default();
        match &given["content"][kind] {
            Value::Null => assert!(answer.body.is_empty(), "{path}: {kind} is not told"),
            content if kind.ends_with("json") => {
                assert!(self.fits(&content["schema"], &answer.json()), "{path}: {}\n{content}", answer.text());
            }
            _ => {}
        }
        answer
    }

    #[track_caller]
    fn get(&self, route: &str, path: &str, status: u64) -> Answer {
        self.ask("GET", route, path, &Value::Null, status)
    }
}

#[test]
fn models_come_in_and_go_out_as_the_document_says() {
    let judge = Judge::new();
    let import = |body: Value, status| judge.ask("POST", "/v1/models", "/v1/models", &body, status);
    let made = import(json!({"text": SENSOR_1, "model": null, "name": null}), 201);
    assert_eq!(made.header("location"), Some("/v1/models/sensor@1.2.0"));
    import(json!({"text": SENSOR_1, "format": "short"}), 200);
    import(json!({"text": SENSOR_2}), 201);
    let thing = judge.get("/v1/models/{model}", "/v1/models/sensor?as=wot", 200).json();
    import(json!({"model": thing, "name": "lamp", "version": "1.0.0", "format": "wot"}), 201);
    for wrong in [
        json!({}),
        json!({"text": SENSOR_1, "model": {}}),
        json!({"text": 5}),
        json!({"text": SENSOR_1, "format": "xml"}),
        json!({"model": thing, "format": "ddf"}),
        json!({"text": SENSOR_1, "name": "Sensor!"}),
        json!({"text": SENSOR_1, "version": "1.2"}),
        json!({"text": SENSOR_1, "colour": "red"}),
    ] {
        import(wrong, WRONG);
    }
    import(json!({"text": "nothing"}), 422);
    import(json!({"text": SENSOR_2.replace("2.0.0", "1.3.0")}), 409);
    let listed = judge.get("/v1/models", "/v1/models?limit=2", 200).json();
    judge.get("/v1/models", &format!("/v1/models?after={}", listed["next"].as_str().unwrap()), 200);
    let shown = judge.get("/v1/models/{model}", "/v1/models/sensor@1", 200);
    assert!(shown.header("etag").is_some());
    judge.get("/v1/models/{model}", "/v1/models/opaque", 200);
    for form in ["wot", "resolved", "short"] {
        judge.get("/v1/models/{model}", &format!("/v1/models/sensor?as={form}"), 200);
    }
    judge.get("/v1/models/{model}", "/v1/models/sensor?as=pdf", WRONG);
    judge.get("/v1/models/{model}", "/v1/models/pump", 404);
    judge.get("/v1/models/{model}/diff/{other}", "/v1/models/sensor@1/diff/sensor@2", 200);
    let state = |path: &str, body: Value, status| judge.ask("POST", "/v1/models/{model}/state", path, &body, status);
    state("/v1/models/lamp@1.0.0/state", json!({"state": "deprecated"}), 204);
    state("/v1/models/lamp@1.0.0/state", json!({"state": "published"}), 204);
    state("/v1/models/lamp@1.0.0/state", json!({"state": "quarantined"}), WRONG);
    state("/v1/models/lamp@1.0.0/state", json!({"state": "published", "why": "x"}), WRONG);
    let choices = "/v1/register/models";
    let found = judge.world.get("tokens", "/v1/register/models?id=gw-1&group=tokens").is(200).json();
    let schema = &judge.document["paths"][choices]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(judge.fits(schema, &found), "{found}");
}

#[test]
fn rules_are_taken_and_given_as_the_document_says() {
    let judge = Judge::new();
    let put = |body: Value, status| judge.ask("POST", "/v1/model-rules", "/v1/model-rules", &body, status);
    put(json!({"name": "all", "assign": "sensor"}), 204);
    let serial = json!({"prefix": "SN", "from": 0, "to": u64::MAX});
    let when = json!({"vendor": ["ACME*"], "model": ["X-1"], "hardware": ["b"], "firmware": ">=1.4 <2", "serial": serial,
        "objects": ["3303/1.1"]});
    put(json!({"name": "new", "priority": -5, "assign": "sensor@2", "when": when}), 204);
    put(json!({"name": "bare", "assign": "sensor@2.0.0", "when": {"firmware": null, "serial": null}}), 204);
    for wrong in [
        json!({"name": "a"}),
        json!({"name": "a", "assign": "Sensor!"}),
        json!({"name": "a/b", "assign": "sensor"}),
        json!({"name": "", "assign": "sensor"}),
        json!({"name": "a", "assign": "sensor", "priority": 1_000_001}),
        json!({"name": "a", "assign": "sensor", "priority": null}),
        json!({"name": "a", "assign": "sensor", "declared": true}),
        json!({"name": "a", "assign": "sensor", "when": null}),
        json!({"name": "a", "assign": "sensor", "when": {"vendro": ["x"]}}),
        json!({"name": "a", "assign": "sensor", "when": {"vendor": [""]}}),
        json!({"name": "a", "assign": "sensor", "when": {"serial": {}}}),
        json!({"name": "a", "assign": "sensor", "when": {"serial": {"from": -1}}}),
        json!({"name": "a", "assign": "sensor", "when": {"objects": [3303]}}),
    ] {
        put(wrong, WRONG);
    }
    let listed = judge.get("/v1/model-rules", "/v1/model-rules", 200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    let remove = |path: &str, status| judge.ask("DELETE", "/v1/model-rules/{rule}", path, &Value::Null, status);
    remove("/v1/model-rules/all", 204);
    remove("/v1/model-rules/all", 404);
}

#[test]
fn the_model_of_a_device_is_told_as_the_document_says() {
    let judge = Judge::new();
    for text in [SENSOR_1, SENSOR_2] {
        judge.ask("POST", "/v1/models", "/v1/models", &json!({"text": text}), 201);
    }
    judge.world.register("tokens", "gw-1").is(201);
    let (route, path) = ("/v1/devices/{id}/model", "/v1/devices/gw-1/model");
    let give = |body: Value, status| judge.ask("POST", route, path, &body, status);
    give(json!({"model": "sensor@1", "values": {"site": "hall"}}), 200);
    give(json!({"model": "sensor@2", "values": {"place": "hall"}}), 200);
    give(json!({"model": "sensor@2", "values": {"colour": 7}}), 422);
    give(json!({"model": "pump", "values": null}), 422);
    for wrong in [json!({}), json!({"model": "Sensor!"}), json!({"model": "sensor", "values": []})] {
        give(wrong, WRONG);
    }
    let told = judge.get(route, path, 200).json();
    assert!(told["items"].as_array().unwrap().len() >= 2, "{told}");
    judge.get(route, "/v1/devices/none/model", 404);
    judge.get("/v1/devices/{id}/description", "/v1/devices/gw-1/description", 200);
    let route = "/v1/devices/{id}/model/decide";
    let decide = |body: Value, status| judge.ask("POST", route, "/v1/devices/gw-1/model/decide", &body, status);
    decide(json!({"decision": "roll-back"}), 200);
    decide(json!({"decision": "approve", "reason": null}), 409);
    decide(json!({"decision": "dismiss", "reason": "no"}), 409);
    for wrong in
        [json!({"decision": "dismiss"}), json!({"decision": "keep"}), json!({"decision": "approve", "why": "x"})]
    {
        decide(wrong, WRONG);
    }
    // A rule wants a model whose values nobody told: it waits for a person.
    judge.world.register("tokens", "gw-2").is(201);
    let rule = json!({"name": "all", "assign": "sensor@2"});
    judge.ask("POST", "/v1/model-rules", "/v1/model-rules", &rule, 204);
    Arc::new(Models::open(judge.world.registry.clone(), Vec::new()).unwrap()).reassign("test").unwrap();
    let waiting = judge.get("/v1/model-proposals", "/v1/model-proposals?limit=5", 200).json();
    assert_eq!((&waiting["items"][0]["device"], &waiting["items"][0]["state"]), (&json!("gw-2"), &json!("proposed")));
    let dismissed = json!({"decision": "dismiss", "reason": "it is a lamp"});
    judge.ask("POST", route, "/v1/devices/gw-2/model/decide", &dismissed, 204);
}

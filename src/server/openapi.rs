//! The OpenAPI 3.1 document, made from the table of routes.

use serde_json::{Map, Value, json};

use super::problem::Fault;
use super::routes::{Doing, ROUTES, Route};
use crate::fleet::enrolment::Refusal;

/// Returns the document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "firstlight registration", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "schemas": {"Problem": problem()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token, or a JWT signed by the device (ES256)."},
                "claim": {"type": "http", "scheme": "Firstlight-Claim", "description": "HMAC-SHA-256 by a key of the device."},
                "certificate": {"type": "mutualTLS", "description": "A client certificate of an issuer of the group."},
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let names =
        route.names().map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let mut operation = json!({
        "operationId": route.word,
        "summary": route.summary,
        "parameters": names.collect::<Vec<_>>(),
        "responses": responses(route),
        "security": security(route.doing),
    });
    if route.takes_body {
        let any = json!({"schema": {"type": "object"}});
        operation["requestBody"] = json!({"content": {"application/json": any, "application/cbor": any}});
    }
    operation
}

fn responses(route: &Route) -> Value {
    let good = route.good.iter().map(|status| (status.to_string(), json!({"description": meaning(*status)})));
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    let bad = json!({
        "description": "A problem (RFC 9457).",
        "content": {"application/problem+json": problem, "application/cbor": problem},
    });
    good.chain([("default".to_owned(), bad)]).collect::<Map<_, _>>().into()
}

fn meaning(status: u16) -> &'static str {
    match status {
        201 => "It was made.",
        202 => "It is not decided yet; ask again after Retry-After.",
        204 => "It is done.",
        304 => "Nothing changed since the version in If-None-Match.",
        _ => "The answer.",
    }
}

fn security(doing: Doing) -> Value {
    match doing {
        Doing::Device(super::routes::Call::Challenge) | Doing::Health | Doing::Ready | Doing::Document => json!([]),
        Doing::Device(_) => json!([{"token": []}, {"claim": []}, {"certificate": []}]),
        Doing::Admin(..) | Doing::Import(..) | Doing::Metrics => json!([{"token": []}, {"certificate": []}]),
    }
}

fn problem() -> Value {
    let codes = Refusal::ALL.iter().map(|refusal| refusal.code()).chain(Fault::ALL.iter().map(|fault| fault.code()));
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": codes.collect::<Vec<_>>()},
            "detail": {"type": "string"},
            "hint": {"type": "string"},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_once_and_has_a_word_of_its_own() {
        let document = document();
        for (at, route) in ROUTES.iter().enumerate() {
            let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
            assert_eq!(operation["operationId"], route.word);
            assert_eq!(operation["parameters"].as_array().unwrap().len(), route.path.matches('{').count());
            assert!(ROUTES[..at].iter().all(|other| other.word != route.word && other.title() != route.title()));
        }
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, ROUTES.len());
    }

    #[test]
    fn only_four_routes_are_open() {
        let open = ROUTES.iter().filter(|route| security(route.doing) == json!([])).map(|route| route.word);
        assert_eq!(open.collect::<Vec<_>>(), ["challenge", "health", "ready", "document"]);
    }
}

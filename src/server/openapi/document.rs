//! The document as a whole.

use serde_json::{Map, Value, json};

use super::super::problem::Fault;
use super::super::routes::{Call, Doing, ROUTES, Route};
use super::told::{Precondition, Told};
use super::{devices, models, people, shapes, told};
use crate::fleet::enrolment::Refusal;

/// Returns the document.
pub(in crate::server) fn document() -> Value {
    let mut paths = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route);
    }
    let mut schemas = Map::from_iter([("Problem".to_owned(), problem())]);
    let named = devices::schemas().into_iter().chain(people::schemas()).chain(models::schemas());
    schemas.extend(named.map(|(name, schema)| (name.to_owned(), schema)));
    json!({
        "openapi": "3.1.0",
        "info": {"title": "firstlight registration", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token, or a JWT signed by the device (ES256)."},
                "claim": {"type": "http", "scheme": "Firstlight-Claim", "description": "HMAC-SHA-256 by a key of the device."},
                "certificate": {"type": "mutualTLS", "description": "A client certificate of an issuer of the group, or of one who may administer."},
            },
        },
    })
}

/// A route that says nothing of itself.
const PLAIN: Told = Told { body: "", good: &[], query: &[], precondition: Precondition::Free };

fn operation(route: &Route) -> Value {
    let told = told::of(route.word);
    let is_told = told.is_some();
    let told = told.unwrap_or(PLAIN);
    let mut responses = shapes::responses(route, &told);
    if !is_told {
        for status in route.good {
            responses.insert(status.to_string(), json!({"description": "The answer."}));
        }
    }
    let mut operation = json!({
        "operationId": route.word,
        "summary": route.summary,
        "tags": [tag(route)],
        "parameters": shapes::parameters(route, &told),
        "responses": responses,
        "security": security(route.doing),
    });
    if let Doing::Admin(_, role) | Doing::Import(_, role) = route.doing {
        operation["description"] = format!("For the role {} and those above it.", role.as_str()).into();
    }
    if let Some(body) = shapes::body(route, &told) {
        operation["requestBody"] = body;
    }
    operation
}

fn tag(route: &Route) -> &'static str {
    match route.doing {
        Doing::Device(_) => "devices register",
        Doing::Admin(..) | Doing::Import(..) => "administration",
        Doing::Health | Doing::Ready | Doing::Metrics | Doing::Document => "operation",
    }
}

fn security(doing: Doing) -> Value {
    match doing {
        Doing::Device(Call::Challenge) | Doing::Health | Doing::Ready | Doing::Document => json!([]),
        Doing::Device(_) => json!([{"token": []}, {"claim": []}, {"certificate": []}]),
        Doing::Admin(..) | Doing::Import(..) | Doing::Metrics => json!([{"token": []}, {"certificate": []}]),
    }
}

fn problem() -> Value {
    let codes = Refusal::ALL.iter().map(|refusal| refusal.code()).chain(Fault::ALL.iter().map(|fault| fault.code()));
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "hint"],
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
            let in_path = operation["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "path").count();
            assert_eq!(in_path, route.path.matches('{').count());
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

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let references: Vec<&str> = text.split("#/components/schemas/").skip(1).collect();
        assert!(references.len() > 50);
        for reference in references {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }

    #[test]
    fn every_route_says_what_it_takes_and_gives() {
        let silent = ROUTES.iter().filter(|route| told::of(route.word).is_none());
        assert_eq!(silent.map(|route| route.word).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

//! The OpenAPI 3.1 document, made from the table of routes.

mod devices;
mod document;
mod models;
mod people;
mod shapes;
mod told;
mod values;

pub(super) use document::document;

//! Forms of an inventory, and reading each.

use std::sync::Arc;

use super::super::Faults;
use super::packed::Inventory;
use super::{csv, yaml};

/// Forms of an inventory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InventoryForm {
    /// Comma-separated values (RFC 4180) with a header row.
    Csv,
    /// A YAML list of mappings, or a mapping with one under `devices`. JSON is YAML.
    Yaml,
}

impl InventoryForm {
    /// Tells the form by the file's ending; a text without a telling name (standard input) by its beginning.
    pub fn of(file: &str, text: &str) -> Self {
        let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("yaml" | "yml" | "json") => InventoryForm::Yaml,
            Some("csv" | "tsv" | "txt") => InventoryForm::Csv,
            _ => Self::by_content(text),
        }
    }

    fn by_content(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next().unwrap_or_default();
        let yaml = first.starts_with(['-', '[', '{', '%']) || first.starts_with("devices:");
        if yaml { InventoryForm::Yaml } else { InventoryForm::Csv }
    }
}

impl Inventory {
    /// Reads an inventory; every fault of it by itself is noted with its place.
    pub fn parse(file: &Arc<str>, form: InventoryForm, text: &str, faults: &mut Faults) -> Self {
        match form {
            InventoryForm::Csv => csv::read(file, text, faults),
            InventoryForm::Yaml => yaml::read(file, text, faults),
        }
    }
}

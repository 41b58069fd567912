//! What a person says of a device: shared by `devices add`, `adopt` and `edit`.

use std::collections::BTreeMap;

use crate::command::{Context, registry};
use crate::fleet::{Class, EndpointName, SerialNumber};
use crate::registry::{ExpectedDevice, Registry};
use crate::ui::Complaint;

/// What is known of a device.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Facts {
    /// Its serial number
    #[arg(long, value_name = "TEXT")]
    pub serial: Option<String>,
    /// Its enrolment group
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Its vendor
    #[arg(long, value_name = "TEXT")]
    pub vendor: Option<String>,
    /// Its hardware
    #[arg(long, value_name = "TEXT")]
    pub hardware: Option<String>,
    /// Its firmware
    #[arg(long, value_name = "TEXT")]
    pub firmware: Option<String>,
    /// Where it is reached
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// An attribute to find it by; once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub attribute: Vec<(String, String)>,
}

/// Reads `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Takes `NAME` or `NAME@VERSION` apart.
pub fn model(text: Option<&str>) -> (Option<String>, Option<String>) {
    match text.map(|text| text.split_once('@').unwrap_or((text, ""))) {
        None => (None, None),
        Some((name, "")) => (Some(name.to_owned()), None),
        Some((name, version)) => (Some(name.to_owned()), Some(version.to_owned())),
    }
}

impl Facts {
    /// Returns the attributes; the last of a name holds.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        self.attribute.iter().cloned().collect()
    }

    /// Returns the serial number, if one is told.
    pub fn serial(&self) -> anyhow::Result<Option<SerialNumber>> {
        Ok(self.serial.as_deref().map(SerialNumber::new).transpose()?)
    }

    /// Returns a device of which this is known.
    pub fn device(&self, id: &EndpointName, of_model: Option<&str>) -> anyhow::Result<ExpectedDevice> {
        let (model, version) = model(of_model);
        Ok(ExpectedDevice {
            serial: self.serial()?,
            group: self.group.clone(),
            model,
            version,
            vendor: self.vendor.clone(),
            hardware: self.hardware.clone(),
            firmware: self.firmware.clone(),
            address: self.address.clone(),
            attributes: self.attributes(),
            ..ExpectedDevice::named(id.clone())
        })
    }
}

/// Opens the registry of the fleet, which is made where there is none; refuses a group that it does not know.
pub fn with_group(context: &Context, group: Option<&str>) -> anyhow::Result<Registry> {
    let (_, registry) = registry::open(context)?;
    if let Some(group) = group {
        check_group(&registry, group)?;
    }
    Ok(registry)
}

/// Refuses a group that the registry does not know.
pub fn check_group(registry: &Registry, group: &str) -> anyhow::Result<()> {
    if registry.group(group)?.is_some() {
        return Ok(());
    }
    Err(Complaint::new(Class::Input, format!("there is no enrolment group {group:?}"))
        .with_hint("declare it in the fleet file's `enrolment`, or list them: firstlight group list")
        .into())
}

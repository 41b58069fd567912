//! What a device would be told today.

use std::sync::Arc;

use crate::bootstrap::Configuration;
use crate::command::{Context, opened};
use crate::fleet::{Class, EndpointName};
use crate::station::remote::{self, RemoteError};
use crate::ui::Complaint;

/// Returns the configuration of a device. Nothing is issued for it: a device without credentials is refused.
pub(super) fn configuration(device: &str, context: &Context) -> anyhow::Result<Arc<Configuration>> {
    let station = opened::station(context, None)?;
    let device = EndpointName::new(device)?;
    let plan = remote::plan(&station, &device)?;
    let (group, model) = (plan.group.as_deref(), plan.model.as_deref());
    let wanted = station.folder().fleet.bootstrap().of(&plan.profile, group, model, device.as_str());
    let new_account = wanted.account.is_some();
    let plan = match &wanted.account {
        Some(account) => station.folder().fleet.with_account(&plan, account),
        None => plan,
    };
    if !remote::is_issued(&station, &plan, new_account).map_err(known)? {
        let words = format!("{:?} has no credentials yet, so there is nothing to tell it", device.as_str());
        return Err(Complaint::new(Class::Input, words)
            .with_hint(format!("firstlight issue {}", device.as_str()))
            .into());
    }
    let told = remote::objects(&station, &plan, new_account).map_err(known)?;
    Ok(Arc::new(Configuration {
        model: plan.model.as_ref().map(ToString::to_string),
        ..Configuration::of(device, wanted, told.objects)
    }))
}

/// The error below, which knows its class.
fn known(error: RemoteError) -> anyhow::Error {
    match error {
        RemoteError::Station(error) => error.into(),
        RemoteError::Registry(error) => error.into(),
        error @ RemoteError::Destroyed { .. } => Complaint::new(Class::Refused, error.to_string()).into(),
    }
}

//! The check of a group's own: it may refuse a device, hold it for a person, set attributes.

use std::collections::BTreeMap;

use serde_json::json;

use crate::fleet::enrolment::{HookFailure, HookTarget, Refusal};
use crate::registry::registering::{Asked, Validated};

use super::caller::{HookCaller, Uncalled};
use super::words::{Ask, of_device};

impl HookCaller {
    /// Asks the hook `validate`; returns what it decides, attributes it sets, and words for the device.
    pub(in crate::registration) fn validate(
        &self,
        target: &HookTarget,
        fleet: &str,
        asked: &Asked,
    ) -> (Validated, BTreeMap<String, String>, String) {
        let more = json!({ "device": of_device(&asked.asked), "source": asked.source });
        let ask = Ask { step: "validate", fleet, group: Some(&asked.group), key: &asked.request, more };
        let said = self.ask(target, &ask).and_then(|said| {
            let attributes = said.attributes().map_err(Uncalled::Failed)?;
            Ok((said, attributes))
        });
        match said {
            Ok((said, _)) if !said.ok => (Validated::Refused(Refusal::DeniedByHook), BTreeMap::new(), said.words()),
            Ok((said, attributes)) => {
                let validated = if said.hold { Validated::Held } else { Validated::Agreed };
                (validated, attributes, said.words())
            }
            Err(_) if target.fail == HookFailure::Open => (Validated::Agreed, BTreeMap::new(), String::new()),
            Err(why) => {
                let words = format!("the group's own check failed: {}", why.words());
                (Validated::Refused(Refusal::HookFailed), BTreeMap::new(), words)
            }
        }
    }
}

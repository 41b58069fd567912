//! Which act is whose, and who may act at all.

use std::io::Read;

use crate::fleet::enrolment::{Filter, Refusal, Role};
use crate::registry::{Scope, token_hash};

use super::super::exchange::{Act, Administration, Asked, Credentials, Reply};
use super::office::{Answered, Office};

impl Office {
    fn answer(&self, actor: &str, asked: &Asked) -> Answered {
        let name = |at: usize| asked.names.get(at).map_or("", String::as_str);
        match asked.act {
            Act::ListDevices => self.list_devices(asked),
            Act::AddDevice => self.add_device(actor, asked),
            Act::ShowDevice => self.show_device(name(0)),
            Act::PutDevice => self.put_device(actor, name(0), asked),
            Act::EditDevice => self.edit_device(actor, name(0), asked),
            Act::RetireDevice => self.retire_device(actor, name(0), asked),
            Act::AdoptDevice => self.adopt_device(actor, name(0), asked),
            Act::TriggerBootstrap => self.trigger_bootstrap(actor, name(0), asked),
            Act::ShowTrigger => self.show_trigger(name(0)),
            Act::CancelTrigger => self.cancel_trigger(actor, name(0)),
            Act::DeviceCredentials => self.device_credentials(name(0)),
            Act::DeviceHistory => self.device_history(name(0), asked),
            Act::WhyDevice => self.why_device(name(0)),
            Act::ListGroups => self.list_groups(asked),
            Act::ShowGroup => self.show_group(name(0)),
            Act::NarrowGroup => self.narrow_group(actor, name(0), asked),
            Act::ListAllowed => self.list_allowed(asked),
            Act::Allow => self.allow(actor, asked),
            Act::Disallow => self.disallow(actor, name(0), name(1)),
            Act::ListBlocked => self.list_blocked(asked),
            Act::Block => self.block(actor, asked),
            Act::Unblock => self.unblock(actor, name(0)),
            Act::ListTokens => self.list_tokens(asked),
            Act::MakeToken => self.make_token(actor, asked),
            Act::RevokeToken => self.revoke_token(actor, name(0)),
            Act::ListApprovals => self.list_approvals(asked),
            Act::Approve => self.approve(actor, name(0), asked),
            Act::Deny => self.deny(actor, name(0), asked),
            Act::ListModels => self.list_models(asked),
            Act::ShowModel => self.show_model(name(0), asked),
            Act::ImportModel => self.import_model(actor, asked),
            Act::SetModelState => self.set_model_state(actor, name(0), asked),
            Act::DiffModels => self.diff_models(name(0), name(1)),
            Act::ListRules => self.list_rules(),
            Act::PutRule => self.put_rule(actor, asked),
            Act::RemoveRule => self.remove_rule(actor, name(0)),
            Act::ListProposals => self.list_proposals(asked),
            Act::DeviceModel => self.device_model(name(0)),
            Act::AssignModel => self.assign_model(actor, name(0), asked),
            Act::DecideModel => self.decide_model(actor, name(0), asked),
            Act::DescribeDevice => self.describe_device(name(0)),
            Act::ListEvents => self.list_events(asked),
            Act::Stats => self.stats(),
            Act::ImportDevices | Act::ImportAllowed => Ok(Reply::refused(Refusal::MalformedRequest, "it is a stream")),
        }
    }
}

impl Administration for Office {
    fn who(&self, credentials: &Credentials<'_>) -> Result<(String, Role), Refusal> {
        let Some(header) = credentials.authorization else {
            let first = credentials.certificates.first().ok_or(Refusal::ProofMissing)?;
            return self.admins.judge(first, &credentials.certificates[1..], self.registry.now());
        };
        let token = header.strip_prefix("Bearer ").ok_or(Refusal::ProofNotAccepted)?;
        let found = self.registry.find_token(&token_hash(token.trim().as_bytes()));
        let found = found.map_err(|_| Refusal::TryLater)?.ok_or(Refusal::TokenUnknown)?;
        if !found.is_good(self.registry.now()) {
            return Err(Refusal::TokenExpired);
        }
        match found.scope {
            Scope::Role(role) => Ok((format!("token {}", found.id), role)),
            _ => Err(Refusal::ProofNotAccepted),
        }
    }

    fn act(&self, actor: &str, _: Role, asked: &Asked) -> Reply {
        self.answer(actor, asked).unwrap_or_else(super::office::Trouble::reply)
    }

    fn import(&self, actor: &str, _: Role, asked: &Asked, stream: &mut dyn Read) -> Reply {
        let done = match asked.act {
            Act::ImportDevices => self.import_devices(actor, asked, stream),
            Act::ImportAllowed => self.import_allowed(actor, asked, stream),
            _ => Ok(Reply::refused(Refusal::MalformedRequest, "it is no stream")),
        };
        done.unwrap_or_else(super::office::Trouble::reply)
    }

    fn figures(&self) -> String {
        let mut lines = String::from("# TYPE firstlight_devices gauge\n");
        for state in ["expected", "pending", "assigning", "registered", "retired"] {
            let filter = Filter::parse(&format!("state={state}"));
            if let Some(count) = filter.ok().and_then(|filter| self.registry.count(&filter).ok()) {
                lines.push_str(&format!("firstlight_devices{{state=\"{state}\"}} {count}\n"));
            }
        }
        lines
    }
}

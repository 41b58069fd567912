//! All that a device is to be told in one answer (LwM2M TS Core 1.2, section 6.1.4: Bootstrap-Pack).

use crate::coap::Response;
use crate::fleet::lwm2m::{Instance, Object, Path, SECURITY};
use crate::format::coap::Code;
use crate::format::payload::{PayloadFormat, encode};

use super::configuration::Configuration;
use super::outcome::Failure;
use super::precheck;
use super::set::{ObjectSet, copy};

/// Where clients keep the account of their bootstrap server, so that nothing is written there unseen: at 0 or at 1.
const USUAL_ACCOUNTS: u16 = 2;

/// Why there is no pack, and what is answered. The device then asks for the usual procedure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoPack {
    /// The code.
    pub code: Code,
    /// Why, in words.
    pub why: String,
}

/// Returns the answer to a Bootstrap-Pack-Request that wants the content format `accept`. Nobody has asked the device where
/// its bootstrap account lies: what is written keeps clear of the places where clients have it.
pub fn pack(configuration: &Configuration, accept: Option<u16>) -> Result<Response, NoPack> {
    let no = |code: u8, why: &str| NoPack { code: Code(code), why: why.to_owned() };
    if !configuration.pack || configuration.new_account {
        return Err(no(5 << 5 | 1, "it is not given in one answer"));
    }
    if configuration.procedure.name != "standard" {
        return Err(no(5 << 5 | 1, "its procedure has steps of its own, which one answer cannot hold"));
    }
    let format = match accept {
        None | Some(112) => PayloadFormat::SenmlCbor,
        Some(110) => PayloadFormat::SenmlJson,
        Some(11544) => PayloadFormat::Lwm2mCbor,
        Some(_) => return Err(no(4 << 5 | 6, "it wants a content format that holds no pack")),
    };
    let unsound = |failure: Failure| no(5 << 5, &failure.to_string());
    precheck::check(configuration, &ObjectSet::of(&configuration.objects)).map_err(unsound)?;
    let objects = clear_of_account(&configuration.objects, configuration.limits.account);
    let payload = encode(format, Path::Root, &objects).map_err(|error| no(5 << 5, &error.to_string()))?;
    let payload = payload.expose(<[u8]>::to_vec);
    let number = accept.unwrap_or(112);
    if configuration.limits.payload_bytes.is_some_and(|most| payload.len() > most) {
        return Err(no(5 << 5 | 1, "it is longer than the client takes"));
    }
    Ok(Response::new(Code::CONTENT).with(number, payload))
}

fn clear_of_account(objects: &[Object], account: Option<u16>) -> Vec<Object> {
    let renumbered = |instances: &[Instance]| -> Vec<Instance> {
        let free = account.map_or(USUAL_ACCOUNTS, |_| 0)..;
        let free = free.filter(|id| Some(*id) != account);
        free.zip(instances).map(|(id, instance)| Instance { id, ..copy(instance) }).collect()
    };
    let object = |object: &Object| Object {
        id: object.id,
        instances: if object.id == SECURITY {
            renumbered(&object.instances)
        } else {
            object.instances.iter().map(copy).collect()
        },
    };
    objects.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::EndpointName;
    use crate::fleet::bootstrap::{ClientLimits, Procedure};
    use crate::fleet::lwm2m::{Accounts, Opaque, SecurityAccount, SecurityMode, ServerAccount, data_type};
    use crate::format::payload::decode;

    fn configuration(limits: ClientLimits) -> Configuration {
        let empty = || Opaque::new(Vec::new());
        let security = SecurityAccount {
            uri: "coap://lwm2m.example".into(),
            bootstrap: false,
            mode: SecurityMode::NoSec,
            identity: empty(),
            server_key: empty(),
            secret_key: empty(),
            short_server_id: Some(1),
            certificate_usage: None,
        };
        let server = ServerAccount { short_server_id: 1, lifetime: 60, binding: "U".into() };
        let accounts = Accounts { security: vec![security], servers: vec![server], access: vec![] };
        Configuration {
            device: EndpointName::new("gw-1").unwrap(),
            model: None,
            firmware: None,
            objects: accounts.into_objects(),
            new_account: false,
            procedure: Arc::new(Procedure::standard()),
            limits,
            timing: crate::coap::Timing::default(),
            pack: true,
        }
    }

    fn ids(limits: ClientLimits, accept: Option<u16>, format: PayloadFormat) -> Vec<(u16, u16)> {
        let response = pack(&configuration(limits), accept).unwrap();
        let objects = decode(format, Path::Root, &response.payload, &data_type).unwrap();
        objects.iter().flat_map(|object| object.instances.iter().map(|instance| (object.id, instance.id))).collect()
    }

    #[test]
    fn a_pack_keeps_clear_of_the_bootstrap_account() {
        let known = |account| ClientLimits { account: Some(account), ..ClientLimits::default() };
        for (accept, format) in [
            (None, PayloadFormat::SenmlCbor),
            (Some(110), PayloadFormat::SenmlJson),
            (Some(11544), PayloadFormat::Lwm2mCbor),
        ] {
            assert_eq!(ids(ClientLimits::default(), accept, format), [(0, 2), (1, 0)]);
            assert_eq!(ids(known(0), accept, format), [(0, 1), (1, 0)]);
            assert_eq!(ids(known(1), accept, format), [(0, 0), (1, 0)]);
        }
    }

    #[test]
    fn what_cannot_be_given_in_one_answer_is_not() {
        let code = |change: &dyn Fn(&mut Configuration), accept| {
            let mut configuration = configuration(ClientLimits::default());
            change(&mut configuration);
            pack(&configuration, accept).unwrap_err().code.to_string()
        };
        assert_eq!(code(&|_| {}, Some(0)), "4.06");
        assert_eq!(code(&|configuration| configuration.pack = false, None), "5.01");
        let own = |configuration: &mut Configuration| {
            configuration.procedure = Arc::new(Procedure { name: "own".into(), ..Procedure::standard() });
        };
        assert_eq!(code(&own, None), "5.01");
        assert_eq!(code(&|configuration| configuration.limits.payload_bytes = Some(10), None), "5.01");
        let broken = |configuration: &mut Configuration| configuration.objects.retain(|object| object.id == 0);
        assert_eq!(code(&broken, None), "5.00");
    }
}

//! The procedure against clients in memory: as the standard describes them, and as they are.

mod explaining;
mod faults;
mod ground;
mod procedures;
mod sequences;
mod sets;

use std::sync::Arc;

use crate::coap::{Response, Timing, Unanswered};
use crate::fleet::EndpointName;
use crate::fleet::bootstrap::{ClientLimits, Procedure};
use crate::fleet::lwm2m::{
    AccessControl, Accounts, Enabler, Object, Opaque, SecurityAccount, SecurityMode, ServerAccount,
};

use super::pattern_client::{Behaviour, PatternClient};
use super::{BootstrapRequest, Configuration, Ending, Next, Outcome, Session};

pub(super) const KEY: &[u8] = b"a key of 16 byte";

pub(super) fn security(short_server_id: Option<u16>) -> SecurityAccount {
    SecurityAccount {
        uri: format!("coaps://server-{}.example", short_server_id.unwrap_or(0)),
        bootstrap: short_server_id.is_none(),
        mode: SecurityMode::Psk,
        identity: Opaque::new(b"gw-1".to_vec()),
        server_key: Opaque::new(Vec::new()),
        secret_key: Opaque::new(KEY.to_vec()),
        short_server_id,
        certificate_usage: None,
    }
}

/// Accounts of servers 1 to `servers`, with rights on /3/0 where there are several.
pub(super) fn objects(servers: u16) -> Vec<Object> {
    let rights = (1..=servers).map(|server| (server, 15)).collect();
    let access = AccessControl { object: 3, instance: 0, rights, owner: 1 };
    Accounts {
        security: (1..=servers).map(|server| security(Some(server))).collect(),
        servers: (1..=servers)
            .map(|server| ServerAccount { short_server_id: server, lifetime: 300, binding: "U".into() })
            .collect(),
        access: if servers > 1 { vec![access] } else { vec![] },
    }
    .into_objects()
}

pub(super) fn configuration(objects: Vec<Object>) -> Configuration {
    Configuration {
        device: EndpointName::new("gw-1").unwrap(),
        model: Some("gateway".into()),
        firmware: Some("1.4.2".into()),
        objects,
        new_account: false,
        procedure: Arc::new(Procedure::standard()),
        limits: ClientLimits::default(),
        timing: Timing::default(),
        pack: false,
    }
}

pub(super) fn asked(version: Enabler) -> BootstrapRequest {
    let preferred = (version > Enabler::V1_0).then_some(112);
    BootstrapRequest { endpoint: Some("gw-1".into()), preferred }
}

pub(super) fn client(version: Enabler, account: u16) -> PatternClient {
    PatternClient::new(Behaviour::of(version), account)
}

/// What is done with the messages of a session, by their number from 0; none lets the client answer.
pub(super) type Fault<'a> = &'a dyn Fn(usize) -> Option<Result<Response, Unanswered>>;

/// Runs a session to its end; returns the outcome and what was asked.
pub(super) fn run(
    configuration: Configuration,
    client: &mut PatternClient,
    fault: Fault<'_>,
) -> (Outcome, Vec<String>) {
    let asked = asked(client.behaviour.version);
    let mut session = Session::begin(Arc::new(configuration), &asked);
    let mut trace = Vec::new();
    loop {
        assert!(trace.len() < 500, "the session does not end: {trace:#?}");
        match session.next() {
            Next::Ask(request) => {
                let method = ["", "GET", "POST", "PUT", "DELETE"][usize::from(request.code.0)];
                let format = request.format.map_or(String::new(), |format| format!(" {format}"));
                let line = format!("{method} /{}{format}", request.path.join("/"));
                let answer = fault(trace.len()).unwrap_or_else(|| Ok(client.answer(&request)));
                trace.push(match &answer {
                    Ok(response) => format!("{line} -> {}", response.code),
                    Err(_) => format!("{line} -> silence"),
                });
                session.heard(answer);
            }
            Next::Consult(_) => session.consulted(Err("there is no service here".into())),
            Next::Done(outcome) => return (outcome, trace),
        }
    }
}

pub(super) fn undisturbed(_: usize) -> Option<Result<Response, Unanswered>> {
    None
}

/// What must hold after any bootstrap, whatever was answered.
pub(super) fn assert_alive(client: &PatternClient, outcome: &Outcome, trace: &[String]) {
    assert!(!client.lost_account, "the bootstrap account was touched: {trace:#?}");
    if client.is_finished {
        assert!(client.is_sound(), "finish over a broken set: {trace:#?}");
    }
    if outcome.ending == Ending::Finished {
        let said_yes = trace.iter().any(|line| line.starts_with("POST /bs -> 2."));
        assert!(said_yes, "finished without finish: {trace:#?}");
    }
}

//! The one table of routes: the router, the OpenAPI document and the metrics are made from it.

use crate::registration::exchange::{Act, Role};

/// What a device calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    Register,
    Models,
    Challenge,
    Status,
    Renew,
    Report,
    End,
    Bootstrap,
    BootstrapResult,
}

/// What a route does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doing {
    /// A device's call; the device proves itself.
    Device(Call),
    /// A person's or a program's act, and the least role for it.
    Admin(Act, Role),
    /// A person's or a program's act with a list that is read while it comes, and the least role for it.
    Import(Act, Role),
    /// Says whether the server serves; open to all.
    Health,
    /// Says whether the registry answers; open to all.
    Ready,
    /// The metrics; for viewers.
    Metrics,
    /// The OpenAPI document; open to all.
    Document,
}

/// One route.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// The path; its variable parts stand in braces.
    pub(super) path: &'static str,
    /// A word of its own: the `operationId`.
    pub(super) word: &'static str,
    pub(super) summary: &'static str,
    pub(super) takes_body: bool,
    /// Statuses of good answers.
    pub(super) good: &'static [u16],
    pub(super) doing: Doing,
}

const fn device(
    method: &'static str,
    path: &'static str,
    word: &'static str,
    call: Call,
    good: &'static [u16],
    summary: &'static str,
) -> Route {
    // A device sends a body with every POST.
    Route { method, path, word, summary, takes_body: method.len() == 4, good, doing: Doing::Device(call) }
}

const fn admin(
    method: &'static str,
    path: &'static str,
    word: &'static str,
    act: Act,
    role: Role,
    summary: &'static str,
) -> Route {
    // POST, PUT and PATCH carry one.
    let takes_body = !matches!(method.as_bytes(), b"GET" | b"DELETE");
    Route { method, path, word, summary, takes_body, good: &[200, 201, 204], doing: Doing::Admin(act, role) }
}

const fn import(path: &'static str, word: &'static str, act: Act, role: Role, summary: &'static str) -> Route {
    Route { method: "POST", path, word, summary, takes_body: true, good: &[200], doing: Doing::Import(act, role) }
}

const fn open(path: &'static str, word: &'static str, doing: Doing, summary: &'static str) -> Route {
    Route { method: "GET", path, word, summary, takes_body: false, good: &[200], doing }
}

use Act as A;
use Call as C;
use Role::{Admin, Approver, Technician, Viewer};

/// All routes.
pub(super) static ROUTES: [Route; 58] = [
    device("POST", "/v1/register", "register", C::Register, &[200, 201, 202], "Register this device."),
    device(
        "GET",
        "/v1/register/models",
        "models",
        C::Models,
        &[200],
        "List models to choose from (?id=ID&group=GROUP).",
    ),
    device("GET", "/v1/challenge", "challenge", C::Challenge, &[200], "Get a nonce, for a device without a clock."),
    device(
        "GET",
        "/v1/registrations/{registration}",
        "status",
        C::Status,
        &[200, 202],
        "See how a registration stands.",
    ),
    device(
        "POST",
        "/v1/registrations/{registration}/renew",
        "renew",
        C::Renew,
        &[200, 202],
        "Renew a lease or credentials.",
    ),
    device(
        "POST",
        "/v1/registrations/{registration}/report",
        "report",
        C::Report,
        &[200, 204],
        "Report firmware, objects, attributes.",
    ),
    device("DELETE", "/v1/registrations/{registration}", "end", C::End, &[200, 204], "End a registration."),
    device("GET", "/v1/bootstrap", "bootstrap", C::Bootstrap, &[200, 304], "Fetch the sealed bootstrap bundle."),
    device(
        "POST",
        "/v1/bootstrap/result",
        "bootstrapResult",
        C::BootstrapResult,
        &[200, 204],
        "Send the result of a bootstrap.",
    ),
    admin("GET", "/v1/devices", "listDevices", A::ListDevices, Viewer, "List devices."),
    admin("POST", "/v1/devices", "addDevice", A::AddDevice, Technician, "Tell of a device beforehand."),
    import("/v1/devices/import", "importDevices", A::ImportDevices, Technician, "Tell of many devices at once."),
    admin("GET", "/v1/devices/{id}", "showDevice", A::ShowDevice, Viewer, "Show one device."),
    admin("PUT", "/v1/devices/{id}", "putDevice", A::PutDevice, Technician, "Replace what is told of a device."),
    admin("PATCH", "/v1/devices/{id}", "editDevice", A::EditDevice, Technician, "Change what is told of a device."),
    admin(
        "POST",
        "/v1/devices/{id}/adopt",
        "adoptDevice",
        A::AdoptDevice,
        Approver,
        "Take over a device that is in the field.",
    ),
    admin(
        "POST",
        "/v1/devices/{id}/bootstrap",
        "triggerBootstrap",
        A::TriggerBootstrap,
        Technician,
        "Have a device ask the bootstrap server anew.",
    ),
    admin(
        "GET",
        "/v1/devices/{id}/bootstrap",
        "showTrigger",
        A::ShowTrigger,
        Viewer,
        "Say how far the last trigger of a device is.",
    ),
    admin(
        "DELETE",
        "/v1/devices/{id}/bootstrap",
        "cancelTrigger",
        A::CancelTrigger,
        Technician,
        "Take a trigger back.",
    ),
    admin(
        "GET",
        "/v1/devices/{id}/credentials",
        "deviceCredentials",
        A::DeviceCredentials,
        Viewer,
        "List the credentials of a device.",
    ),
    admin(
        "GET",
        "/v1/devices/{id}/history",
        "deviceHistory",
        A::DeviceHistory,
        Viewer,
        "List what happened to a device.",
    ),
    admin("GET", "/v1/devices/{id}/why", "whyDevice", A::WhyDevice, Viewer, "Say why a device is as it is."),
    admin("DELETE", "/v1/devices/{id}", "retireDevice", A::RetireDevice, Admin, "Retire a device."),
    admin("GET", "/v1/groups", "listGroups", A::ListGroups, Viewer, "List enrolment groups."),
    admin("GET", "/v1/groups/{group}", "showGroup", A::ShowGroup, Viewer, "Show one enrolment group."),
    admin("PATCH", "/v1/groups/{group}", "narrowGroup", A::NarrowGroup, Approver, "Close a group, or lower its quota."),
    admin("GET", "/v1/allow", "listAllowed", A::ListAllowed, Viewer, "List the allow list."),
    admin("POST", "/v1/allow", "allow", A::Allow, Technician, "Allow devices."),
    import("/v1/allow/import", "importAllowed", A::ImportAllowed, Technician, "Allow many devices at once."),
    admin("DELETE", "/v1/allow/{group}/{id}", "disallow", A::Disallow, Technician, "Take a device off the allow list."),
    admin("GET", "/v1/block", "listBlocked", A::ListBlocked, Viewer, "List the block list."),
    admin("POST", "/v1/block", "block", A::Block, Technician, "Block devices."),
    admin("DELETE", "/v1/block/{id}", "unblock", A::Unblock, Approver, "Take a device off the block list."),
    admin("GET", "/v1/tokens", "listTokens", A::ListTokens, Admin, "List tokens, without their secrets."),
    admin("POST", "/v1/tokens", "makeToken", A::MakeToken, Admin, "Make a token; the answer shows it once."),
    admin("DELETE", "/v1/tokens/{name}", "revokeToken", A::RevokeToken, Admin, "Revoke a token, by its name."),
    admin(
        "GET",
        "/v1/approvals",
        "listApprovals",
        A::ListApprovals,
        Viewer,
        "List registrations that wait for approval.",
    ),
    admin("POST", "/v1/approvals/{registration}/approve", "approve", A::Approve, Approver, "Approve a registration."),
    admin("POST", "/v1/approvals/{registration}/deny", "deny", A::Deny, Approver, "Deny a registration."),
    admin("GET", "/v1/models", "listModels", A::ListModels, Viewer, "List models."),
    admin("GET", "/v1/models/{model}", "showModel", A::ShowModel, Viewer, "Show one model."),
    admin("POST", "/v1/models", "importModel", A::ImportModel, Admin, "Import and publish a model."),
    admin(
        "POST",
        "/v1/models/{model}/state",
        "setModelState",
        A::SetModelState,
        Admin,
        "Publish or deprecate a version.",
    ),
    admin(
        "GET",
        "/v1/models/{model}/diff/{other}",
        "diffModels",
        A::DiffModels,
        Viewer,
        "Say what changed to another version.",
    ),
    admin("GET", "/v1/model-rules", "listRules", A::ListRules, Viewer, "List the rules that assign models."),
    admin("POST", "/v1/model-rules", "putRule", A::PutRule, Admin, "Set a rule that assigns a model."),
    admin("DELETE", "/v1/model-rules/{rule}", "removeRule", A::RemoveRule, Admin, "Take a rule away."),
    admin(
        "GET",
        "/v1/model-proposals",
        "listProposals",
        A::ListProposals,
        Viewer,
        "List models that wait for approval.",
    ),
    admin(
        "GET",
        "/v1/devices/{id}/model",
        "deviceModel",
        A::DeviceModel,
        Viewer,
        "Show the model instances of a device.",
    ),
    admin(
        "POST",
        "/v1/devices/{id}/model",
        "assignModel",
        A::AssignModel,
        Technician,
        "Give a device a model by hand.",
    ),
    admin(
        "POST",
        "/v1/devices/{id}/model/decide",
        "decideModel",
        A::DecideModel,
        Approver,
        "Approve, dismiss, roll back.",
    ),
    admin("GET", "/v1/devices/{id}/description", "describeDevice", A::DescribeDevice, Viewer, "The Thing Description."),
    admin("GET", "/v1/events", "listEvents", A::ListEvents, Viewer, "List events of the audit chain."),
    admin("GET", "/v1/stats", "stats", A::Stats, Viewer, "Count devices and events."),
    open("/healthz", "health", Doing::Health, "Say whether the server serves."),
    open("/readyz", "ready", Doing::Ready, "Say whether the registry answers."),
    open("/metrics", "metrics", Doing::Metrics, "The metrics, as Prometheus text."),
    open("/openapi.json", "document", Doing::Document, "This document."),
];

impl Route {
    /// Returns the variable parts of the path.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Returns the names in the path if it is a path of this route.
    pub(super) fn names_in(&self, path: &str) -> Option<Vec<String>> {
        let (mut ours, mut theirs) = (self.path.split('/'), path.split('/'));
        let mut names = Vec::new();
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Some(names),
                (Some(part), Some(name)) if part.starts_with('{') => names.push(name.to_owned()),
                (Some(part), Some(name)) if part == name => {}
                _ => return None,
            }
        }
    }

    /// Returns method and path, for log and metrics.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

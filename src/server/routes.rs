//! The one table of routes: the router, the OpenAPI document and the metrics are made from it.

use crate::registration::exchange::{Act, Role};

/// What a device calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    Register,
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
    /// Says whether the server serves; open to all.
    Health,
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
    let takes_body = method.len() == 4;
    Route { method, path, word, summary, takes_body, good: &[200, 201, 204], doing: Doing::Admin(act, role) }
}

const fn open(path: &'static str, word: &'static str, doing: Doing, summary: &'static str) -> Route {
    Route { method: "GET", path, word, summary, takes_body: false, good: &[200], doing }
}

use Act as A;
use Call as C;
use Role::{Admin, Approver, Technician, Viewer};

/// All routes.
pub(super) static ROUTES: [Route; 33] = [
    device("POST", "/v1/register", "register", C::Register, &[200, 201, 202], "Register this device."),
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
    admin("GET", "/v1/devices/{id}", "showDevice", A::ShowDevice, Viewer, "Show one device."),
    admin("GET", "/v1/devices/{id}/why", "whyDevice", A::WhyDevice, Viewer, "Say why a device is as it is."),
    admin("DELETE", "/v1/devices/{id}", "retireDevice", A::RetireDevice, Admin, "Retire a device."),
    admin("GET", "/v1/groups", "listGroups", A::ListGroups, Viewer, "List enrolment groups."),
    admin("GET", "/v1/groups/{group}", "showGroup", A::ShowGroup, Viewer, "Show one enrolment group."),
    admin("GET", "/v1/allow", "listAllowed", A::ListAllowed, Viewer, "List the allow list."),
    admin("POST", "/v1/allow", "allow", A::Allow, Technician, "Allow devices."),
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
    admin("POST", "/v1/models", "importModel", A::ImportModel, Admin, "Import a model."),
    admin("GET", "/v1/events", "listEvents", A::ListEvents, Viewer, "List events of the audit chain."),
    open("/healthz", "health", Doing::Health, "Say whether the server serves."),
    open("/metrics", "metrics", Doing::Metrics, "The metrics, as Prometheus text."),
    open("/openapi.json", "document", Doing::Document, "This document."),
];

impl Route {
    /// Returns the variable parts of the path.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Returns method and path, for log and metrics.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

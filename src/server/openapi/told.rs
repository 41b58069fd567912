//! What each route takes and gives, by its word.

/// What is known of a route beside the table.
pub(super) struct Told {
    /// Schema of the body.
    pub(super) body: &'static str,
    /// Schemas of good answers by status; "" for none.
    pub(super) good: &'static [(u16, &'static str)],
    /// Parts of the query.
    pub(super) query: &'static [&'static str],
    /// Which preconditions it looks at.
    pub(super) precondition: Precondition,
}

/// Preconditions of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precondition {
    /// None.
    Free,
    /// `If-Match` must be there.
    Match,
    /// `If-Match` or `If-None-Match: *` must be there.
    MatchOrNew,
    /// `If-None-Match` saves a second answer.
    Cached,
}

use Precondition::{Cached, Free, Match, MatchOrNew};

const fn told(body: &'static str, good: &'static [(u16, &'static str)], query: &'static [&'static str]) -> Told {
    Told { body, good, query, precondition: Free }
}

const fn on(precondition: Precondition, told: Told) -> Told {
    Told { precondition, ..told }
}

const PAGE: &[&str] = &["after", "limit"];

/// Returns what is known of a route; none of one that came later and says nothing of itself.
pub(super) fn of(word: &str) -> Option<Told> {
    Some(match word {
        "register" => told("Register", &[(201, "Registered"), (200, "Registered"), (202, "Waiting")], &[]),
        "challenge" => told("", &[(200, "Challenge")], &[]),
        "status" => told("", &[(200, "Registered"), (202, "Waiting")], &[]),
        "renew" => told("Renew", &[(200, "Registered"), (202, "Waiting")], &[]),
        "report" => told("Report", &[(200, "Registered"), (202, "Waiting"), (204, "")], &[]),
        "end" => told("", &[(200, "Registered"), (204, "")], &[]),
        "bootstrap" => on(Cached, told("", &[(200, "application/x-tar"), (304, "")], &[])),
        "bootstrapResult" => told("Result", &[(200, ""), (204, "")], &[]),
        "listDevices" => told("", &[(200, "Devices")], &["filter", "after", "limit", "total"]),
        "addDevice" => told("DeviceNew", &[(201, "Device")], &[]),
        "importDevices" => told("", &[(200, "RowReport")], &["atomic", "after-id", "report"]),
        "showDevice" => told("", &[(200, "Device")], &[]),
        "putDevice" => on(MatchOrNew, told("DevicePut", &[(200, "Device"), (201, "Device")], &[])),
        "editDevice" => on(Match, told("DeviceEdit", &[(200, "Device")], &[])),
        "retireDevice" => on(Match, told("", &[(200, "Device")], &["reason"])),
        "adoptDevice" => told("DeviceAdopt", &[(200, "Device")], &[]),
        "triggerBootstrap" => told("TriggerNew", &[(200, "Trigger")], &[]),
        "showTrigger" => told("", &[(200, "Trigger")], &[]),
        "deviceCredentials" => told("", &[(200, "Credentials")], &[]),
        "deviceHistory" => told("", &[(200, "History")], &["after-event", "limit"]),
        "whyDevice" => told("", &[(200, "Why")], &[]),
        "listGroups" => told("", &[(200, "Groups")], PAGE),
        "showGroup" => told("", &[(200, "Group")], &[]),
        "narrowGroup" => on(Match, told("GroupNarrow", &[(200, "Group")], &[])),
        "listAllowed" => told("", &[(200, "AllowedList")], &["group", "after", "limit"]),
        "allow" => told("Allow", &[(204, "")], &[]),
        "importAllowed" => told("", &[(200, "RowReport")], &["group", "atomic", "report"]),
        "cancelTrigger" | "disallow" | "unblock" | "revokeToken" | "removeRule" => told("", &[(204, "")], &[]),
        "listBlocked" => told("", &[(200, "BlockedList")], PAGE),
        "block" => told("Block", &[(204, "")], &[]),
        "listTokens" => told("", &[(200, "Tokens")], PAGE),
        "makeToken" => told("TokenNew", &[(201, "TokenMade")], &[]),
        "listApprovals" => told("", &[(200, "OpenRegistrations")], PAGE),
        "approve" | "deny" => told("Reason", &[(204, "")], &[]),
        "listEvents" => told("", &[(200, "Events")], &["after-event", "device", "limit", "wait"]),
        "stats" => told("", &[(200, "Stats")], &[]),
        "models" => told("", &[(200, "Choices")], &["who", "of-group"]),
        "listModels" => told("", &[(200, "Models")], PAGE),
        "showModel" => told("", &[(200, "ModelShown")], &["as"]),
        "importModel" => told("ModelNew", &[(200, "ModelsMade"), (201, "ModelsMade")], &[]),
        "setModelState" => told("ModelStateSet", &[(204, "")], &[]),
        "diffModels" => told("", &[(200, "ModelDiff")], &[]),
        "listRules" => told("", &[(200, "ModelRules")], &[]),
        "putRule" => told("ModelRuleNew", &[(204, "")], &[]),
        "listProposals" => told("", &[(200, "ModelProposals")], PAGE),
        "deviceModel" => told("", &[(200, "DeviceInstances")], &[]),
        "assignModel" => told("ModelGiven", &[(200, "Instance")], &[]),
        "decideModel" => told("ModelDecision", &[(200, "Instance"), (204, "")], &[]),
        "describeDevice" => told("", &[(200, "application/td+json")], &[]),
        "health" | "ready" => told("", &[(200, "Status")], &[]),
        "metrics" => told("", &[(200, "text/plain")], &[]),
        "document" => told("", &[(200, "OpenApi")], &[]),
        _ => return None,
    })
}

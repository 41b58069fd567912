//! Secrets that would lie in clear on a medium: wanted is a word of consent in the fleet file.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::file::{BundleSpec, CredentialSpec, GivenValue, ProfileSpec};
use super::super::template::{FileSource, SensitivityClass};
use super::super::{CredentialKind, Faults, FleetFile, Protocol, Seal, TemplateShape};
use super::fleet::Fleet;
use super::profile::{Profile, Templates};

/// Parts of a credential that everybody may read.
const PUBLIC_PARTS: [&str; 7] = ["certificate", "chain", "issuers", "root", "public_key", "identity", "fingerprint"];

pub(super) fn check(fleet: &Fleet, file: &FleetFile, templates: &Templates, faults: &mut Faults) {
    let referenced = referenced_by_devices(fleet);
    for (profile_name, spec) in &file.profiles {
        let Some(profile) = fleet.profiles.get(profile_name) else { continue };
        for (bundle_name, bundle) in &spec.bundles {
            check_bundle(fleet, (spec, profile), (bundle_name, bundle), templates, &referenced, faults);
        }
    }
}

fn check_bundle(
    fleet: &Fleet,
    (spec, profile): (&ProfileSpec, &Profile),
    (name, bundle): (&Arc<str>, &BundleSpec),
    templates: &Templates,
    referenced: &BTreeSet<&str>,
    faults: &mut Faults,
) {
    if bundle.seal == Seal::SignEncrypt {
        return;
    }
    let template = bundle.template.as_ref().and_then(|template| templates.get(&template.value));
    let (Some((template, _)), None) = (template, &bundle.accept_plaintext) else { return };
    let mut lying = credentials(spec, profile, (template, bundle));
    lying.extend(variables(fleet, profile, template, referenced));
    if lying.is_empty() {
        return;
    }
    let lying: Vec<String> = lying.into_iter().collect();
    let message = format!("bundle {name:?} would leave in clear on the medium: {}", lying.join(", "));
    faults.add_with_hint(
        bundle.place.clone(),
        message,
        "encrypt it with seal: sign+encrypt, or say why not: accept_plaintext: \"REASON\"",
    );
}

/// Names the private parts that a template may put into a file. What its text files hold is not looked into: a credential
/// that the template declares counts.
fn credentials(
    spec: &ProfileSpec,
    profile: &Profile,
    (template, bundle): (&TemplateShape, &BundleSpec),
) -> BTreeSet<String> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let texts = template.files.iter().any(|file| matches!(file.source, FileSource::Template { .. }));
    if texts {
        let shown = |name: &str, credential: &CredentialSpec| {
            let kind = credential.shape.as_ref().map(|shape| &shape.kind);
            template.credential_use(name).is_some_and(|used| kind.is_some_and(|kind| used.accepts(kind)))
        };
        names.extend(spec.credentials.iter().filter(|(name, spec)| shown(name, spec)).map(|(name, _)| &**name));
    }
    for file in &template.files {
        match &file.source {
            FileSource::Credential { part, .. } => {
                names.extend(
                    part.split_once('.').filter(|(_, part)| !PUBLIC_PARTS.contains(part)).map(|(name, _)| name),
                );
            }
            FileSource::Lwm2mObjects { .. } => {
                let servers = profile.servers.values().filter(|server| server.protocol == Protocol::Lwm2m);
                names.extend(servers.filter_map(|server| server.credential.as_deref()));
            }
            FileSource::Template { .. } | FileSource::Trust { .. } => {}
        }
    }
    let names = names.into_iter().filter(|name| bundle.carries(name));
    let kinds = names.filter_map(|name| Some((name, spec.credentials.get(name)?.shape.as_ref()?)));
    kinds
        .map(|(name, shape)| match shape.kind {
            CredentialKind::Psk { .. } => format!("the key of credential {name:?}"),
            CredentialKind::Token { .. } => format!("the token of credential {name:?}"),
            CredentialKind::X509 { .. } | CredentialKind::RawPublicKey { .. } => {
                format!("the private key of credential {name:?}")
            }
        })
        .collect()
}

/// Names the variables of a template that are secret: by class, or because a secret is given for them.
fn variables(
    fleet: &Fleet,
    profile: &Profile,
    template: &TemplateShape,
    referenced: &BTreeSet<&str>,
) -> BTreeSet<String> {
    let is_secret = |name: &str| {
        let given = profile.variables.get(name).or_else(|| fleet.variables.get(name));
        given.is_some_and(|given| matches!(given.value, GivenValue::Secret(_))) || referenced.contains(name)
    };
    let required = |name: &str| {
        let wanted = &template.variables[name];
        wanted.class == SensitivityClass::Secret && wanted.default.is_none()
    };
    let names = template.variables.keys().filter(|name| is_secret(name) || required(name));
    names.map(|name| format!("variable {name:?}")).collect()
}

/// Returns the variables for which some device gives a secret.
fn referenced_by_devices(fleet: &Fleet) -> BTreeSet<&str> {
    let rows = (0..fleet.inventory.len()).flat_map(|index| fleet.inventory.variables(index));
    let columns = rows.filter(|cell| matches!(cell.value, GivenValue::Secret(_))).map(|cell| &*cell.column.name);
    let overrides = fleet.overrides.values().flat_map(|device| device.variables.iter());
    let overrides =
        overrides.filter(|(_, given)| matches!(given.value, GivenValue::Secret(_))).map(|(name, _)| &**name);
    columns.chain(overrides).collect()
}

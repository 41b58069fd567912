//! One profile: credentials, servers, bundles and deliveries against each other and against the templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::{
    BundleSpec, CredentialSpec, DeliverySpec, Located, ProfileSpec, Section, ServerSpec, ValueSource, ValueSpec,
};
use super::super::quantity::show_duration;
use super::super::template::FileSource;
use super::super::{
    BundlePlan, Carrier, CredentialKind, CredentialShape, DeliveryPlan, Digest, Faults, FleetFile, Protocol, Security,
    Server, TemplateShape, Validity, nearest,
};
use super::profile::{Delivery, Profile, Templates, UsedTemplate};
use super::unknown::unknown;
use super::{factory, medium, sealing, servers};

/// Longest validity that is a number, 1000 years: more is `forever`.
const LONGEST_VALIDITY: u64 = 1_000 * 31_536_000;

/// One profile and what it is checked against.
struct Context<'a> {
    file: &'a FleetFile,
    name: &'a Arc<str>,
    spec: &'a ProfileSpec,
    templates: &'a Templates,
}

pub(super) fn assemble(
    file: &FleetFile,
    name: &Arc<str>,
    spec: &ProfileSpec,
    templates: &Templates,
    faults: &mut Faults,
) -> Profile {
    let context = Context { file, name, spec, templates };
    let shapes: BTreeMap<Arc<str>, CredentialShape> =
        spec.credentials.iter().filter_map(|(name, spec)| Some((Arc::clone(name), spec.shape.clone()?))).collect();
    for (name, credential) in &spec.credentials {
        context.check_credential(name, credential, faults);
    }
    let servers = context.servers(faults);
    let used = context.used_templates(&servers, faults);
    let deliveries = context.deliveries(faults);
    Profile {
        model: spec.model.clone(),
        group: spec.group.as_ref().map(|group| Arc::clone(&group.value)),
        variables: spec.variables.clone(),
        credentials: Arc::new(shapes),
        servers: Arc::new(servers),
        deliveries,
        complete: used.len() == spec.bundles.len(),
        templates: used,
        addressed: sealing::addressed(file, spec, faults),
    }
}

/// A server of a profile, and where the profile names it if it does.
type NamedServer<'a> = (&'a Arc<str>, &'a ServerSpec, Option<&'a Located<Arc<str>>>);

impl<'a> Context<'a> {
    fn check_credential(&self, name: &str, credential: &CredentialSpec, faults: &mut Faults) {
        match credential.shape.as_ref().map(|shape| &shape.kind) {
            Some(CredentialKind::X509 { valid, .. }) => self.check_validity(name, credential, *valid, faults),
            Some(CredentialKind::Token { valid, .. }) if !(1..=LONGEST_TOKEN).contains(valid) => {
                let (asked, most) = (show_duration(*valid), show_duration(LONGEST_TOKEN));
                let message = format!("token {name:?} is valid {asked}, 1s to {most} are possible");
                faults.add(credential.valid_place.clone(), message);
            }
            Some(CredentialKind::Psk { identity: Some(identity), .. })
                if !identity.contains("{id}") && !identity.contains("{serial}") =>
            {
                let message = format!("the PSK identity of credential {name:?} is the same for every device");
                faults.add_with_hint(credential.place.clone(), message, "let it hold {id} or {serial}");
            }
            _ => {}
        }
    }

    fn check_validity(&self, name: &str, credential: &CredentialSpec, valid: Validity, faults: &mut Faults) {
        let longest = show_duration(LONGEST_VALIDITY);
        if matches!(valid, Validity::Seconds(seconds) if seconds > LONGEST_VALIDITY) {
            let message = format!("credential {name:?} is valid for more than {longest}");
            faults.add_with_hint(credential.valid_place.clone(), message, "write forever");
        }
        let Validity::Seconds(issuer) = self.file.authority.valid else { return };
        let asked = match valid {
            Validity::Forever => "forever".to_owned(),
            Validity::Seconds(seconds) if seconds > issuer => show_duration(seconds),
            Validity::Seconds(_) => return,
        };
        let issuer = show_duration(issuer);
        let message = format!("credential {name:?} would outlive its issuer: valid {asked}, the authority {issuer}");
        faults.add(credential.valid_place.clone(), message);
    }

    /// Returns the profile's servers, each checked against the profile's credentials.
    fn servers(&self, faults: &mut Faults) -> BTreeMap<Arc<str>, Server> {
        let mut servers = BTreeMap::new();
        for (name, spec, named_at) in self.server_specs(faults) {
            self.check_server(name, spec, named_at, faults);
            servers.insert(Arc::clone(name), spec.server.clone());
        }
        servers
    }

    fn server_specs(&self, faults: &mut Faults) -> Vec<NamedServer<'a>> {
        let Some(names) = &self.spec.servers else {
            return self.file.servers.iter().map(|(name, spec)| (name, spec, None)).collect();
        };
        let mut specs = Vec::new();
        for name in names {
            match self.file.servers.get_key_value(&name.value) {
                Some((key, spec)) => specs.push((key, spec, Some(name))),
                None if self.file.is_broken(Section::Server, &name.value) => {}
                None => unknown("server", name, self.file.servers.keys(), faults),
            }
        }
        specs
    }

    fn check_server(&self, name: &str, spec: &ServerSpec, named_at: Option<&Located<Arc<str>>>, faults: &mut Faults) {
        let Some(wanted) = &spec.server.credential else { return };
        if spec.server.security == Security::None {
            return;
        }
        let security = servers::word(&spec.server.security);
        match self.spec.credentials.get(wanted) {
            Some(CredentialSpec { shape: Some(shape), .. }) if shape.kind.word() != security => {
                let message = format!(
                    "server {name:?} has security {security}, credential {wanted:?} of profile {:?} is {}",
                    self.name,
                    shape.kind.word()
                );
                faults.add(spec.place_of("credential").clone(), message);
            }
            Some(_) => {}
            None => {
                let message =
                    format!("server {name:?} wants credential {wanted:?}, which profile {:?} does not have", self.name);
                let place = named_at.map_or_else(|| spec.place_of("credential"), |name| &name.place);
                faults.add_with_hint(place.clone(), message, self.lacking(wanted));
            }
        }
    }

    fn lacking(&self, credential: &str) -> String {
        match nearest::nearest(credential, self.spec.credentials.keys().map(|name| &**name)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("add the credential, or name the servers of profile {:?} with servers: [NAME]", self.name),
        }
    }

    fn used_templates(&self, servers: &BTreeMap<Arc<str>, Server>, faults: &mut Faults) -> Vec<UsedTemplate> {
        let mut used = Vec::new();
        for bundle in self.spec.bundles.values() {
            self.check_carried(bundle, faults);
            let Some(named) = &bundle.template else { continue };
            match self.templates.get(&named.value) {
                Some((template, _)) => {
                    self.check_template(template, (named, bundle), servers, faults);
                    used.push(UsedTemplate {
                        name: Arc::clone(&named.value),
                        place: named.place.clone(),
                        variables: Arc::new(template.variables.clone()),
                    });
                }
                None if self.file.is_broken(Section::Template, &named.value) => {}
                None => unknown("template", named, self.templates.keys(), faults),
            }
        }
        used
    }

    fn check_template(
        &self,
        template: &TemplateShape,
        (named, bundle): (&Located<Arc<str>>, &BundleSpec),
        servers: &BTreeMap<Arc<str>, Server>,
        faults: &mut Faults,
    ) {
        for (name, wanted) in &template.credentials {
            match self.spec.credentials.get(name) {
                Some(CredentialSpec { shape: Some(shape), place, .. }) if !wanted.accepts(&shape.kind) => {
                    let kinds = wanted.kinds.join(" or ");
                    let kind = shape.kind.word();
                    let message = format!("credential {name:?} is {kind}, template {:?} takes {kinds}", named.value);
                    faults.add(place.clone(), message);
                }
                Some(_) if wanted.required && !bundle.carries(name) => {
                    let message =
                        format!("template {:?} needs credential {name:?}, which the bundle leaves out", named.value);
                    faults.add(named.place.clone(), message);
                }
                None if wanted.required => {
                    let message = format!(
                        "template {:?} needs credential {name:?}, which profile {:?} does not have",
                        named.value, self.name
                    );
                    let hint = format!("add it under credentials: {name}: {{kind: {}}}", wanted.kinds.join("|"));
                    faults.add_with_hint(named.place.clone(), message, hint);
                }
                _ => {}
            }
        }
        for file in template.files.iter().filter(|file| file.when.is_none()) {
            self.check_source(&file.source, named, servers, faults);
        }
    }

    fn check_source(
        &self,
        source: &FileSource,
        named: &Located<Arc<str>>,
        servers: &BTreeMap<Arc<str>, Server>,
        faults: &mut Faults,
    ) {
        let message = match source {
            FileSource::Trust { server } if !servers.contains_key(server.as_str()) => {
                format!(
                    "template {:?} needs server {server:?}, which profile {:?} does not have",
                    named.value, self.name
                )
            }
            FileSource::Lwm2mObjects { .. } if !servers.values().any(|server| server.protocol == Protocol::Lwm2m) => {
                format!("template {:?} needs an LwM2M server, profile {:?} has none", named.value, self.name)
            }
            _ => return,
        };
        if !self.file.broken.iter().any(|(section, _)| *section == Section::Server) {
            faults.add(named.place.clone(), message);
        }
    }

    fn deliveries(&self, faults: &mut Faults) -> BTreeMap<Arc<str>, Delivery> {
        let mut deliveries = BTreeMap::new();
        for (name, delivery) in &self.spec.deliveries {
            let Some(named) = &delivery.bundle else { continue };
            let Some((bundle_name, bundle)) = self.spec.bundles.get_key_value(&named.value) else {
                unknown("bundle", named, self.spec.bundles.keys(), faults);
                continue;
            };
            let template = bundle.template.as_ref().and_then(|template| self.templates.get(&template.value));
            let Some((template, digest)) = template else { continue };
            let plan = DeliveryPlan {
                name: Arc::clone(name),
                bundle: bundle_plan(bundle_name, bundle, template, *digest),
                carrier: match self.carrier(delivery, template, faults) {
                    Some(carrier) => carrier,
                    None => continue,
                },
            };
            let variables = Arc::new(template.variables.clone());
            let credentials = Arc::new(self.carried(bundle, template));
            check_origin(delivery, &credentials, faults);
            deliveries.insert(Arc::clone(name), Delivery { plan: Arc::new(plan), variables, credentials });
        }
        deliveries
    }

    fn carrier(&self, delivery: &DeliverySpec, template: &TemplateShape, faults: &mut Faults) -> Option<Carrier> {
        if let Some(spec) = &delivery.factory {
            factory::check(spec, self.spec, faults);
            return Some(Carrier::Factory(Arc::new(spec.plan.clone())));
        }
        let Some(wanted) = &template.medium else {
            let message = format!("template {:?} is for no medium", template.name);
            faults.add_with_hint(delivery.place.clone(), message, "give the template a medium, with its label");
            return None;
        };
        Some(Carrier::Medium(medium::merge(delivery, wanted, faults)))
    }

    /// Returns the credentials that a bundle carries: of those the profile has, the ones its template uses and it does not
    /// leave out.
    fn carried(&self, bundle: &BundleSpec, template: &TemplateShape) -> BTreeMap<Arc<str>, CredentialShape> {
        let objects = template.files.iter().any(|file| matches!(file.source, FileSource::Lwm2mObjects { .. }));
        let shape = |(name, spec): (&Arc<str>, &CredentialSpec)| {
            let shape = spec.shape.clone()?;
            let used = template.credential_use(name).is_some_and(|used| used.accepts(&shape.kind))
                || (objects && self.is_shown_to_lwm2m(name));
            (used && bundle.carries(name)).then(|| (Arc::clone(name), shape))
        };
        self.spec.credentials.iter().filter_map(shape).collect()
    }

    /// LwM2M objects hold the credentials that their servers want, by whatever name.
    fn is_shown_to_lwm2m(&self, credential: &str) -> bool {
        let servers = self.file.servers.values().map(|spec| &spec.server);
        servers
            .filter(|server| server.protocol == Protocol::Lwm2m)
            .any(|server| server.credential.as_deref() == Some(credential))
    }

    fn check_carried(&self, bundle: &BundleSpec, faults: &mut Faults) {
        for named in bundle.credentials.iter().flatten() {
            if !self.spec.credentials.contains_key(&named.value) {
                unknown("credential", named, self.spec.credentials.keys(), faults);
            }
        }
    }
}

/// A token that lives longer is no short-lived one.
const LONGEST_TOKEN: u64 = 366 * 86_400;

fn bundle_plan(name: &Arc<str>, bundle: &BundleSpec, template: &TemplateShape, digest: Digest) -> BundlePlan {
    BundlePlan {
        name: Arc::clone(name),
        template: Arc::clone(&template.name),
        template_digest: digest,
        seal: bundle.seal,
        sealing: sealing::plan(bundle),
        accept_plaintext: bundle.accept_plaintext.as_ref().map(ToString::to_string),
    }
}

/// A key that the device makes is got through a programmer, and its private half by nobody.
fn check_origin(delivery: &DeliverySpec, credentials: &BTreeMap<Arc<str>, CredentialShape>, faults: &mut Faults) {
    for (name, _) in credentials.iter().filter(|(_, shape)| shape.kind.is_made_by_device()) {
        let Some(factory) = &delivery.factory else {
            let message = format!("credential {name:?} is made on the device, which only a factory delivery reaches");
            faults.add(delivery.place.clone(), message);
            continue;
        };
        let wanted = format!("{name}.private_key");
        let wants = |value: &&ValueSpec| matches!(&value.source, ValueSource::Credential(part, _) if **part == *wanted);
        for value in factory.values.iter().filter(wants) {
            let message = format!("the private key of credential {name:?} is made on the device and never leaves it");
            faults.add(value.place.clone(), message);
        }
    }
}

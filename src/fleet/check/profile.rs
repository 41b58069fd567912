//! A profile with everything its devices share, and the templates it is made with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::{Given, Located};
use super::super::{
    CredentialShape, DeliveryPlan, Digest, Place, SealingPlan, Server, TemplateShape, TemplateVariable,
};

/// Templates by name, each with the digest over all its files.
pub type Templates = BTreeMap<Arc<str>, (TemplateShape, Digest)>;

/// A profile with everything that its devices share.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) model: Option<Arc<str>>,
    /// The enrolment group of its devices.
    pub(super) group: Option<Arc<str>>,
    pub(super) variables: BTreeMap<Arc<str>, Given>,
    pub(super) credentials: Arc<BTreeMap<Arc<str>, CredentialShape>>,
    pub(super) servers: Arc<BTreeMap<Arc<str>, Server>>,
    pub(super) deliveries: BTreeMap<Arc<str>, Delivery>,
    /// The templates of its bundles; those not known or with faults of their own are missing.
    pub(super) templates: Vec<UsedTemplate>,
    /// True if every template is known, so that a variable none of them knows is a fault.
    pub(super) complete: bool,
    /// Its bundles as they are addressed.
    pub(super) addressed: Vec<Addressed>,
}

/// A bundle as far as each device has a part in its address.
#[derive(Debug)]
pub(super) struct Addressed {
    pub(super) bundle: Arc<str>,
    pub(super) plan: SealingPlan,
    /// The columns or variables it names, each with the place where.
    pub(super) columns: Vec<Located<Arc<str>>>,
}

/// A delivery, ready to be planned.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) plan: Arc<DeliveryPlan>,
    pub(super) variables: Arc<BTreeMap<Arc<str>, TemplateVariable>>,
    /// The credentials its bundle carries.
    pub(super) credentials: Arc<BTreeMap<Arc<str>, CredentialShape>>,
}

/// A template as a profile uses it.
#[derive(Debug)]
pub(super) struct UsedTemplate {
    pub(super) name: Arc<str>,
    /// Where a bundle names it.
    pub(super) place: Place,
    pub(super) variables: Arc<BTreeMap<Arc<str>, TemplateVariable>>,
}

//! The fleet file: `fleet.yaml` as values with their places.
//!
//! Reading is forgiving so that one run finds everything: what has a fault is left out here, and the fault is noted.

mod authority;
mod bootstrap;
mod bootstrap_shape;
#[cfg(test)]
mod bootstrap_tests;
mod enrolment;
mod enrolment_shape;
mod factory;
mod factory_shape;
mod fleet_file;
mod located;
mod lwm2m_serving;
mod profile;
mod secrets;
mod servers;
mod serving;
mod serving_shape;
mod shapes;
mod value;

pub use authority::AuthoritySpec;
pub use bootstrap::{BootstrapChoice, BootstrapSpec};
pub use enrolment::{EnrolmentSpec, GroupSpec};
pub use factory::{FactorySpec, ValueSource, ValueSpec};
pub use fleet_file::{DeviceSpec, FleetFile, ReadTable};
pub use located::Located;
pub use lwm2m_serving::{EndpointPattern, Named, ServeLwm2m};
pub use profile::{BundleSpec, CredentialSpec, DeliverySpec, MediumSpec, ProfileSpec};
pub use servers::{PemUse, ReadPem, ServerSpec};
pub use serving::{AdminHolder, AdminSpec, ServeCertificate, ServeLimits, ServeSpec, StoreSpec};
pub use value::{Given, GivenValue};

pub(super) use fleet_file::Section;
pub(super) use profile::medium;
pub(super) use shapes::{FLEET, MEDIUM, is_age_recipient};
pub(super) use value::given;

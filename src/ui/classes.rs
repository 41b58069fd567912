//! Which errors know their class: the one list from which exit status and hints are read.

use std::error::Error;
use std::io;

use crate::bundle::sealed::Refusal;
use crate::client::ClientError;
#[cfg(any(feature = "client", feature = "station"))]
use crate::client::registration::RegisterError;
use crate::delivery::{ArtifactError, SinkError};
#[cfg(feature = "dtls")]
use crate::dtls::DtlsError;
use crate::fleet::{Class, Diagnose, Faults, IdentityError};
use crate::host::HostError;
#[cfg(any(feature = "client", feature = "station"))]
use crate::host::http::HttpError;
use crate::host::surroundings::SurroundingsError;
use crate::medium::{InspectError, VerifyError};
#[cfg(feature = "server")]
use crate::server::ServerError;
#[cfg(feature = "station")]
use crate::{
    authority::AuthorityError,
    bootstrap::TranscriptError,
    bundle::{RenderError, ScaffoldError, server_keys::ServerKeysError},
    card::CardError,
    fleet::PlanError,
    fleet::enrolment::FilterError,
    fleet::label::LabelPlanError,
    fleet::model::{ResolveError, VersionError},
    format::label::LabelError,
    ledger::LedgerError,
    medium::content::ContentError,
    programmer::ProgrammerError,
    registration::certificates::AdoptError,
    registration::found::drop_folder::DropError,
    registration::{AclError, ApprovalError, ExportError, PublishError},
    registry::{ExchangeError, RegistryError},
    station::BatchError,
    station::StationError,
    station::hook::HookError,
    station::label::PrintError,
    station::load::LoadError,
    station::models::ModelFolderError,
    station::recipe::RecipeError,
    station::sharing::SharingError,
    station::trust::TrustError,
};

use super::Complaint;

/// Tries each type in turn; an error enum of a floor below is known to the edge by one line in the list.
macro_rules! first_known {
    ($error:expr; $($(#[$gate:meta])* $known:ty,)*) => {{
        $(
            $(#[$gate])*
            if let Some(known) = $error.downcast_ref::<$known>() {
                return Some(known);
            }
        )*
        None
    }};
}

/// Returns the error as one that knows its class and its hint, if it is on the list.
pub fn diagnosis<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Diagnose> {
    first_known! { error;
        Complaint,
        ClientError,
        #[cfg(feature = "dtls")]
        DtlsError,
        #[cfg(any(feature = "client", feature = "station"))]
        RegisterError,
        #[cfg(any(feature = "client", feature = "station"))]
        HttpError,
        Refusal,
        ArtifactError,
        Faults,
        HostError,
        IdentityError,
        SinkError,
        SurroundingsError,
        InspectError,
        VerifyError,
        #[cfg(feature = "station")]
        ContentError,
        #[cfg(feature = "station")]
        LabelPlanError,
        #[cfg(feature = "station")]
        LabelError,
        #[cfg(feature = "station")]
        ProgrammerError,
        #[cfg(feature = "station")]
        BatchError,
        #[cfg(feature = "station")]
        StationError,
        #[cfg(feature = "station")]
        SharingError,
        #[cfg(feature = "station")]
        LoadError,
        #[cfg(feature = "station")]
        HookError,
        #[cfg(feature = "station")]
        PrintError,
        #[cfg(feature = "station")]
        RecipeError,
        #[cfg(feature = "station")]
        TrustError,
        #[cfg(feature = "station")]
        PlanError,
        #[cfg(feature = "station")]
        AuthorityError,
        #[cfg(feature = "station")]
        CardError,
        #[cfg(feature = "station")]
        TranscriptError,
        #[cfg(feature = "station")]
        RenderError,
        #[cfg(feature = "station")]
        ScaffoldError,
        #[cfg(feature = "station")]
        ServerKeysError,
        #[cfg(feature = "station")]
        LedgerError,
        #[cfg(feature = "station")]
        RegistryError,
        #[cfg(feature = "station")]
        ExchangeError,
        #[cfg(feature = "station")]
        AclError,
        #[cfg(feature = "station")]
        AdoptError,
        #[cfg(feature = "station")]
        ApprovalError,
        #[cfg(feature = "station")]
        DropError,
        #[cfg(feature = "station")]
        ExportError,
        #[cfg(feature = "station")]
        FilterError,
        #[cfg(feature = "station")]
        PublishError,
        #[cfg(feature = "station")]
        ModelFolderError,
        #[cfg(feature = "station")]
        ResolveError,
        #[cfg(feature = "station")]
        VersionError,
        #[cfg(feature = "server")]
        ServerError,
    }
}

/// Returns the class of an error: that of the edge's own complaint, of the outermost cause which knows one, of an I/O error
/// among the causes; else it is our own fault.
pub fn class_of(error: &anyhow::Error) -> Class {
    // A complaint may stand around another error as its context, where a walk along the causes does not meet it.
    let complaint = error.downcast_ref::<Complaint>().map(Diagnose::class);
    let known = complaint.or_else(|| error.chain().find_map(|cause| diagnosis(cause).map(Diagnose::class)));
    known.or_else(|| error.chain().find_map(io_class)).unwrap_or(Class::Fault)
}

fn io_class(cause: &(dyn Error + 'static)) -> Option<Class> {
    cause.downcast_ref::<io::Error>().map(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Class::Input,
        io::ErrorKind::PermissionDenied => Class::Refused,
        _ => Class::Surroundings,
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_outermost_known_cause_gives_the_class() {
        let inner = SinkError::ReadOnly { target: "/dev/sdb".into() };
        let error = anyhow::Error::new(inner).context("writing").context("delivering gw-1");
        assert_eq!(class_of(&error), Class::Surroundings);
        let outer = Complaint::new(Class::Refused, "no");
        assert_eq!(class_of(&anyhow::Error::new(Faults::default()).context(outer)), Class::Refused);
    }

    #[test]
    fn an_io_error_is_classed_by_its_kind_and_anything_else_is_our_fault() {
        let of = |kind: io::ErrorKind| class_of(&Err::<(), _>(io::Error::from(kind)).context("reading").unwrap_err());
        assert_eq!(of(io::ErrorKind::NotFound), Class::Input);
        assert_eq!(of(io::ErrorKind::PermissionDenied), Class::Refused);
        assert_eq!(of(io::ErrorKind::StorageFull), Class::Surroundings);
        assert_eq!(class_of(&anyhow::anyhow!("what is this")), Class::Fault);
    }
}

//! The fleet's certificate authority: one root, and the intermediate of this station.

use std::path::{Path, PathBuf};

use rcgen::Issuer;
use time::OffsetDateTime;

use crate::delivery::{Clock, Random};
use crate::fleet::{Digest, Secret};
use crate::host::files::{create_private, read_bounded};

use super::age_file::{decrypt, encrypt_to, longest_file};
use super::certificate::{CaSubject, Facts, LONGEST_NAME, NO_EXPIRY, Span, ca_params, check_name, draw_serial};
use super::draft::Draft;
use super::key_pair::{CaSigner, KeyPair};
use super::keys::LONGEST_FILE;
use super::{AuthorityDescription, AuthorityError, CertificateDescription, Keys};

/// The organization in every certificate of a demo authority and of its devices.
pub const DEMO_MARK: &str = "DEMO - NOT FOR PRODUCTION";

pub(super) const FOLDER: &str = "authority";
pub(super) const ROOT: &str = "root.pem";
pub(super) const ROOT_KEY: &str = "root.key.age";
pub(super) const INTERMEDIATE: &str = "intermediate.pem";
pub(super) const INTERMEDIATE_KEY: &str = "intermediate.key.age";

/// The opened authority: signs with the station's intermediate; the root's key stays closed. Shared between threads.
pub struct Authority {
    pub(super) root: Facts,
    pub(super) intermediate: Facts,
    pub(super) issuer: Issuer<'static, CaSigner>,
    /// The same issuer with signatures that can be foretold; a demo authority has one.
    pub(super) rehearsal: Option<Issuer<'static, CaSigner>>,
    root_pem: String,
    intermediate_pem: String,
    station: String,
    protection: super::Protection,
}

/// A certificate of the authority with its key.
struct Made {
    pem: String,
    key: Secret,
}

impl Authority {
    /// Makes root and intermediate in `folder`/authority, all files or none; refuses if there is anything by that name.
    ///
    /// The root (`common_name`) may have one authority below it, the intermediate (it names the station) none. Neither
    /// expires: devices outlive plans, and what a station may sign is taken back by its intermediate, not by a date.
    /// A demo authority bears [`DEMO_MARK`]; only a demo one may be made from a seed.
    pub fn create(
        folder: &Path,
        keys: &Keys,
        common_name: &str,
        organization: Option<&str>,
        demo: bool,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, AuthorityError> {
        if random.foretold() && !demo {
            return Err(AuthorityError::Foretold);
        }
        check_name("common name", common_name)?;
        organization.map_or(Ok(()), |name| check_name("organization", name))?;
        let names = Names::new(common_name, organization, keys.station_name(), demo)?;
        let draft = Draft::of(&folder.join(FOLDER))?;
        let span = Span { not_before: whole_seconds(clock.now()), not_after: NO_EXPIRY };
        let (root, intermediate) = make_pair(&names, span, random)?;
        write(draft.path(), keys, &root, &intermediate)?;
        draft.put_in_place()?;
        Self::open(folder, keys)
    }

    /// Opens the authority in `folder`/authority and checks that its parts belong together.
    pub fn open(folder: &Path, keys: &Keys) -> Result<Self, AuthorityError> {
        let (root_pem, root) = read_root(folder)?;
        let path = folder.join(FOLDER).join(INTERMEDIATE);
        let (intermediate_pem, intermediate) = read_ca(&path)?;
        check_chain(&root, &intermediate, &path)?;
        let key = read_key(&folder.join(FOLDER).join(INTERMEDIATE_KEY), keys)?;
        let demo = is_marked(&root);
        Ok(Self {
            issuer: issuer(&intermediate, &key, false)?,
            rehearsal: if demo { Some(issuer(&intermediate, &key, true)?) } else { None },
            root,
            intermediate,
            root_pem,
            intermediate_pem,
            station: keys.station_name().to_owned(),
            protection: keys.how_protected(),
        })
    }

    /// Returns true if `folder` holds an authority, whole or not.
    pub fn exists(folder: &Path) -> bool {
        folder.join(FOLDER).symlink_metadata().is_ok()
    }

    /// Returns SHA-256 of the root's DER: what `fleet.lock` pins.
    pub fn root_fingerprint(&self) -> Digest {
        self.root.fingerprint()
    }

    /// Returns the root certificate, PEM.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Returns the root certificate, DER.
    pub fn root_der(&self) -> &[u8] {
        &self.root.der
    }

    /// Returns the station's intermediate certificate, PEM.
    pub fn intermediate_pem(&self) -> &str {
        &self.intermediate_pem
    }

    /// Returns the issuers of a device certificate, DER: the intermediate, then the root.
    pub fn issuers(&self) -> [&[u8]; 2] {
        [&self.intermediate.der, &self.root.der]
    }

    /// Returns true if this authority is for rehearsals only; told by the root certificate itself.
    pub fn is_demo(&self) -> bool {
        is_marked(&self.root)
    }

    /// Describes the authority for a person.
    pub fn describe(&self) -> AuthorityDescription {
        AuthorityDescription {
            demo: self.is_demo(),
            station: self.station.clone(),
            protection: self.protection,
            root: CertificateDescription::of(&self.root),
            intermediate: CertificateDescription::of(&self.intermediate),
        }
    }
}

/// The names in the two certificates.
struct Names {
    root: String,
    intermediate: String,
    organization: Option<String>,
}

impl Names {
    fn new(common_name: &str, organization: Option<&str>, station: &str, demo: bool) -> Result<Self, AuthorityError> {
        let root = if demo { format!("DEMO {common_name}") } else { common_name.to_owned() };
        check_name("common name", &root)?;
        let long = format!("{root} - {station}");
        let intermediate = if long.chars().count() <= LONGEST_NAME { long } else { station.to_owned() };
        let organization = if demo { Some(DEMO_MARK) } else { organization };
        Ok(Self { root, intermediate, organization: organization.map(str::to_owned) })
    }
}

fn make_pair(names: &Names, span: Span, random: &dyn Random) -> Result<(Made, Made), AuthorityError> {
    let organization = names.organization.as_deref();
    let root_subject = CaSubject { common_name: &names.root, organization, path_length: 1 };
    let station_subject = CaSubject { common_name: &names.intermediate, organization, path_length: 0 };
    let signing = |_| AuthorityError::Crypto { doing: "signing a certificate" };

    let root_params = ca_params(&root_subject, span, &draw_serial(random, "root"));
    let root_signer = CaSigner::new(KeyPair::draw(random, "root")?, random.foretold())?;
    let root = root_params.self_signed(&root_signer).map_err(signing)?;

    let params = ca_params(&station_subject, span, &draw_serial(random, &format!("station/{}", names.intermediate)));
    let pair = KeyPair::draw(random, &format!("station/{}", names.intermediate))?;
    let intermediate = params.signed_by(&pair, &Issuer::from_params(&root_params, &root_signer)).map_err(signing)?;

    let made_root = Made { pem: root.pem(), key: root_signer.pair().to_pkcs8()? };
    Ok((made_root, Made { pem: intermediate.pem(), key: pair.to_pkcs8()? }))
}

fn write(folder: &Path, keys: &Keys, root: &Made, intermediate: &Made) -> Result<(), AuthorityError> {
    let recipient = keys.identity().to_public();
    create_private(&folder.join(ROOT_KEY), &encrypt_to(&recipient, &root.key))?;
    create_private(&folder.join(INTERMEDIATE_KEY), &encrypt_to(&recipient, &intermediate.key))?;
    create_private(&folder.join(INTERMEDIATE), intermediate.pem.as_bytes())?;
    create_private(&folder.join(ROOT), root.pem.as_bytes())?;
    Ok(())
}

/// Reads the root certificate of the authority in `folder`; needs no key.
pub(super) fn read_root(folder: &Path) -> Result<(String, Facts), AuthorityError> {
    if !Authority::exists(folder) {
        return Err(AuthorityError::NoAuthority { folder: folder.to_owned() });
    }
    read_ca(&folder.join(FOLDER).join(ROOT))
}

fn read_ca(path: &Path) -> Result<(String, Facts), AuthorityError> {
    let what = path.display().to_string();
    let bytes = read_bounded(path, LONGEST_FILE as u64)?;
    let facts = Facts::of_ca_pem(&bytes, &what)?;
    let text = String::from_utf8(bytes).map_err(|_| AuthorityError::damaged(&what, "it is no text"))?;
    Ok((text, facts))
}

fn check_chain(root: &Facts, intermediate: &Facts, path: &Path) -> Result<(), AuthorityError> {
    let fault = |reason: &str| Err(AuthorityError::damaged(path.display(), reason));
    if !root.is_signed_by(root) {
        return fault("the root beside it is not signed by itself");
    }
    if !intermediate.is_signed_by(root) {
        return fault("it is not signed by the root beside it");
    }
    if intermediate.span.not_after > root.span.not_after || intermediate.span.not_before < root.span.not_before {
        return fault("it is valid when the root beside it is not");
    }
    Ok(())
}

fn read_key(path: &PathBuf, keys: &Keys) -> Result<Secret, AuthorityError> {
    let file = read_bounded(path, longest_file(LONGEST_FILE))?;
    decrypt(&file, keys.identity(), LONGEST_FILE, &path.display().to_string())
}

fn issuer(certificate: &Facts, key: &Secret, foretold: bool) -> Result<Issuer<'static, CaSigner>, AuthorityError> {
    let pair = KeyPair::from_pkcs8(key, INTERMEDIATE_KEY)?;
    if pair.spki() != certificate.spki {
        return Err(AuthorityError::damaged(INTERMEDIATE_KEY, "it is not the key of the certificate beside it"));
    }
    let der = certificate.der.as_slice().into();
    Issuer::from_ca_cert_der(&der, CaSigner::new(pair, foretold)?)
        .map_err(|error| AuthorityError::damaged(INTERMEDIATE, error))
}

fn is_marked(root: &Facts) -> bool {
    root.organization.as_deref() == Some(DEMO_MARK)
}

pub(super) fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(0).expect("zero is a nanosecond")
}

//! The fleet's certificate authority: one root, and the intermediate of this station.

use std::path::Path;

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
        let span = Span { not_before: whole_seconds(clock.now()), not_after: NO_EXPIRY };
        Self::make(folder, keys, &names, span, random)
    }

    fn make(
        folder: &Path,
        keys: &Keys,
        names: &Names,
        span: Span,
        random: &dyn Random,
    ) -> Result<Self, AuthorityError> {
        let draft = Draft::of(&folder.join(FOLDER))?;
        let (root, intermediate) = make_pair(names, span, random)?;
        write(draft.path(), keys, &root, &intermediate)?;
        draft.put_in_place()?;
        Self::open(folder, keys)
    }

    /// Makes one that ends, for tests of what must not outlive it.
    #[cfg(test)]
    pub(super) fn ending(folder: &Path, keys: &Keys, span: Span) -> Self {
        let names = Names::new("Short CA", None, keys.station_name(), false).expect("short names");
        Self::make(folder, keys, &names, span, &crate::host::surroundings::OsRandom).expect("a new folder")
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

fn read_key(path: &Path, keys: &Keys) -> Result<Secret, AuthorityError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::surroundings::{FixedClock, OsRandom, SeededRandom, SystemClock};
    use std::fs;

    fn keys(folder: &Path) -> Keys {
        Keys::create(folder, "desk", None, &OsRandom).unwrap()
    }

    fn make(folder: &Path, keys: &Keys) -> Result<Authority, AuthorityError> {
        Authority::create(folder, keys, "ACME CA", Some("ACME"), false, &SystemClock, &OsRandom)
    }

    #[test]
    fn root_and_intermediate_say_what_they_may_do() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let authority = make(&folder, &keys(&folder)).unwrap();
        for (der, path_length) in [(authority.issuers()[1], 1), (authority.issuers()[0], 0)] {
            let (_, certificate) = x509_parser::parse_x509_certificate(der).unwrap();
            let constraints = certificate.basic_constraints().unwrap().unwrap();
            assert!(constraints.critical && constraints.value.ca);
            assert_eq!(constraints.value.path_len_constraint, Some(path_length));
            let usage = certificate.key_usage().unwrap().unwrap();
            assert_eq!((usage.critical, usage.value.flags), (true, 0b110_0000), "keyCertSign and cRLSign only");
            assert!(certificate.extended_key_usage().unwrap().is_none());
            assert!(certificate.raw_serial().len() >= 17 && certificate.raw_serial()[0] < 0x80);
        }
        let shown = authority.describe();
        assert_eq!(shown.root.subject, "O=ACME, CN=ACME CA");
        assert_eq!(shown.intermediate.subject, "O=ACME, CN=ACME CA - desk");
        assert_eq!(shown.intermediate.issuer, shown.root.subject);
        assert_eq!(shown.root.not_after, "9999-12-31T23:59:59Z");
        assert_ne!(shown.root.serial, shown.intermediate.serial);
        assert!(!shown.demo && !authority.is_demo());
        assert_eq!(serde_json::to_value(&shown).unwrap()["protection"], "plain");
    }

    #[test]
    fn a_demo_authority_is_marked_in_both_certificates() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let keys = keys(&folder);
        let made = Authority::create(&folder, &keys, "ACME CA", Some("ACME"), true, &SystemClock, &OsRandom);
        let shown = made.unwrap().describe();
        assert!(shown.demo && Authority::open(&folder, &keys).unwrap().is_demo());
        assert_eq!(shown.root.subject, "O=DEMO - NOT FOR PRODUCTION, CN=DEMO ACME CA");
        assert!(shown.intermediate.subject.starts_with("O=DEMO - NOT FOR PRODUCTION, CN=DEMO ACME CA - desk"));
    }

    #[test]
    fn a_second_authority_is_never_made() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let keys = keys(&folder);
        let first = make(&folder, &keys).unwrap().root_fingerprint();
        assert!(matches!(make(&folder, &keys), Err(AuthorityError::Exists { .. })));
        for name in [ROOT, ROOT_KEY, INTERMEDIATE, INTERMEDIATE_KEY] {
            fs::rename(folder.join(FOLDER).join(name), folder.join("aside")).unwrap();
            assert!(matches!(make(&folder, &keys), Err(AuthorityError::Exists { .. })), "{name} missing");
            if name != ROOT_KEY {
                assert!(Authority::open(&folder, &keys).is_err(), "{name} missing");
            }
            fs::rename(folder.join("aside"), folder.join(FOLDER).join(name)).unwrap();
        }
        assert_eq!(Authority::open(&folder, &keys).unwrap().root_fingerprint(), first);
    }

    #[test]
    fn parts_of_two_authorities_are_not_one() {
        let place = tempfile::tempdir().unwrap();
        let (one, two) = (place.path().join("1"), place.path().join("2"));
        let (keys_one, keys_two) = (keys(&one), keys(&two));
        make(&one, &keys_one).unwrap();
        make(&two, &keys_two).unwrap();
        for name in [ROOT, INTERMEDIATE, INTERMEDIATE_KEY] {
            let (own, other) = (one.join(FOLDER).join(name), two.join(FOLDER).join(name));
            let kept = fs::read(&own).unwrap();
            fs::copy(other, &own).unwrap();
            assert!(Authority::open(&one, &keys_one).is_err(), "{name}");
            fs::write(&own, kept).unwrap();
        }
        Authority::open(&one, &keys_one).unwrap();
        assert!(matches!(Authority::open(&one, &keys_two), Err(AuthorityError::NotForUs { .. })));
    }

    #[test]
    fn a_device_certificate_in_place_of_an_authoritys_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let keys = keys(&folder);
        make(&folder, &keys).unwrap();
        let pair = KeyPair::draw(&OsRandom, "x").unwrap();
        let signer = CaSigner::new(pair, false).unwrap();
        let leaf = rcgen::CertificateParams::default().self_signed(&signer).unwrap();
        for text in [leaf.pem(), "garbage".into(), String::new(), leaf.pem() + &leaf.pem()] {
            fs::write(folder.join(FOLDER).join(ROOT), text).unwrap();
            assert!(matches!(Authority::open(&folder, &keys), Err(AuthorityError::Damaged { .. })));
        }
    }

    #[test]
    fn the_root_key_is_kept_and_fits_the_root() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let keys = keys(&folder);
        let authority = make(&folder, &keys).unwrap();
        let key = read_key(&folder.join(FOLDER).join(ROOT_KEY), &keys).unwrap();
        assert_eq!(KeyPair::from_pkcs8(&key, "root").unwrap().spki(), authority.root.spki);
    }

    #[test]
    fn names_that_do_not_fit_are_refused_and_a_long_station_still_does() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let station = "s".repeat(60);
        let keys = Keys::create(&folder, &station, None, &OsRandom).unwrap();
        let long = "n".repeat(65);
        for (name, organization) in [
            ("", None),
            (" ", None),
            (&*long, None),
            (
                "a
b", None,
            ),
            ("a", Some(&*long)),
        ] {
            let made = Authority::create(&folder, &keys, name, organization, false, &SystemClock, &OsRandom);
            assert!(matches!(made, Err(AuthorityError::Name { .. })), "{name:?}");
            assert!(!Authority::exists(&folder));
        }
        assert_eq!(make(&folder, &keys).unwrap().describe().intermediate.subject, format!("O=ACME, CN={station}"));
        assert!(matches!(Keys::create(place.path(), &long, None, &OsRandom), Err(AuthorityError::Name { .. })));
    }

    #[test]
    fn a_seed_makes_the_same_demo_authority_and_no_other() {
        let clock = FixedClock(time::macros::datetime!(2026-01-01 0:00 UTC));
        let random = SeededRandom::new(&Secret::new(b"1".to_vec()));
        let roots = [0, 1].map(|_| {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("k");
            let made = Authority::create(&folder, &keys(&folder), "CA", None, true, &clock, &random).unwrap();
            (made.root_pem().to_owned(), made.intermediate_pem().to_owned())
        });
        assert_eq!(roots[0], roots[1]);
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("k");
        let made = Authority::create(&folder, &keys(&folder), "CA", None, false, &clock, &random);
        assert!(matches!(made, Err(AuthorityError::Foretold)));
    }
}

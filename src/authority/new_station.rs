//! A further station of a fleet: keys of its own, an intermediate of its own under the same root, the same fleet key. The root's
//! key stays where it was made.

use std::path::Path;

use age::x25519;
use rcgen::Issuer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::delivery::{Clock, Random};
use crate::fleet::Secret;
use crate::host::files::{create_private, read_bounded};

use super::age_file::{decrypt, encrypt_to, longest_file};
use super::bundle_keys;
use super::ca::{self, read_root, whole_seconds};
use super::certificate::{CaSubject, LONGEST_NAME, Span, ca_params, check_name, draw_serial};
use super::draft::{Draft, make_private_folder};
use super::key_pair::{CaSigner, KeyPair};
use super::keys::{FLEET_KEY, LONGEST_FILE, STATION_CARD, STATION_KEY, station_card, station_key};
use super::{AuthorityError, Keys, sealing};

/// Makes in the new folder `to` what station `name` needs, from the private folder `from` of the station that has the root's
/// key. Its key lies in clear (0600) until a passphrase is set: the folder is for an encrypted file.
pub fn found_station(
    from: &Path,
    keys: &Keys,
    to: &Path,
    name: &str,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), AuthorityError> {
    check_name("station name", name)?;
    if name == keys.station_name() {
        return Err(AuthorityError::damaged(name, "it is the name of this station: a second one needs another"));
    }
    let draft = Draft::of(to)?;
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public();
    let reseal = |path: &Path, longest: usize| -> Result<Vec<u8>, AuthorityError> {
        Ok(encrypt_to(&recipient, &open_file(path, keys, longest)?))
    };
    create_private(&draft.path().join(STATION_CARD), &station_card(name, &identity))?;
    create_private(&draft.path().join(FLEET_KEY), &reseal(&from.join(FLEET_KEY), sealing::LENGTH)?)?;
    create_private(&draft.path().join(STATION_KEY), &station_key(name, &identity, None)?)?;
    let bundle_file = from.join(bundle_keys::FILE);
    if bundle_file.exists() {
        let longest = usize::try_from(bundle_keys::LONGEST_FILE).unwrap_or(usize::MAX);
        create_private(&draft.path().join(bundle_keys::FILE), &reseal(&bundle_file, longest)?)?;
    }
    put_authority(from, keys, draft.path(), name, &recipient, clock, random)?;
    draft.put_in_place()
}

fn put_authority(
    from: &Path,
    keys: &Keys,
    to: &Path,
    name: &str,
    recipient: &x25519::Recipient,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), AuthorityError> {
    let (root_pem, root) = read_root(from)?;
    let folder = to.join(ca::FOLDER);
    make_private_folder(&folder)?;
    let root_key = open_file(&from.join(ca::FOLDER).join(ca::ROOT_KEY), keys, LONGEST_FILE)?;
    let demo = root.organization.as_deref() == Some(ca::DEMO_MARK);
    if random.foretold() && !demo {
        return Err(AuthorityError::Foretold);
    }
    let signer = CaSigner::new(KeyPair::from_pkcs8(&root_key, ca::ROOT_KEY)?, demo && random.foretold())?;
    let der = root.der.as_slice().into();
    let issuer = Issuer::from_ca_cert_der(&der, signer).map_err(|error| AuthorityError::damaged(ca::ROOT, error))?;
    let long = format!("{} - {name}", common_name_of(&root.der).unwrap_or_default());
    let common_name = if long.chars().count() <= LONGEST_NAME { long } else { name.to_owned() };
    let subject = CaSubject { common_name: &common_name, organization: root.organization.as_deref(), path_length: 0 };
    let span =
        Span { not_before: whole_seconds(clock.now()).max(root.span.not_before), not_after: root.span.not_after };
    let purpose = format!("station/{common_name}");
    let pair = KeyPair::draw(random, &purpose)?;
    let made = ca_params(&subject, span, &draw_serial(random, &purpose)).signed_by(&pair, &issuer);
    let made = made.map_err(|_| AuthorityError::Crypto { doing: "signing a certificate" })?;
    create_private(&folder.join(ca::INTERMEDIATE_KEY), &encrypt_to(recipient, &pair.to_pkcs8()?))?;
    create_private(&folder.join(ca::INTERMEDIATE), made.pem().as_bytes())?;
    create_private(&folder.join(ca::ROOT), root_pem.as_bytes())?;
    Ok(())
}

fn common_name_of(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    certificate.subject().iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

fn open_file(path: &Path, keys: &Keys, longest: usize) -> Result<Secret, AuthorityError> {
    let file = read_bounded(path, longest_file(longest))?;
    decrypt(&file, keys.identity(), longest, &path.display().to_string())
}

//! From composed files to the sealed artifact: each file encrypted, the manifest signed.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::delivery::{
    ArtifactFile, ClockRule, Manifest, Match, Property, Random, Scope, SealedArtifact, Signer, TrustedKeys,
};
use crate::fleet::{Addressee, BundlePlan, Secret};

use super::error::RenderError;
use super::sealed::{SealingKey, Signature};

/// How much earlier than it is made a bundle of limited validity may be taken, in seconds: clocks differ.
const CLOCKS_DIFFER: i64 = 86_400;

/// A device's files and their manifest, before anything protects them.
pub struct Composed {
    pub(super) manifest: Manifest,
    pub(super) files: Vec<ArtifactFile>,
}

/// What a bundle is sealed with.
pub struct Seals<'a> {
    /// The bundle keys that sign, the newest first; at least one.
    pub signers: Vec<&'a dyn Signer>,
    /// The bundle keys that the fleet uses now.
    pub trusted_keys: TrustedKeys,
    /// To whom the files are encrypted; they stay in clear when absent.
    pub key: Option<SealingKey>,
    /// Randomness for the initialisation vectors of COSE.
    pub random: &'a dyn Random,
}

impl Composed {
    /// Freezes the files as they are: nothing is encrypted, nothing signed.
    pub fn plain(self) -> Result<SealedArtifact, RenderError> {
        Ok(SealedArtifact::seal(self.manifest, self.files)?)
    }

    /// Encrypts the files and signs the manifest. Twice the same input gives other bytes where age encrypts: it draws a key
    /// for each file.
    pub fn seal(mut self, seals: &Seals<'_>) -> Result<SealedArtifact, RenderError> {
        self.manifest.trusted_keys = Some(seals.trusted_keys.clone());
        if let Some(key) = &seals.key {
            self.manifest.accept_plaintext = None;
            let files = std::mem::take(&mut self.files);
            let sealed = files.into_iter().map(|file| encrypt(file, key, &self.manifest, seals.random));
            self.files = sealed.collect::<Result<_, _>>()?;
        }
        let artifact = SealedArtifact::seal(self.manifest, self.files)?;
        let comment = comment(artifact.manifest());
        let sign = |signer: &&dyn Signer| {
            let made = Signature::make(*signer, artifact.document(), &comment);
            made.map(|signature| signature.to_file().into_bytes()).map_err(|reason| RenderError::Seal { reason })
        };
        let signatures = seals.signers.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
        Ok(artifact.with_signatures(signatures))
    }
}

/// What the signatures say beside the manifest, for a person with minisign.
fn comment(manifest: &Manifest) -> String {
    format!("fleet={} device={} version={}", manifest.fleet, manifest.device, manifest.version)
}

fn encrypt(
    file: ArtifactFile,
    key: &SealingKey,
    manifest: &Manifest,
    random: &dyn Random,
) -> Result<ArtifactFile, RenderError> {
    if file.keep {
        return Ok(file);
    }
    let encryption = key.encryption();
    let mut drawn = [0; 16];
    let Manifest { device, bundle, version, .. } = manifest;
    random.fill(&format!("file IV/{device}/{bundle}/{version}/{}", file.path), &mut drawn);
    let sealed = file.bytes.expose(|content| key.seal(content, &drawn));
    let sealed = sealed.map_err(|reason| RenderError::File { path: file.path.clone(), reason })?;
    let path = format!("{}{}", file.path, encryption.suffix());
    Ok(ArtifactFile { path, bytes: Secret::new(sealed), encryption: Some(encryption), ..file })
}

/// Puts into the manifest for whom and how long the bundle is.
pub(super) fn address(
    manifest: &mut Manifest,
    plan: &BundlePlan,
    addressee: &Addressee,
    created: OffsetDateTime,
) -> Result<(), RenderError> {
    let sealing = &plan.sealing;
    manifest.scope = if sealing.site { Scope::Site } else { Scope::Device };
    manifest.single_use = sealing.single_use;
    manifest.without_clock = if sealing.accept_without_clock { ClockRule::Accept } else { ClockRule::Refuse };
    manifest.matching = matching(addressee);
    let Some(valid) = sealing.valid else { return Ok(()) };
    let after = i64::try_from(valid).ok().and_then(|seconds| created.checked_add(Duration::seconds(seconds)));
    let before = created.checked_sub(Duration::seconds(CLOCKS_DIFFER));
    let words = |time: Option<OffsetDateTime>| time.and_then(|time| time.format(&Rfc3339).ok());
    match (words(before), words(after)) {
        (Some(before), Some(after)) => {
            manifest.not_before = Some(before);
            manifest.not_after = Some(after);
            Ok(())
        }
        _ => Err(RenderError::Seal { reason: format!("{valid} s from now is no date") }),
    }
}

fn matching(addressee: &Addressee) -> Match {
    let property = |word: &str| Property::ALL.into_iter().find(|property| property.word() == word);
    let wanted = addressee
        .matching
        .iter()
        .filter_map(|(word, values)| Some((property(word)?, values.iter().map(ToString::to_string).collect())));
    Match(wanted.collect())
}

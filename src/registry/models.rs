//! Models: each version is kept as it was published, for ever.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::Digest;
use crate::fleet::model::{Model, ModelName, ModelVersion, canonical_bytes};

use super::handle::{Registry, Writing};
use super::text::storable;
use super::times::of_millis;
use super::{Event, RegistryError, Row, Sql, Value};

/// Most bytes of what a model was made from, 1 MiB.
const LONGEST_SOURCE: usize = 1 << 20;

/// Whether a version is given to devices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// It is.
    Published,
    /// Only to those who name exactly this version; who has it keeps it.
    Deprecated,
    /// A device brought it: it is that device's only, until a person publishes it.
    Quarantined,
}

impl ModelState {
    /// Returns the word of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Deprecated => "deprecated",
            Self::Quarantined => "quarantined",
        }
    }

    fn of(word: &str) -> Result<Self, RegistryError> {
        [Self::Published, Self::Deprecated, Self::Quarantined]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| RegistryError::damaged("", format!("{word:?} is no state of a model")))
    }
}

/// What a model was made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelSource {
    /// `short`, `wot`, `ddf`.
    pub format: String,
    /// The file, as it was read; at most 1 MiB.
    pub bytes: Vec<u8>,
}

/// One version of a model, without its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ModelRow {
    /// The model's name.
    pub name: ModelName,
    /// Its version.
    pub version: ModelVersion,
    /// Whether it is given to devices.
    pub state: ModelState,
    /// The digest of its canonical form.
    pub digest: Digest,
    /// What it was made from: `short`, `wot`, `ddf`.
    pub format: String,
    /// When it came into the registry.
    #[serde(with = "time::serde::rfc3339")]
    pub published: OffsetDateTime,
}

/// One version of a model, whole.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredModel {
    /// What is said of it.
    pub row: ModelRow,
    /// The model.
    pub model: Model,
    /// What it was made from.
    pub source: ModelSource,
}

/// What publishing came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Published {
    /// It is new.
    New,
    /// It was there with the same content.
    Same,
    /// A device had brought it: it is released from quarantine.
    Released,
}

/// Tells whether models or rules changed: one more with each change of either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ModelMark(i64);

const COLUMNS: &str = "id, version, state, digest, source_format, published";

impl Registry {
    /// Returns the mark of models and rules: it is another one after each change of either.
    pub fn model_mark(&self) -> Result<ModelMark, RegistryError> {
        self.read(|reading| mark(reading.sql, reading.tenant))
    }

    /// Publishes versions, all or none. The same content a second time changes nothing. With `judged_on` nothing is done where
    /// models or rules changed since, and none is returned: they were judged beside those.
    ///
    /// # Errors
    ///
    /// Conflict where a version is there with another content.
    pub fn publish_models(
        &self,
        actor: &str,
        models: &[(Model, ModelSource)],
        judged_on: Option<ModelMark>,
    ) -> Result<Option<Vec<Published>>, RegistryError> {
        let actor = storable("operator", actor)?;
        for (model, source) in models {
            check_source(model, source)?;
        }
        let models = models.to_vec();
        self.write(move |writing| {
            if let Some(judged_on) = judged_on
                && mark(writing.sql, writing.tenant)? != judged_on
            {
                return Ok(None);
            }
            let published = models.iter().map(|(model, source)| publish(writing, &actor, model, source));
            published.collect::<Result<_, _>>().map(Some)
        })
    }

    /// Publishes or deprecates a version that is there.
    ///
    /// # Errors
    ///
    /// Not found; refused for quarantine, into which only a device's model comes.
    pub fn set_model_state(
        &self,
        actor: &str,
        name: &ModelName,
        version: ModelVersion,
        state: ModelState,
    ) -> Result<(), RegistryError> {
        let actor = storable("operator", actor)?;
        let name = name.clone();
        if state == ModelState::Quarantined {
            let reason = "only what a device brought is in quarantine".to_owned();
            return Err(RegistryError::Refused { what: "model", name: format!("{name}@{version}"), reason });
        }
        self.write(move |writing| {
            let (id, number) = (name.as_str(), version.to_string());
            let text = "SELECT state FROM model WHERE tenant = $1 AND id = $2 AND version = $3";
            let row = writing.sql.maybe_row(text, &[writing.tenant.into(), id.into(), Value::from(&number)])?;
            let row = row.ok_or_else(|| unknown(id, &number))?;
            let before = ModelState::of(&row.text(0)?)?;
            if before == state {
                return Ok(());
            }
            set_state(writing, id, &number, state)?;
            let what = match (before, state) {
                (_, ModelState::Deprecated) => "model-deprecated",
                (ModelState::Quarantined, _) => "model-released",
                _ => "model-restored",
            };
            let detail = json!({ "model": format!("{id}@{number}") });
            writing.note(Event { what, device: None, actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Returns up to `limit` versions that come after `after` (`NAME@VERSION`, "" for the first), in byte order of name and
    /// version.
    pub fn models(&self, after: &str, limit: u32) -> Result<Vec<ModelRow>, RegistryError> {
        let (name, version) = after.split_once('@').unwrap_or((after, ""));
        let text = format!(
            "SELECT {COLUMNS} FROM model WHERE tenant = $1 AND (id, version) > ($2, $3) ORDER BY id, version LIMIT $4"
        );
        self.read(|reading| {
            let values = [reading.tenant.into(), name.into(), version.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(row_of).collect()
        })
    }

    /// Returns all versions of a model, oldest first.
    pub fn model_versions(&self, name: &ModelName) -> Result<Vec<ModelRow>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM model WHERE tenant = $1 AND id = $2");
        let rows: Result<Vec<ModelRow>, _> = self.read(|reading| {
            reading.sql.query(&text, &[reading.tenant.into(), name.as_str().into()])?.iter().map(row_of).collect()
        });
        let mut rows = rows?;
        rows.sort_by_key(|row| row.version);
        Ok(rows)
    }

    /// Returns one version, whole.
    pub fn model(&self, name: &ModelName, version: ModelVersion) -> Result<Option<StoredModel>, RegistryError> {
        let text =
            format!("SELECT {COLUMNS}, canonical, source FROM model WHERE tenant = $1 AND id = $2 AND version = $3");
        self.read(|reading| {
            let values = [reading.tenant.into(), name.as_str().into(), version.to_string().into()];
            reading.sql.maybe_row(&text, &values)?.as_ref().map(whole).transpose()
        })
    }

    /// Returns the states of all versions that are not in quarantine, in one view with the mark.
    pub fn model_index(&self) -> Result<(ModelMark, Vec<ModelRow>), RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM model WHERE tenant = $1 AND state <> 'quarantined' ORDER BY id");
        self.read(|reading| {
            let rows = reading.sql.query(&text, &[reading.tenant.into()])?;
            let rows = rows.iter().map(row_of).collect::<Result<_, _>>()?;
            Ok((mark(reading.sql, reading.tenant)?, rows))
        })
    }
}

fn mark(sql: &mut dyn Sql, tenant: &str) -> Result<ModelMark, RegistryError> {
    let row = sql.maybe_row("SELECT models FROM tenant WHERE id = $1", &[tenant.into()])?;
    row.map_or(Ok(ModelMark::default()), |row| Ok(ModelMark(row.integer(0)?)))
}

/// Notes that models or rules changed.
pub(super) fn touch(writing: &mut Writing<'_>) -> Result<(), RegistryError> {
    let text = "UPDATE tenant SET models = models + 1 WHERE id = $1";
    writing.sql.execute(text, &[writing.tenant.into()]).map(|_| ())
}

fn found(sql: &mut dyn Sql, tenant: &str, model: &Model) -> Result<Option<(Digest, ModelState)>, RegistryError> {
    let text = "SELECT digest, state FROM model WHERE tenant = $1 AND id = $2 AND version = $3";
    let values = [tenant.into(), model.name().as_str().into(), model.version().to_string().into()];
    let Some(row) = sql.maybe_row(text, &values)? else { return Ok(None) };
    Ok(Some((digest(&row, 0)?, ModelState::of(&row.text(1)?)?)))
}

fn publish(
    writing: &mut Writing<'_>,
    actor: &str,
    model: &Model,
    source: &ModelSource,
) -> Result<Published, RegistryError> {
    let (published, what) = match found(writing.sql, writing.tenant, model)? {
        Some((digest, _)) if digest != model.digest() => return Err(other_content(model)),
        Some((_, ModelState::Quarantined)) => {
            set_state(writing, model.name().as_str(), &model.version().to_string(), ModelState::Published)?;
            (Published::Released, "model-released")
        }
        Some(_) => return Ok(Published::Same),
        None => {
            touch(writing)?;
            let row = new_row(writing.tenant, model, source, ModelState::Published, writing.millis());
            super::sql::insert(writing.sql, INTO, &[row], "")?;
            (Published::New, "model-published")
        }
    };
    let detail = json!({ "model": model.reference(), "digest": model.digest().to_string() });
    writing.note(Event { what, device: None, actor: actor.to_owned(), detail });
    Ok(published)
}

/// Returns the digest of a version that is there, whatever its state.
pub(super) fn digest_of(
    sql: &mut dyn Sql,
    tenant: &str,
    name: &ModelName,
    version: ModelVersion,
) -> Result<Option<Digest>, RegistryError> {
    let text = "SELECT digest FROM model WHERE tenant = $1 AND id = $2 AND version = $3";
    let values = [tenant.into(), name.as_str().into(), version.to_string().into()];
    sql.maybe_row(text, &values)?.map(|row| digest(&row, 0)).transpose()
}

/// The columns of [`new_row`].
pub(super) const INTO: &str = "model (tenant, id, version, state, canonical, digest, source_format, source, published)";

/// The row of a model that comes now.
pub(super) fn new_row(tenant: &str, model: &Model, source: &ModelSource, state: ModelState, now: i64) -> Vec<Value> {
    let canonical = String::from_utf8(canonical_bytes(model.canonical())).expect("JSON is UTF-8");
    vec![
        tenant.into(),
        model.name().as_str().into(),
        model.version().to_string().into(),
        state.as_str().into(),
        canonical.into(),
        model.digest().as_bytes().as_slice().into(),
        Value::from(&source.format),
        source.bytes.clone().into(),
        now.into(),
    ]
}

fn set_state(writing: &mut Writing<'_>, name: &str, version: &str, state: ModelState) -> Result<(), RegistryError> {
    touch(writing)?;
    let text = "UPDATE model SET state = $1 WHERE tenant = $2 AND id = $3 AND version = $4";
    let values = [state.as_str().into(), writing.tenant.into(), name.into(), version.into()];
    writing.sql.execute(text, &values).map(|_| ())
}

fn check_source(model: &Model, source: &ModelSource) -> Result<(), RegistryError> {
    let long = source.bytes.len();
    if long <= LONGEST_SOURCE && matches!(source.format.as_str(), "short" | "wot" | "ddf") {
        return Ok(());
    }
    let reason = format!("its source is {:?} of {long} bytes, at most {LONGEST_SOURCE} are kept", source.format);
    Err(RegistryError::Refused { what: "model", name: model.reference().to_string(), reason })
}

fn other_content(model: &Model) -> RegistryError {
    let reason = "is there with another content, and a version never changes; raise the version number".to_owned();
    RegistryError::Conflict { what: "model", name: model.reference().to_string(), reason }
}

fn unknown(name: &str, version: &str) -> RegistryError {
    RegistryError::NotFound { what: "model", name: format!("{name}@{version}") }
}

fn digest(row: &Row, column: usize) -> Result<Digest, RegistryError> {
    let bytes = <[u8; 32]>::try_from(row.bytes(column)?);
    bytes.map(Digest::from_bytes).map_err(|_| RegistryError::damaged("", "a digest is not 32 bytes long"))
}

fn damaged(error: impl std::fmt::Display) -> RegistryError {
    RegistryError::damaged("", format!("a model in it: {error}"))
}

fn row_of(row: &Row) -> Result<ModelRow, RegistryError> {
    Ok(ModelRow {
        name: ModelName::new(&row.text(0)?).map_err(damaged)?,
        version: row.text(1)?.parse().map_err(damaged)?,
        state: ModelState::of(&row.text(2)?)?,
        digest: digest(row, 3)?,
        format: row.text(4)?,
        published: of_millis(row.integer(5)?),
    })
}

fn whole(row: &Row) -> Result<StoredModel, RegistryError> {
    let found = row_of(row)?;
    let canonical = serde_json::from_str(&row.text(6)?).map_err(damaged)?;
    let model = Model::from_canonical(canonical).map_err(damaged)?;
    if model.digest() != found.digest {
        return Err(damaged(format!("{} does not have the digest it was published with", model.reference())));
    }
    let source = ModelSource { format: found.format.clone(), bytes: row.bytes(7)? };
    Ok(StoredModel { row: found, model, source })
}

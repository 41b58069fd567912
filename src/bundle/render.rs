//! From plan and credentials to the sealed artifact.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Action, ArtifactFile, ChipIdentity, Connect, Credential, Manifest, SealedArtifact};
use crate::fleet::lwm2m::Object;
use crate::fleet::template::{FileSource, Syntax};
use crate::fleet::{ConnectPlan, DevicePlan, Seal, Secret, TemplateFile};
use crate::format::{senml, tlv};

use super::context::{Context, Issued};
use super::encoding::{Form, encode};
use super::environment::{FUEL, misused};
use super::error::RenderError;
use super::folder::{DESCRIPTION, is_source};
use super::objects;
use super::orders::{self, Placed};
use super::placeholder::{Body, FillError, fill};
use super::seal::{self, Composed};
use super::template::Template;

/// The longest file a template may make, in bytes.
pub const LONGEST_FILE: usize = 4 << 20;

/// Everything that one rendering takes.
pub struct Rendering<'a> {
    /// The device plan.
    pub plan: &'a DevicePlan,
    /// The bundle version.
    pub version: u32,
    /// When the bundle is made.
    pub created: OffsetDateTime,
    /// The device's active credentials: every one the plan names. The private half is empty where it is not at hand any
    /// more: the device keeps the file that it has of it.
    pub credentials: &'a [Credential],
    /// The fleet's secrets by name: every one a variable of the plan names.
    pub secrets: &'a BTreeMap<Arc<str>, Secret>,
    /// The fleet's root certificate, DER: trusted where a server says nothing else.
    pub root: &'a [u8],
    /// True if a demo authority or a seed made the credentials.
    pub demo: bool,
    /// The chip the bundle goes into, where it goes into one.
    pub chip: Option<&'a ChipIdentity>,
}

/// Renders the bundle of one device and seals it under its manifest.
///
/// The same input gives the same bytes. Line ends are LF.
pub fn render(template: &Template, rendering: &Rendering<'_>) -> Result<SealedArtifact, RenderError> {
    compose(template, rendering)?.plain()
}

/// Renders the bundle of one device: its files, and the manifest with all that its reader is told, to be sealed.
pub fn compose(template: &Template, rendering: &Rendering<'_>) -> Result<Composed, RenderError> {
    let Rendering { plan, version, credentials, secrets, root, chip, .. } = *rendering;
    let scene = Scene::new(template, plan, version, Some(Issued { credentials, secrets, root, chip }))?;
    let made = scene.files()?;
    let mut manifest = manifest(rendering)?;
    (manifest.actions, manifest.connect) = scene.orders(&made)?;
    let files = made.into_iter().map(|made| scene.place(made)).collect::<Result<_, _>>()?;
    Ok(Composed { manifest, files })
}

/// Shows the files that a plan leads to, by path, before anything is issued: `<secret ...>` stands for a secret,
/// `<certificate of ...>` for what is not made yet, and the bundle version is shown as 1.
pub fn preview(template: &Template, plan: &DevicePlan) -> Result<Vec<(String, String)>, RenderError> {
    let scene = Scene::new(template, plan, 1, None)?;
    let files = scene.files()?;
    scene.orders(&files)?;
    for made in &files {
        scene.whereabouts(made.file)?;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(files.into_iter().map(|made| (made.file.path.clone(), made.bytes.expose(text))).collect())
}

impl Template {
    /// Returns what would lie in clear on the medium, one line each: `tls/key.pem: private key of credential identity`.
    /// Empty if the bundle holds no secret. Where the template fails for this plan, everything secret in the plan counts.
    pub fn secrets_in_clear(&self, plan: &DevicePlan) -> Vec<String> {
        if plan.delivery.bundle.seal == Seal::SignEncrypt {
            return Vec::new();
        }
        let found = Scene::new(self, plan, 1, None).and_then(|scene| {
            let files = scene.files()?;
            Ok(files.into_iter().flat_map(|made| lines(&made)).collect())
        });
        found.unwrap_or_else(|_| everything_secret(plan))
    }
}

fn lines(made: &Made<'_>) -> Vec<String> {
    made.secrets.iter().map(|what| format!("{}: {what}", made.file.path)).collect()
}

fn everything_secret(plan: &DevicePlan) -> Vec<String> {
    let variables = plan.variables.iter().filter(|(_, value)| matches!(value, crate::fleet::Variable::Secret(_)));
    let variables = variables.map(|(name, _)| format!("variable {name}"));
    variables.chain(plan.credentials.keys().map(|name| format!("credential {name}"))).collect()
}

fn manifest(rendering: &Rendering<'_>) -> Result<Manifest, RenderError> {
    let plan = rendering.plan;
    let created = rendering.created.to_offset(time::UtcOffset::UTC).truncate_to_second();
    let mut manifest = Manifest {
        template: plan.delivery.bundle.template.to_string(),
        created: created.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".into()),
        accept_plaintext: plan.delivery.bundle.accept_plaintext.clone(),
        demo: rendering.demo,
        ..Manifest::new(&plan.fleet, plan.device.clone(), &plan.delivery.bundle.name, rendering.version)
    };
    seal::address(&mut manifest, &plan.delivery.bundle, &plan.addressee, created)?;
    Ok(manifest)
}

/// A file made, and the secrets in it in words.
struct Made<'t> {
    file: &'t TemplateFile,
    bytes: Secret,
    secrets: Vec<String>,
    /// True if nothing could be made, for what it is made of is not at hand any more: the reader keeps its own.
    keep: bool,
}

/// One template at work for one device.
struct Scene<'a, 't> {
    template: &'t Template,
    plan: &'a DevicePlan,
    issued: Option<Issued<'a>>,
    context: Context<'a>,
}

impl<'a, 't> Scene<'a, 't> {
    fn new(
        template: &'t Template,
        plan: &'a DevicePlan,
        version: u32,
        issued: Option<Issued<'a>>,
    ) -> Result<Self, RenderError> {
        let context = Context::new(template.shape(), template.digest(), plan, version, issued)?;
        Ok(Self { template, plan, issued, context })
    }

    fn files(&self) -> Result<Vec<Made<'t>>, RenderError> {
        let mut made = Vec::new();
        for file in &self.template.shape().files {
            if self.is_wanted(file)? {
                made.extend(self.make(file)?);
            }
        }
        Ok(made)
    }

    /// Returns the file with the place that its reader gives it.
    fn place(&self, made: Made<'_>) -> Result<ArtifactFile, RenderError> {
        let (destination, owner) = self.whereabouts(made.file)?;
        let keep = made.keep;
        Ok(ArtifactFile {
            destination,
            owner,
            keep,
            ..ArtifactFile::plain(&made.file.path, made.file.mode, made.bytes)
        })
    }

    /// Returns a file's destination and owner.
    fn whereabouts(&self, file: &TemplateFile) -> Result<(Option<String>, Option<String>), RenderError> {
        let line = |text: &Option<String>| text.as_deref().map(|text| self.line(text)).transpose();
        let destination = line(&file.destination)?.map(|text| orders::destination(&file.path, text)).transpose()?;
        let owner = line(&file.owner)?.map(|text| orders::owner(&file.path, text)).transpose()?;
        Ok((destination, owner))
    }

    /// Returns what the reader does when these files are in place, and the connection that proves them good.
    fn orders(&self, made: &[Made<'_>]) -> Result<(Vec<Action>, Option<Connect>), RenderError> {
        let placed: Vec<Placed<'_>> = made.iter().map(|made| Placed { file: made.file, bytes: &made.bytes }).collect();
        let actions = self.actions(&placed)?;
        let connect = self.plan.delivery.bundle.sealing.connect.as_ref();
        let proved =
            |connect: &ConnectPlan| orders::connect(self.plan, connect, &self.of_trust(&connect.server)?, &placed);
        Ok((actions, connect.map(proved).transpose()?))
    }

    fn actions(&self, files: &[Placed<'_>]) -> Result<Vec<Action>, RenderError> {
        let mut actions = Vec::new();
        for wanted in &self.template.shape().actions {
            actions.extend(orders::action(wanted, &self.line(wanted.text())?, files)?);
        }
        Ok(actions)
    }

    /// Renders a text of the description that becomes one line of the manifest, which everybody may read.
    fn line(&self, text: &str) -> Result<String, RenderError> {
        if !text.contains('{') {
            return Ok(text.to_owned());
        }
        let failed = |error: minijinja::Error| self.template_error(DESCRIPTION, &error);
        let template = self.template.engine(Syntax::Text).template_from_str(text).map_err(failed)?;
        let mut out = Bounded(Vec::new());
        template.render_captured_to(self.context.values.clone(), &mut out).map_err(failed)?;
        self.refuse_misuse(DESCRIPTION)?;
        let rendered = String::from_utf8(out.0).expect("the engine writes text");
        let fault = |reason: &str| self.template_fault(DESCRIPTION, format!("{text:?} {reason}"));
        let filled = fill(&rendered, &self.context.marks, &self.context.slots);
        if filled.is_ok_and(|filled| filled.slots.is_empty()) {
            let is_line = !rendered.contains(char::is_control);
            return is_line.then_some(rendered).ok_or_else(|| fault("becomes more than one line"));
        }
        Err(fault("holds a secret, which the manifest would show"))
    }

    fn is_wanted(&self, file: &TemplateFile) -> Result<bool, RenderError> {
        let Some(condition) = &file.when else { return Ok(true) };
        let failed = |error: minijinja::Error| self.template_error(DESCRIPTION, &error);
        let expression = self.template.any_engine().compile_expression(condition).map_err(failed)?;
        let value = expression.eval(self.context.values.clone()).map_err(failed)?;
        self.refuse_misuse(DESCRIPTION)?;
        Ok(value.is_true())
    }

    fn make(&self, file: &'t TemplateFile) -> Result<Option<Made<'t>>, RenderError> {
        let (bytes, secrets) = match &file.source {
            FileSource::Template { file: source, syntax } => self.by_template(source, *syntax, &file.path)?,
            FileSource::Credential { part, encoding } => self.of_credential(part, encoding, &file.path)?,
            FileSource::Trust { server } => (self.of_trust(server)?, Vec::new()),
            FileSource::Lwm2mObjects { encoding, object } => match self.of_objects(encoding, *object)? {
                Some(made) => made,
                None => return Ok(None),
            },
        };
        let keep = bytes.is_empty() && matches!(file.source, FileSource::Credential { .. });
        Ok(Some(Made { file, bytes, secrets, keep }))
    }

    fn by_template(&self, source: &str, syntax: Syntax, path: &str) -> Result<(Secret, Vec<String>), RenderError> {
        let failed = |error: minijinja::Error| self.template_error(source, &error);
        let template = self.template.engine(syntax).get_template(source).map_err(failed)?;
        let mut out = Bounded(Vec::new());
        template.render_captured_to(self.context.values.clone(), &mut out).map_err(failed)?;
        self.refuse_misuse(source)?;
        let mut text = String::from_utf8(out.0).expect("the engine writes text");
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let filled = fill(&text, &self.context.marks, &self.context.slots).map_err(|error| not_filled(path, &error))?;
        if syntax == Syntax::Json {
            filled.bytes.expose(check_json).map_err(|reason| self.template_fault(source, reason))?;
        }
        if let Some(gone) = filled.slots.iter().map(|slot| &self.context.slots[*slot]).find(|slot| slot.is_gone()) {
            let reason = format!("it holds the {}, which is not at hand any more", gone.what);
            return Err(RenderError::File { path: path.to_owned(), reason });
        }
        let secrets = filled.slots.iter().map(|slot| self.context.slots[*slot].what.to_string()).collect();
        Ok((filled.bytes, secrets))
    }

    fn of_credential(&self, part: &str, encoding: &str, path: &str) -> Result<(Secret, Vec<String>), RenderError> {
        let fault = |reason: String| RenderError::File { path: path.to_owned(), reason };
        let form = Form::named(encoding).ok_or_else(|| fault(format!("encoding {encoding:?} is not known")))?;
        let found = self.context.parts.get(part);
        let found = found.ok_or_else(|| {
            fault(format!("the profile has no {part:?}; it wants a credential of a kind that has one"))
        })?;
        let none = || fault(format!("the {} cannot be written as {encoding}", found.what));
        match &found.body {
            Body::Unmade => Ok((Secret::new(format!("<{}>\n", found.what).into_bytes()), Vec::new())),
            Body::Public(parts) => {
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                Ok((Secret::new(encode(found.nature, form, &parts).ok_or_else(none)?.to_vec()), Vec::new()))
            }
            Body::Secret(slot) => {
                let secrets = vec![found.what.to_string()];
                let Some(secret) = self.context.slots[*slot].bytes else {
                    return Ok((Secret::new(format!("<secret {}>\n", found.what).into_bytes()), secrets));
                };
                if self.context.slots[*slot].is_gone() {
                    return Ok((Secret::new(Vec::new()), secrets));
                }
                let mut bytes = secret.expose(|bytes| encode(found.nature, form, &[bytes])).ok_or_else(none)?;
                Ok((Secret::new(std::mem::take(&mut *bytes)), secrets))
            }
        }
    }

    fn of_trust(&self, server: &str) -> Result<Secret, RenderError> {
        let part = self.context.trusts.get(server).ok_or_else(|| RenderError::Server {
            server: Arc::from(server),
            reason: "is not among the fleet's servers, but the template wants its trusted certificates".into(),
        })?;
        let text = match &part.body {
            Body::Public(parts) => {
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                encode(part.nature, Form::Pem, &parts).expect("certificates can be PEM").to_vec()
            }
            Body::Unmade | Body::Secret(_) => format!("<{}>\n", part.what).into_bytes(),
        };
        Ok(Secret::new(text))
    }

    fn of_objects(&self, encoding: &str, only: Option<u16>) -> Result<Option<(Secret, Vec<String>)>, RenderError> {
        let mut made = objects::objects(self.plan, self.issued)?;
        if let Some(id) = only {
            made.retain(|object| object.id == id);
        }
        if made.is_empty() {
            return Ok(None);
        }
        let holds_keys = made.iter().any(|object| object.id == crate::fleet::lwm2m::SECURITY);
        let secrets = if holds_keys { objects::secrets(self.plan) } else { Vec::new() };
        let bytes = match (self.issued, encoding) {
            (None, _) => Secret::new(objects::shown(&made).into_bytes()),
            (Some(_), "tlv") => tlv::encode(&one(made)),
            (Some(_), _) => senml::encode(&made),
        };
        Ok(Some((bytes, secrets)))
    }

    fn refuse_misuse(&self, file: &str) -> Result<(), RenderError> {
        match self.context.marks.take_misused() {
            Some(what) => Err(self.template_fault(file, misused(&what))),
            None => Ok(()),
        }
    }

    fn template_fault(&self, file: &str, message: String) -> RenderError {
        RenderError::Template { place: self.template.place(file, 1), message }
    }

    /// Names the innermost file and line: an include fails where the included file does.
    fn template_error(&self, file: &str, error: &minijinja::Error) -> RenderError {
        let mut innermost = error;
        while let Some(source) = std::error::Error::source(innermost).and_then(|source| source.downcast_ref()) {
            innermost = source;
        }
        let message = match innermost.kind() {
            minijinja::ErrorKind::OutOfFuel => format!("the template does not come to an end within {FUEL} steps"),
            minijinja::ErrorKind::WriteFailure => format!("the file becomes longer than {LONGEST_FILE} bytes"),
            minijinja::ErrorKind::InvalidOperation => innermost.detail().unwrap_or("invalid operation").to_owned(),
            kind => innermost.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
        };
        let name = innermost.name().filter(|name| is_source(name)).unwrap_or(file);
        RenderError::Template { place: self.template.place(name, innermost.line().unwrap_or(1)), message }
    }
}

fn one(mut objects: Vec<Object>) -> Object {
    objects.pop().expect("checked to be there")
}

fn not_filled(path: &str, error: &FillError) -> RenderError {
    let reason = match error {
        FillError::Cut => "the template cuts or changes a block of text that holds a secret".to_owned(),
        FillError::NotText(what) => format!("the {what} is not UTF-8 text: write it with hex or base64"),
        FillError::Unquotable(what, error) => format!("the {what} {error}"),
    };
    RenderError::File { path: path.to_owned(), reason }
}

/// Values are quoted whole, quotes and all; a template that puts quotes around one makes no JSON, and that is found here.
fn check_json(bytes: &[u8]) -> Result<(), String> {
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(bytes);
    read.map(|_| ()).map_err(|error| {
        format!(
            "the rendered file is no JSON (line {}, column {}); values bring their own quotes",
            error.line(),
            error.column()
        )
    })
}

/// A buffer that refuses to grow beyond [`LONGEST_FILE`].
struct Bounded(Vec<u8>);

impl io::Write for &mut Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_FILE {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bundle::environment::MARKS;
    use crate::bundle::placeholder::part_of;
    use crate::fleet::{
        BundlePlan, DeliveryPlan, Digest, EndpointName, Faults, Filesystem, MediumPlan, PartitionTable, Seal, Variable,
    };

    const DESCRIPTION: &str = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
variables:
  value: {type: string, default: \"\"}
  secret: {type: string, class: secret}
files:
  - {path: file, mode: \"0600\", template: a.j2, syntax: json}
";

    fn template(source: &str) -> Template {
        let files = [(DESCRIPTION_NAME, DESCRIPTION), ("a.j2", source)];
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
        let mut faults = Faults::default();
        Template::from_files(&"own".into(), "own", files, &mut faults).unwrap_or_else(|| panic!("{faults}"))
    }

    const DESCRIPTION_NAME: &str = super::DESCRIPTION;

    fn plan(value: &str) -> DevicePlan {
        let medium =
            MediumPlan { table: PartitionTable::None, filesystem: Filesystem::Fat, label: "TEST".into(), size: None };
        let bundle = BundlePlan {
            name: "site".into(),
            template: "own".into(),
            template_digest: Digest::of(b""),
            seal: Seal::None,
            accept_plaintext: None,
            sealing: crate::fleet::SealingPlan::default(),
        };
        DevicePlan {
            fleet: "f".into(),
            device: EndpointName::new("d-1").unwrap(),
            serial: None,
            model: None,
            profile: "p".into(),
            group: None,
            delivery: Arc::new(DeliveryPlan { name: "stick".into(), bundle, carrier: medium.into() }),
            credentials: Arc::default(),
            servers: Arc::default(),
            variables: BTreeMap::from([
                ("value".into(), Variable::Plain(value.into())),
                ("secret".into(), Variable::Secret("s".into())),
            ]),
            addressee: crate::fleet::Addressee::default(),
        }
    }

    fn rendered(
        template: &Template,
        plan: &DevicePlan,
        secrets: &BTreeMap<Arc<str>, Secret>,
    ) -> Result<String, RenderError> {
        let rendering = Rendering {
            plan,
            version: 1,
            created: OffsetDateTime::UNIX_EPOCH,
            credentials: &[],
            secrets,
            root: &[],
            demo: false,
            chip: None,
        };
        let artifact = render(template, &rendering)?;
        Ok(artifact.files()[0].bytes.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
    }

    fn secrets() -> BTreeMap<Arc<str>, Secret> {
        BTreeMap::from([("s".into(), Secret::new(b"s3cret".to_vec()))])
    }

    /// The marker that stands for the secret when this plan is rendered.
    fn marker(template: &Template, plan: &DevicePlan) -> String {
        let secrets = secrets();
        let issued = Issued { credentials: &[], secrets: &secrets, root: &[], chip: None };
        let context = Context::new(template.shape(), template.digest(), plan, 1, Some(issued)).unwrap();
        assert!(context.values.get_attr(MARKS).is_ok());
        let secret = context.values.get_attr("variables").unwrap().get_attr("secret").unwrap();
        part_of(&secret).unwrap().written(Syntax::Json).unwrap()
    }

    /// Somebody who has seen a marker of an earlier rendering puts it into a variable, to have the secret written there.
    #[test]
    fn a_marker_in_a_variable_stays_text() {
        let template = template("[{{ variables.value }}, {{ variables.secret }}]");
        let seen = marker(&template, &plan("x"));
        let forged = plan(&seen);
        assert_ne!(marker(&template, &forged), seen);
        assert_eq!(rendered(&template, &forged, &secrets()).unwrap(), format!("[\"{seen}\", \"s3cret\"]\n"));
    }

    #[test]
    fn a_secret_that_was_not_read_is_named() {
        let template = template("{{ variables.secret }}");
        let error = rendered(&template, &plan("x"), &BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "secret \"s\" for variable \"secret\" has not been read");
        assert_eq!(crate::fleet::Diagnose::class(&error), crate::fleet::Class::Fault);
    }

    #[test]
    fn a_template_that_fails_counts_as_telling_everything() {
        let template = template("{{ fail(\"no\") }}");
        assert_eq!(template.secrets_in_clear(&plan("x")), ["variable secret"]);
    }
}

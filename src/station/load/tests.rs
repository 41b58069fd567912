//! Folders on disk: what is found, what is refused, and that one run names every fault.

use super::*;

const FLEET: &str = "\
version: 1
fleet: acme
inventory: devices.csv
authority: {demo: true}
servers:
  telemetry: {protocol: mqtt, uri: \"mqtts://h\", security: none, trust: certs/root.pem}
profiles:
  p:
    bundles: {b: {template: plain, seal: none}}
    deliveries: {d: {bundle: b}}
";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const TEMPLATE: &str =
    "consumer: c\ndescription: d\nmedium: {label: X}\nvariables: {site: {type: string, default: x}}\nfiles: []\n";

/// Has one built-in template, `plain`; reads folders as the real one does.
struct Shelf;

impl TemplateLibrary for Shelf {
    fn built_in(&self) -> Vec<Arc<str>> {
        vec![Arc::from("plain")]
    }

    fn read(&self, name: &Arc<str>, folder: Option<&Path>, faults: &mut Faults) -> Option<(TemplateShape, Digest)> {
        let file = folder.map(|folder| folder.join("template.yaml"));
        let text = file.as_ref().map_or(TEMPLATE.to_owned(), |file| std::fs::read_to_string(file).expect("a template"));
        let shown = file.map_or("plain/template.yaml".to_owned(), |file| file.display().to_string());
        Some((TemplateShape::parse(name, &Arc::from(shown), &text, faults)?, Digest::of(text.as_bytes())))
    }

    fn compose(
        &self,
        name: &Arc<str>,
        shown: &str,
        files: BTreeMap<String, Vec<u8>>,
        faults: &mut Faults,
    ) -> Option<(TemplateShape, Digest)> {
        let text = String::from_utf8(files.get("template.yaml")?.clone()).ok()?;
        Some((TemplateShape::parse(name, &Arc::from(shown), &text, faults)?, Digest::of(text.as_bytes())))
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn sound() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.put(FLEET_FILE, FLEET).put("devices.csv", "id,site\na,b\n").put("certs/root.pem", PEM);
        folder
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn change(&self, from: &str, to: &str) -> &Self {
        assert!(FLEET.contains(from), "{from}");
        self.put(FLEET_FILE, FLEET.replace(from, to))
    }

    fn load(&self) -> Result<FleetFolder, LoadError> {
        self.load_from(None, b"")
    }

    fn load_from(&self, inventory: Option<PathBuf>, mut stdin: &[u8]) -> Result<FleetFolder, LoadError> {
        load(self.0.path(), Inputs { inventory, stdin: &mut stdin }, &Shelf)
    }

    /// The faults, with the folder's own path left out.
    fn faults(&self) -> Vec<String> {
        self.faults_of(self.load())
    }

    fn faults_of(&self, result: Result<FleetFolder, LoadError>) -> Vec<String> {
        let here = format!("{}/", self.0.path().display());
        match result {
            Err(LoadError::Faults(faults)) => {
                faults.to_string().replace(&here, "").lines().map(str::to_owned).collect()
            }
            Err(other) => panic!("{other}"),
            Ok(_) => Vec::new(),
        }
    }
}

#[test]
fn a_sound_folder_loads_with_its_pem_files() {
    let folder = Folder::sound();
    let loaded = folder.load().expect("a sound folder");
    let device = loaded.fleet.devices().next().expect("a device");
    let plan = loaded.fleet.plan(device, None).expect("a plan");
    assert_eq!(plan.servers["telemetry"].trust.as_deref(), Some(PEM));
    assert!(loaded.lock.is_none());
}

#[test]
fn the_nearest_fleet_upward_is_found() {
    let folder = Folder::sound();
    folder.put("deep/er/x", "");
    assert_eq!(find(&folder.0.path().join("deep/er")), Some(folder.0.path().to_owned()));
    assert_eq!(find(&folder.0.path().join("not/there")), Some(folder.0.path().to_owned()));
}

#[test]
fn no_fleet_file_and_another_ending_are_told_apart() {
    let folder = Folder(tempfile::tempdir().expect("a folder"));
    let missing = folder.load().expect_err("no fleet");
    assert_eq!(missing.class(), Class::Input);
    assert!(missing.hint().is_some_and(|hint| hint.contains("firstlight init")));
    folder.put("fleet.yml", FLEET);
    assert!(folder.load().expect_err("no fleet").hint().is_some_and(|hint| hint.starts_with("rename")));
    folder.put(FLEET_FILE, FLEET).put("devices.csv", "id\n").put("certs/root.pem", PEM);
    assert_eq!(folder.faults(), ["fleet.yaml:1:1: the folder holds fleet.yml too; one folder is one fleet"]);
}

#[test]
fn faults_of_every_file_are_found_in_one_run() {
    let folder = Folder::sound();
    folder
        .change("version: 1", "version: 1\nslot: {}")
        .put("devices.csv", b"id,site\n../a,b\ng,\xff\n")
        .put("templates/mine/template.yaml", TEMPLATE.replace("label", "lable"))
        .put("fleet.lock", "version: 9\n");
    let text = std::fs::read_to_string(folder.0.path().join(FLEET_FILE)).expect("the file");
    folder
        .put(FLEET_FILE, text.replace("certs/root.pem", "certs/none.pem").replace("template: plain", "template: mine"));
    assert_eq!(
        folder.faults(),
        [
            "devices.csv:2:1: \"../a\": endpoint name holds '/'; letters, digits and -_.:+@= are possible",
            "devices.csv:3:3: byte 0xff is not UTF-8",
            "fleet.lock:1:1: the lock has version 9, this firstlight reads 1",
            "fleet.yaml:2:1: unknown key \"slot\" in the fleet file",
            "fleet.yaml:7:72: \"certs/none.pem\" cannot be read: no such file or directory",
            "templates/mine/template.yaml:3:1: \"medium\" lacks \"label\"",
            "templates/mine/template.yaml:3:10: unknown key \"lable\" in \"medium\"",
        ]
    );
}

#[test]
fn files_that_are_named_must_be_what_they_are_named_for() {
    let folder = Folder::sound();
    folder.put("certs/root.pem", "-----BEGIN PRIVATE KEY-----\nAA==\n");
    assert_eq!(folder.faults(), ["fleet.yaml:6:72: refusing to take \"certs/root.pem\": it holds a private key"]);
    folder.put("certs/root.pem", "not PEM");
    assert_eq!(folder.faults(), ["fleet.yaml:6:72: \"certs/root.pem\" holds no certificate in PEM form"]);
    folder.put("certs/root.pem", vec![b'x'; 2 * 1024 * 1024]);
    assert_eq!(folder.faults(), ["fleet.yaml:6:72: \"certs/root.pem\" is longer than 1048576 bytes"]);
    folder.put("certs/root.pem", PEM).change("inventory: devices.csv", "inventory: certs");
    assert_eq!(folder.faults(), ["fleet.yaml:3:12: \"certs\" is no regular file"]);
    folder.change("inventory: devices.csv", "inventory: /dev/zero");
    assert_eq!(folder.faults(), ["fleet.yaml:3:12: \"/dev/zero\" is no regular file"]);
    folder.change("inventory: devices.csv", "inventory: gone.csv");
    assert_eq!(folder.faults(), ["fleet.yaml:3:12: \"gone.csv\" cannot be read: no such file or directory"]);
}

#[test]
fn an_inventory_comes_from_standard_input_or_from_another_file() {
    let folder = Folder::sound();
    folder.change("inventory: devices.csv", "inventory: \"-\"");
    let loaded = folder.load_from(None, b"- id: from-stdin\n").expect("a sound folder");
    assert_eq!(loaded.fleet.devices().next().map(ToString::to_string), Some("from-stdin".to_owned()));
    let faults = folder.faults_of(folder.load_from(Some(PathBuf::from("-")), b"id\na b\n"));
    assert_eq!(faults, ["<stdin>:2:1: \"a b\": endpoint name holds ' '; letters, digits and -_.:+@= are possible"]);
    folder.put("other.yaml", "[{id: other}]");
    let loaded = folder.load_from(Some(folder.0.path().join("other.yaml")), b"").expect("a sound folder");
    assert_eq!(loaded.fleet.devices().next().map(ToString::to_string), Some("other".to_owned()));
    let gone = folder.load_from(Some(folder.0.path().join("gone.csv")), b"").expect_err("no such file");
    assert!(matches!(&gone, LoadError::Host(_)) && gone.class() == Class::Input, "{gone}");
}

#[test]
fn a_template_of_ones_own_must_not_have_a_built_in_name() {
    let folder = Folder::sound();
    folder.put("templates/plain/template.yaml", TEMPLATE);
    assert_eq!(folder.faults(), ["fleet.yaml:9:29: template \"plain\" is built in and in \"templates/plain\" too"]);
}

#[test]
fn an_unknown_template_brings_the_built_in_names_to_mind() {
    let folder = Folder::sound();
    folder.change("template: plain", "template: plian");
    let Err(LoadError::Faults(faults)) = folder.load() else { panic!("a fault was wanted") };
    assert_eq!(faults.0.len(), 1);
    assert_eq!(faults.0[0].hint.as_deref(), Some("did you mean \"plain\"?"));
    folder.change("template: plain", "template: ..");
    assert!(folder.faults()[0].contains("wanted is a name of letters"), "{:?}", folder.faults());
}

#[test]
fn the_lock_must_be_this_fleets() {
    let folder = Folder::sound();
    let lock = |fleet: &str| {
        FleetLock::new(fleet, Digest::of(b"\0"), PEM.to_owned(), time::OffsetDateTime::UNIX_EPOCH).to_yaml()
    };
    folder.put("fleet.lock", lock("acme"));
    assert_eq!(folder.load().expect("a sound folder").lock.map(|lock| lock.fleet), Some("acme".to_owned()));
    folder.put("fleet.lock", lock("other"));
    assert_eq!(folder.faults(), ["fleet.lock:1:1: the lock is fleet \"other\"'s, fleet.yaml is fleet \"acme\""]);
}

#[test]
fn a_fleet_file_over_its_limit_is_refused_before_it_is_read() {
    let folder = Folder::sound();
    let file = std::fs::File::create(folder.0.path().join(FLEET_FILE)).expect("a file");
    file.set_len(LONGEST_FILE + 1).expect("a sparse file");
    let error = folder.load().expect_err("too long");
    assert!(error.to_string().ends_with("is longer than 16777216 bytes"), "{error}");
}

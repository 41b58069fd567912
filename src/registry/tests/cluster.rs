//! A PostgreSQL of the tests' own, and every promise asked of both engines.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::registry::Engine;

/// The unprivileged user of Debian and its group: PostgreSQL does not run as root.
const NOBODY: &str = "65534";

/// One cluster of a test process. It listens on a socket in a folder of its own, so that no port is fixed; whoever opens
/// the pipe's other end is the watcher, which stops it and removes the folder when this process is gone, however it ended.
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    _watcher: Child,
}

/// Waits for the end of its input, which is the end of the test process.
const WATCH: &str = r#"cat >/dev/null; kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.2; done; rm -rf "$1""#;

/// How `initdb` is told.
pub(crate) const INITDB: [&str; 8] =
    ["-A", "trust", "-U", "firstlight", "-EUTF8", "--locale=C", "--no-instructions", "-D"];

impl Cluster {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Self {
        let cluster = Self::found();
        let mut made = as_nobody(&programs().join("initdb"));
        ran(made.args(INITDB).arg(cluster.folder.join("data")), &cluster.folder);
        ran(&mut cluster.starting(), &cluster.folder);
        cluster
    }

    /// Makes the folder of a cluster, and who watches over it.
    pub(crate) fn found() -> Self {
        let folder = tempfile::Builder::new().prefix("firstlight-pg-").tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&folder, NOBODY.parse().ok(), NOBODY.parse().ok()).unwrap();
        }
        let watcher = Command::new("/bin/sh")
            .args(["-c", WATCH, "watch"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh watches over the test's PostgreSQL");
        Self { folder, _watcher: watcher }
    }

    /// Returns what starts it, for the first time or again.
    pub(crate) fn starting(&self) -> Command {
        let folder = &self.folder;
        let options = format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=on", folder.display());
        let mut start = as_nobody(&programs().join("pg_ctl"));
        start.args(["start", "-w", "-o", &options, "-l"]).arg(folder.join("log")).arg("-D").arg(folder.join("data"));
        start
    }

    pub(crate) fn address(&self, options: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://firstlight@{host}/postgres{options}")
    }
}

/// The folder of the newest PostgreSQL that Debian installed.
pub(crate) fn programs() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = found.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    newest.expect("these tests need PostgreSQL: apt-get install postgresql (tests/run does)")
}

fn as_nobody(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program);
    command
}

fn ran(command: &mut Command, folder: &Path) {
    let errors = folder.join("errors");
    let file = std::fs::File::create(&errors).unwrap();
    let status = command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).status();
    let said = std::fs::read_to_string(&errors).unwrap_or_default();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}: {said}");
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// Returns what the cluster wrote down so far.
pub(crate) fn server_log() -> String {
    std::fs::read_to_string(cluster().folder.join("log")).unwrap()
}

/// Connects to the cluster beside the registry: for a second opinion, and for harm.
pub(crate) fn stranger(address: &str) -> postgres::Client {
    postgres::Client::connect(address, postgres::NoTls).expect("the test's own PostgreSQL answers")
}

/// Returns the address of an empty PostgreSQL schema of the caller's own.
pub(crate) fn empty_postgres() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let name = format!("s{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    stranger(&cluster().address("")).batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
    cluster().address(&format!("?options=-csearch_path%3D{name}"))
}

/// Both engines.
pub(crate) const BOTH: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// The address of an empty store; a file's folder goes with it.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) address: String,
    _folder: Option<tempfile::TempDir>,
}

/// Returns an empty store of an engine.
pub(crate) fn place(engine: Engine) -> Place {
    if engine == Engine::Postgres {
        return Place { address: empty_postgres(), _folder: None };
    }
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("registry.db").to_str().unwrap().to_owned();
    Place { address, _folder: Some(folder) }
}

/// Runs `promise` with the address of an empty store, once for each engine.
pub(crate) fn on_both_stores(promise: impl Fn(&str)) {
    BOTH.into_iter().for_each(|engine| promise(&place(engine).address));
}

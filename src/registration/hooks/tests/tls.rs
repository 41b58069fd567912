//! A webhook by HTTPS that somebody else wrote: Python's server, which checks the signature itself.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::world::{SECRET, World, policy, webhook, words};
use crate::fleet::enrolment::Refusal;
use crate::registry::Engine;

const SERVER: &str = r#"
import hashlib, hmac, http.server, json, ssl, sys, time
secret = sys.argv[1].encode()
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        t, v1 = (part.split("=", 1)[1] for part in self.headers["Firstlight-Signature"].split(","))
        mac = hmac.new(secret, t.encode() + b"." + body, "sha256").hexdigest()
        good = hmac.compare_digest(mac, v1) and abs(time.time() - int(t)) < 300
        asked = json.loads(body)
        said = json.dumps({"ok": good, "message": "bad signature", "attributes": {"seen": asked["device"]["id"]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("hook.pem", "hook.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

struct Python(Child);

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path) -> (Python, String) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args([
            "-keyout",
            "hook.key",
            "-out",
            "hook.pem",
            "-subj",
            "/CN=hook",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(folder)
        .output();
    let made = made.expect("openssl is missing (tests/run names it)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server =
        Command::new("python3").args(["-c", SERVER, SECRET]).current_dir(folder).stdout(Stdio::piped()).spawn();
    let mut server = server.expect("python3 is missing (tests/run names it)");
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (Python(server), format!("https://localhost:{}/hook", port.trim()))
}

#[test]
fn an_https_webhook_of_python_agrees_with_the_signature_and_is_believed_by_its_certificate_only() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, url) = start(folder.path());
    let mut hook = webhook(&url, "closed");
    hook["timeout"] = json!(30);
    let policy = policy(&json!({ "validate": hook }), &json!({}));
    let world = World::new(Engine::Sqlite, &policy);
    assert_eq!(words(&world.register(json!({ "id": "gw-1" }))).0, Refusal::HookFailed);
    assert!(world.failures.lock().unwrap().iter().any(|words| words.contains("cannot be used")), "no roots yet");
    let world = World::believing(Engine::Sqlite, &policy, &std::fs::read(folder.path().join("hook.pem")).unwrap());
    let reply = world.register(json!({ "id": "gw-1" }));
    assert_eq!(reply.status, 201, "{reply:?} {:?}", world.failures.lock().unwrap());
    assert_eq!(world.registry.device("gw-1").unwrap().unwrap().attributes["seen"], "gw-1");
    let stranger = tempfile::tempdir().unwrap();
    let (_other, _) = start(stranger.path());
    let world = World::believing(Engine::Sqlite, &policy, &std::fs::read(stranger.path().join("hook.pem")).unwrap());
    assert_eq!(words(&world.register(json!({ "id": "gw-1" }))).0, Refusal::HookFailed);
    assert!(world.failures.lock().unwrap()[0].contains("refusing to believe"));
}

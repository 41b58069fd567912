//! The proof of a connection: TCP, TLS, MQTT; and the roll back where it fails.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use device::authority::Authority;
use device::{Device, Key, manifest};
use firstlight::delivery::{Connect, ConnectProtocol, Manifest};
use rustls::{ServerConnection, StreamOwned};

/// Serves every connection in a thread of its own; returns the port.
fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Reads CONNECT of MQTT 3.1.1 and answers with this code; then waits for DISCONNECT.
fn broker(stream: &mut (impl Read + Write), code: u8) {
    let mut head = [0; 2];
    if stream.read_exact(&mut head).is_err() || head[0] != 0x10 {
        return;
    }
    let mut rest = vec![0; usize::from(head[1])];
    stream.read_exact(&mut rest).unwrap();
    assert_eq!(rest[..7], *b"\0\x04MQTT\x04");
    assert!(rest.ends_with(b"\0\x07gw-0007"));
    let _ = stream.write_all(&[0x20, 2, 0, code]).and_then(|()| stream.flush());
    let _ = stream.read_exact(&mut head);
}

/// A server that speaks MQTT within TLS.
fn secure_broker(authority: &Authority, code: u8) -> u16 {
    let settings = authority.server(true);
    serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(settings.clone()).unwrap(), stream);
        broker(&mut stream, code);
    })
}

/// Seconds: long enough on a busy machine for a server's answer, or for none.
const SHORT: u32 = 4;

fn order(protocol: ConnectProtocol, port: u16, within: u32) -> Connect {
    let is_secure = matches!(protocol, ConnectProtocol::Tls | ConnectProtocol::Mqtts);
    let named = |name: &str| is_secure.then(|| name.to_owned());
    Connect {
        protocol,
        host: "localhost".into(),
        port,
        within,
        trust: named("root.pem"),
        certificate: named("device.pem"),
        private_key: named("device.key"),
        client_id: None,
    }
}

/// Ingests version 2, which must connect so, on a device with version 1 in force.
fn prove(authority: &Authority, connect: Connect) -> (Device, PathBuf) {
    let device = Device::new();
    device.ingest(&device.stick(1, "one")).came_to(0, "applied", "");
    let manifest = Manifest { connect: Some(connect), ..manifest(2) };
    let (root, chain, key) = (authority.read("ca.pem"), authority.read("device.pem"), authority.read("device.key"));
    let files = [
        ("config", b"two".as_slice(), "/etc/app/config"),
        ("root.pem", &root, ""),
        ("device.pem", &chain, ""),
        ("device.key", &key, ""),
    ];
    let stick = device.medium("2", &device.artifact(manifest, &files, &[&Key::new(1)]));
    (device, stick)
}

#[track_caller]
fn accepted(authority: &Authority, connect: Connect) {
    let (device, stick) = prove(authority, connect);
    device.ingest(&stick).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "two");
}

#[track_caller]
fn taken_back(authority: &Authority, connect: Connect, words: &str) {
    let (device, stick) = prove(authority, connect);
    let record = device.ingest(&stick).came_to(4, "rolled-back", "");
    let what = record["what"].as_str().unwrap();
    assert!(what.contains(words), "{what}");
    assert_eq!(device.text("etc/app/config"), "one");
    assert_eq!(device.state()["lanes"]["acme/device/gw-0007"]["version"], 1);
    assert!(device.state()["waiting"]["next"].is_number());
    let result = std::fs::read_to_string(Path::new(&stick).join("firstlight-result.json")).unwrap();
    assert!(result.contains("rolled-back"), "{result}");
}

#[test]
fn a_bundle_whose_server_answers_is_in_force() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    accepted(&authority, order(ConnectProtocol::Tcp, serve(drop), 60));
    accepted(&authority, order(ConnectProtocol::Mqtt, serve(|mut stream| broker(&mut stream, 0)), 60));
    let port = secure_broker(&authority, 0);
    accepted(&authority, order(ConnectProtocol::Tls, port, 60));
    accepted(&authority, order(ConnectProtocol::Mqtts, port, 60));
    let by_address = Connect { host: "127.0.0.1".into(), ..order(ConnectProtocol::Mqtts, port, 60) };
    accepted(&authority, by_address);
}

#[test]
fn a_silent_server_and_none_are_taken_back_within_the_time() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    let silent = || serve(|mut stream| drop(stream.read_exact(&mut [0; 10_000])));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = Connect { host: "no-such-host.invalid".into(), ..order(ConnectProtocol::Tcp, 1, SHORT) };
    let cases = [
        (order(ConnectProtocol::Mqtt, silent(), SHORT), "it did not answer"),
        (order(ConnectProtocol::Tls, silent(), SHORT), "it did not answer"),
        (order(ConnectProtocol::Mqtts, silent(), SHORT), "it did not answer"),
        (order(ConnectProtocol::Tcp, closed, SHORT), "refused"),
        (nowhere, "its name was not found"),
    ];
    thread::scope(|scope| {
        for (connect, words) in cases {
            let authority = &authority;
            scope.spawn(move || taken_back(authority, connect, words));
        }
    });
}

#[test]
fn a_server_of_another_authority_or_name_is_not_believed() {
    let (ours, other) = (Authority::new("DNS:localhost,IP:127.0.0.1"), Authority::new("DNS:localhost,IP:127.0.0.1"));
    taken_back(&ours, order(ConnectProtocol::Tls, secure_broker(&other, 0), SHORT), "invalid peer certificate");
    let other_name = Connect { host: "127.0.0.2".into(), ..order(ConnectProtocol::Tls, 0, SHORT) };
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = ours.server(true);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(settings.clone()).unwrap(), stream);
            let _ = stream.read_exact(&mut [0; 1]);
        }
    });
    taken_back(&ours, Connect { port, ..other_name }, "not valid for name");
}

#[test]
fn a_broker_that_refuses_the_device_is_no_proof() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    taken_back(
        &authority,
        order(ConnectProtocol::Mqtts, secure_broker(&authority, 5), SHORT),
        "does not authorise this device",
    );
    // A device of another authority: with TLS 1.3 the refusal comes after the handshake.
    let other = Authority::new("DNS:localhost,IP:127.0.0.1");
    for protocol in [ConnectProtocol::Mqtts, ConnectProtocol::Tls] {
        let device = Device::new();
        let connect = order(protocol, secure_broker(&authority, 0), SHORT);
        let manifest = Manifest { connect: Some(connect), ..manifest(2) };
        let (root, chain, key) = (authority.read("ca.pem"), other.read("device.pem"), other.read("device.key"));
        let files = [("root.pem", root.as_slice(), ""), ("device.pem", &chain, ""), ("device.key", &key, "")];
        let stick = device.medium("2", &device.artifact(manifest, &files, &[&Key::new(1)]));
        let record = device.ingest(&stick).came_to(4, "rolled-back", "");
        // A server that has refused closes; the system may drop its alert then, and say that the connection was reset.
        let what = record["what"].as_str().unwrap();
        assert!(["received fatal alert", "reset", "closed"].iter().any(|word| what.contains(word)), "{record:#}");
        assert!(!device.file("var/lib/firstlight/current").exists());
    }
}

#[test]
fn a_bundle_whose_server_comes_back_later_is_taken_without_its_medium() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    let is_back = Arc::new(AtomicBool::new(false));
    let code = is_back.clone();
    let port = serve(move |mut stream| broker(&mut stream, if code.load(Ordering::SeqCst) { 0 } else { 3 }));
    let (device, stick) = prove(&authority, order(ConnectProtocol::Mqtt, port, SHORT));
    let record = device.ingest(&stick).came_to(4, "rolled-back", "");
    assert!(record["what"].as_str().unwrap().contains("the broker is not available"));
    std::fs::remove_dir_all(&stick).unwrap();
    device.boot().came_to(0, "copy-serves", "");
    assert_eq!(device.text("etc/app/config"), "one");
    is_back.store(true, Ordering::SeqCst);
    device.run(&["ingest", "--no-medium", "--now"]).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "two");
}

#[test]
fn a_device_without_a_clock_judges_certificates_by_the_newest_signed_time() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    let connect = order(ConnectProtocol::Tls, secure_broker(&authority, 0), 60);
    let now = time::OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let now = now.format(&time::format_description::well_known::Rfc3339).unwrap();
    let device = Device::new();
    let first = Manifest { created: now, ..manifest(1) };
    device.ingest(&device.stick_of(first, "one")).came_to(0, "applied", "");
    let (root, chain, key) = (authority.read("ca.pem"), authority.read("device.pem"), authority.read("device.key"));
    let files = [("root.pem", root.as_slice(), ""), ("device.pem", &chain, ""), ("device.key", &key, "")];
    let second = Manifest { connect: Some(connect), ..manifest(2) };
    let stick = device.medium("2", &device.artifact(second, &files, &[&Key::new(1)]));
    device.ingest_at(&stick, 0).came_to(0, "applied", "");
}

/// Reads the memory until it says this, for at most a minute.
fn wait_for(device: &Device, what: impl Fn(&serde_json::Value) -> bool) {
    for _ in 0..6000 {
        if what(&device.state()) {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{:#}", device.state());
}

#[test]
fn a_run_that_is_killed_while_it_connects_is_completed_by_the_next_boot() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    let is_back = Arc::new(AtomicBool::new(false));
    let answers = is_back.clone();
    let port = serve(move |mut stream| {
        if answers.load(Ordering::SeqCst) {
            broker(&mut stream, 0);
        } else {
            drop(stream.read_exact(&mut [0; 10_000]));
        }
    });
    let (device, stick) = prove(&authority, order(ConnectProtocol::Mqtt, port, 600));
    let mut child = device.command(&["ingest", "--from", stick.to_str().unwrap()]).spawn().unwrap();
    wait_for(&device, |state| state["attempt"]["begun"] == 1 && device.text("etc/app/config") == "two");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(device.text("var/lib/firstlight/current/device/files/config"), "one", "the copy in force is the old");
    assert_eq!(device.run(&["status"]).exits(0).json()["interrupted"], true);
    is_back.store(true, Ordering::SeqCst);
    std::fs::remove_dir_all(&stick).unwrap();
    device.boot().came_to(0, "copy-serves", "");
    assert_eq!(device.text("etc/app/config"), "two");
    assert_eq!(device.state()["lanes"]["acme/device/gw-0007"]["version"], 2);
}

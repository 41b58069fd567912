//! A webhook of the tests' own: plain HTTP on loopback, answers by a function, keeps what it saw.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A request as the webhook saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) headers: String,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn fields(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> String {
        let line = self.headers.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned()).unwrap_or_default()
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Says(Value),
    Text(u16, String),
    /// It hangs until the client gives up.
    Hangs,
    /// It closes the connection without a word.
    Dies,
    /// It never stops talking.
    Floods,
}

type Mind = Box<dyn Fn(&Value, usize) -> Answer + Send + Sync>;

/// The webhook. Its mind is asked with the fields and the number of the request, from 0.
pub(super) struct Listener {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Listener {
    pub(super) fn new(mind: impl Fn(&Value, usize) -> Answer + Send + Sync + 'static) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, mind): (_, Arc<Mind>) = (Arc::clone(&seen), Arc::new(Box::new(mind)));
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (log, mind) = (Arc::clone(&log), Arc::clone(&mind));
                std::thread::spawn(move || serve(stream, &log, &mind));
            }
        });
        Self { url, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests of one step.
    pub(super) fn of(&self, step: &str) -> Vec<Value> {
        self.seen().iter().map(Seen::fields).filter(|fields| fields["step"] == step).collect()
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Seen>>, mind: &Mind) {
    let mut reader = BufReader::new(stream);
    let mut headers = String::new();
    while reader.read_line(&mut headers).unwrap_or(0) > 2 {}
    let seen = Seen { headers, body: String::new() };
    let length = seen.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let seen = Seen { body: String::from_utf8(body).unwrap(), ..seen };
    let fields = seen.fields();
    let number = {
        let mut log = log.lock().unwrap();
        log.push(seen);
        log.len() - 1
    };
    let mut stream = reader.into_inner();
    let (status, text) = match mind(&fields, number) {
        Answer::Says(value) => (200, value.to_string()),
        Answer::Text(status, text) => (status, text),
        Answer::Dies => return,
        Answer::Hangs => {
            let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
            let _ = stream.read(&mut [0; 1]);
            return;
        }
        Answer::Floods => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[b' '; 8192]).is_ok() {}
            return;
        }
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all(format!("{head}{text}").as_bytes());
}

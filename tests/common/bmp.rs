//! A simulated Black Magic Probe with QEMU's nRF51 behind it (tests/lab/bmp.py).
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The simulator; it ends with its standard input.
pub struct Bench {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub port: u16,
}

impl Bench {
    pub fn start(options: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/bmp.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs the simulator");
        let (orders, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut bench = Self { child, orders: Some(orders), answers: BufReader::new(stdout), port: 0 };
        let line = bench.line();
        bench.port = line.strip_prefix("port ").expect("the simulator runs (qemu-system-arm)").parse().unwrap();
        bench
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    pub fn order(&mut self, order: &str) -> String {
        writeln!(self.orders.as_ref().unwrap(), "{order}").unwrap();
        self.line()
    }

    pub fn flash(&mut self, address: u64, length: usize) -> Vec<u8> {
        hex::decode(self.order(&format!("read {address:#x} {length}"))).unwrap()
    }

    pub fn commands(&mut self) -> u64 {
        self.order("commands").parse().unwrap()
    }
}

impl Drop for Bench {
    /// Killed it would leave QEMU behind.
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

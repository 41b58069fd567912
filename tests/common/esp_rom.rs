//! Simulated chips of the ESP32 family in their ROM loader (tests/lab/esp_rom.py), each with a flash file of its own.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A chip that runs until it is dropped.
pub struct EspRom {
    child: Child,
    /// `127.0.0.1:PORT`, or the path of a pseudo terminal.
    pub address: String,
    pub flash: PathBuf,
    counted: PathBuf,
}

impl EspRom {
    /// Starts a chip whose flash and count lie in `folder`; a flash that is there already stays.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let (flash, counted) = (folder.join("flash.bin"), folder.join("count.json"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/esp_rom.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(&flash)
            .arg("--count")
            .arg(&counted)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "the simulator did not start");
        Self { child, address: address.trim_end().to_owned(), flash, counted }
    }

    /// As it is typed behind `esp:`.
    pub fn url(&self) -> String {
        if self.address.starts_with('/') { self.address.clone() } else { format!("socket://{}", self.address) }
    }

    /// Bytes of flash.
    pub fn content(&self) -> Vec<u8> {
        fs::read(&self.flash).unwrap()
    }

    /// Bytes to the chip and from it since it was started, and its commands.
    pub fn count(&self) -> (u64, u64, u64) {
        let count: serde_json::Value = serde_json::from_slice(&fs::read(&self.counted).unwrap()).unwrap();
        let of = |name: &str| count[name].as_u64().unwrap();
        (of("in"), of("out"), of("commands"))
    }

    /// Runs one of Espressif's own programs (`esptool`, `espefuse`) on the chip.
    pub fn foreign(&self, program: &str, chip: &str, arguments: &[&str]) -> Output {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
        let mut command = Command::new(&python);
        command.args(["-m", program, "--chip", chip, "--port", &self.url(), "--before", "no-reset"]);
        if program == "esptool" {
            command.args(["--after", "no-reset", "--no-stub"]);
        }
        let missing = |error| panic!("{} is missing (tests/run installs it): {error}", python.display());
        command.args(arguments).stdin(Stdio::null()).output().unwrap_or_else(missing)
    }

    /// Runs esptool, which must succeed; returns what it said.
    #[track_caller]
    pub fn esptool(&self, arguments: &[&str]) -> String {
        let output = self.foreign("esptool", "auto", arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "esptool {arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

impl Drop for EspRom {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

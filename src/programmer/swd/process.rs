//! The process that has the probe, seen from the station: orders out, answers in, each within a limit.

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::WORKER;
use super::frame::Frame;
use super::order::{Answer, Failure, Order};

/// How long the station waits for the process that has the probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For opening the probe and connecting to the chip.
    pub connect: Duration,
    /// For anything else, and between two signs of progress: the slowest sectors take seconds to erase.
    pub step: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), step: Duration::from_mins(1) }
    }
}

/// How long a process that was told to end may take before it is killed, and how long a killed one is waited for.
const ENDING: Duration = Duration::from_secs(2);

/// The process. Dropped, it ends: by itself, or it is killed.
pub(super) struct Process {
    child: Child,
    /// To the thread that writes, so that a full pipe stops nobody; dropped to say that nothing more comes.
    orders: Option<Sender<Frame>>,
    answers: Receiver<Frame>,
}

impl Process {
    /// Starts `program` as the worker of a probe.
    pub(super) fn start(program: &PathBuf) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Ctrl-C at the terminal is for the station: a write that has begun is finished.
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            command.arg0("firstlight").process_group(0);
        }
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipe"));
        };
        let (orders, out) = channel();
        let (inward, answers) = channel();
        thread::spawn(move || write_all(stdin, &out));
        thread::spawn(move || read_all(stdout, &inward));
        Ok(Self { child, orders: Some(orders), answers })
    }

    /// Sends an order, and what follows it.
    pub(super) fn send(&mut self, order: &Order, more: Vec<Frame>) -> Result<(), Failure> {
        let words = Frame::words(order).map_err(|error| Failure::Broken(error.to_string()))?;
        for frame in std::iter::once(words).chain(more) {
            // A writer that gave up leaves the reason to the reader.
            let _ = self.orders.as_ref().map(|orders| orders.send(frame));
        }
        Ok(())
    }

    /// Waits for a frame.
    pub(super) fn frame(&mut self, limit: Duration) -> Result<Frame, Failure> {
        match self.answers.recv_timeout(limit) {
            Ok(frame) => Ok(frame),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Silent),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Broken(self.end())),
        }
    }

    /// Waits for an answer; hands progress to `watch`.
    pub(super) fn answer(&mut self, limit: Duration, watch: &dyn Fn(u64, u64)) -> Result<Answer, Failure> {
        loop {
            let frame = self.frame(limit)?;
            match frame.message().map_err(|error| Failure::Broken(error.to_string()))? {
                Answer::Progress { done, of } => watch(done, of),
                Answer::Failed(failure) => return Err(failure),
                answer => return Ok(answer),
            }
        }
    }

    /// Returns how the process ended.
    fn end(&mut self) -> String {
        match self.reaped(ENDING) {
            Some(status) => format!("its process ended ({status})"),
            None => "its process closed the pipe".to_owned(),
        }
    }

    fn reaped(&mut self, within: Duration) -> Option<std::process::ExitStatus> {
        let began = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if began.elapsed() >= within {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it at once: it hangs.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.orders = None;
        if self.reaped(ENDING).is_none() {
            let _ = self.child.kill();
            // A process that sleeps in the kernel cannot be reaped; the station goes on all the same.
            let _ = self.reaped(ENDING);
        }
    }
}

fn write_all(stdin: ChildStdin, orders: &Receiver<Frame>) {
    let mut to = BufWriter::with_capacity(0, stdin);
    while let Ok(frame) = orders.recv() {
        if frame.write(&mut to).is_err() {
            return;
        }
    }
}

fn read_all(stdout: ChildStdout, answers: &Sender<Frame>) {
    let mut from = BufReader::with_capacity(0, stdout);
    while let Ok(Some(frame)) = Frame::read(&mut from) {
        if answers.send(frame).is_err() {
            return;
        }
    }
}

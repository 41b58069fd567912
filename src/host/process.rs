//! Programs of others: run in a clean environment and a group of their own, with bounded time and output.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::Zeroizing;

/// Where programs of the system are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What is kept of the end of stderr, in bytes.
const LONGEST_TALK: usize = 4096;
/// How long the program's children may hold its output open once it has ended.
const LINGERING: Duration = Duration::from_millis(500);
/// How often it is asked whether the program has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// A program to be run.
pub struct Task<'a> {
    /// Program and arguments. A program with `/` in its name is looked for from `folder`, any other in the system's folders.
    pub argv: &'a [String],
    /// The working folder.
    pub folder: &'a Path,
    /// Its own folder for what it leaves lying about: `HOME` and `TMPDIR`.
    pub home: &'a Path,
    /// Standard input.
    pub stdin: &'a [u8],
    /// How long it may take.
    pub limit: Duration,
    /// Most bytes of standard output.
    pub longest: usize,
}

/// How a program ended.
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// The end of what it said on stderr, without control characters.
    pub talk: String,
}

/// Why a program did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is nothing to run.
    #[error("no program is named")]
    Empty,
    /// It does not start.
    #[error("it does not start: {0}")]
    Start(io::Error),
    /// It took too long and was killed, with all it had started.
    #[error("no end within {} s", .0.as_secs())]
    Endless(Duration),
    /// It said too much and was killed.
    #[error("it wrote more than {0} bytes")]
    TooMuch(usize),
    /// The system fails.
    #[error("running it failed: {0}")]
    Io(io::Error),
}

enum Heard {
    Out(Zeroizing<Vec<u8>>),
    Talk(Vec<u8>),
}

/// Runs a program; each line of its standard output, without line end, goes to `line` as it comes. Whatever it started is
/// killed when it ends or is ended.
pub fn run(task: &Task<'_>, line: &mut dyn FnMut(&[u8])) -> Result<Ended, ProcessError> {
    let mut group = Group { child: start(task)?, is_reaped: false };
    let heard = listen(&mut group.child, task.stdin);
    let mut hearing = Hearing { rest: Zeroizing::new(Vec::new()), talk: Vec::new(), taken: 0, longest: task.longest };
    let deadline = Instant::now() + task.limit;
    let mut ended: Option<Instant> = None;
    loop {
        match heard.recv_timeout(PAUSE) {
            Ok(Heard::Out(bytes)) => hearing.take(&bytes, line)?,
            Ok(Heard::Talk(bytes)) => hearing.keep(&bytes),
            Err(RecvTimeoutError::Disconnected) if ended.is_some() => break,
            Err(RecvTimeoutError::Disconnected) => thread::sleep(PAUSE),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() && group.has_ended()? {
            ended = Some(Instant::now());
        }
        if ended.is_some_and(|since| since.elapsed() > LINGERING) {
            break;
        }
        if ended.is_none() && Instant::now() >= deadline {
            return Err(ProcessError::Endless(task.limit));
        }
    }
    hearing.finish(line);
    let status = group.end()?;
    Ok(Ended { status, talk: printable(&hearing.talk) })
}

fn start(task: &Task<'_>) -> Result<Child, ProcessError> {
    let (program, arguments) = task.argv.split_first().ok_or(ProcessError::Empty)?;
    let found = if program.contains('/') { task.folder.join(program) } else { search(program)? };
    let mut command = Command::new(found);
    command.args(arguments).current_dir(task.folder).process_group(0);
    command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").env("HOME", task.home).env("TMPDIR", task.home);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(ProcessError::Start)
}

/// Our own `PATH` does not count.
fn search(program: &str) -> Result<std::path::PathBuf, ProcessError> {
    let mut places = PATH.split(':').map(|folder| Path::new(folder).join(program));
    places.find(|path| path.is_file()).ok_or_else(|| ProcessError::Start(io::ErrorKind::NotFound.into()))
}

/// The threads end when the pipes do, at the latest when the group is killed.
fn listen(child: &mut Child, stdin: &[u8]) -> Receiver<Heard> {
    // Bounded: a program that floods us waits for us.
    let (sender, receiver) = sync_channel(16);
    if let Some(mut pipe) = child.stdin.take() {
        let input = Zeroizing::new(stdin.to_vec());
        // A program that reads nothing closes the pipe; that is its right.
        thread::spawn(move || drop(pipe.write_all(&input)));
    }
    if let Some(pipe) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || pump(pipe, &sender, |bytes| Heard::Out(Zeroizing::new(bytes.to_vec()))));
    }
    if let Some(pipe) = child.stderr.take() {
        thread::spawn(move || pump(pipe, &sender, |bytes| Heard::Talk(bytes.to_vec())));
    }
    receiver
}

fn pump(mut pipe: impl Read, sender: &SyncSender<Heard>, wrap: fn(&[u8]) -> Heard) {
    let mut buffer = Zeroizing::new([0; 8192]);
    loop {
        match pipe.read(&mut *buffer) {
            Ok(0) => return,
            Ok(count) => {
                if sender.send(wrap(&buffer[..count])).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// What was heard and not yet handed on.
struct Hearing {
    rest: Zeroizing<Vec<u8>>,
    talk: Vec<u8>,
    taken: usize,
    longest: usize,
}

impl Hearing {
    fn take(&mut self, bytes: &[u8], line: &mut dyn FnMut(&[u8])) -> Result<(), ProcessError> {
        self.taken = self.taken.saturating_add(bytes.len());
        if self.taken > self.longest {
            return Err(ProcessError::TooMuch(self.longest));
        }
        for byte in bytes {
            if *byte == b'\n' {
                line(&self.rest);
                self.rest.clear();
            } else {
                self.rest.push(*byte);
            }
        }
        Ok(())
    }

    /// A last line may lack its end.
    fn finish(&mut self, line: &mut dyn FnMut(&[u8])) {
        if !self.rest.is_empty() {
            line(&self.rest);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.talk.extend_from_slice(bytes);
        let surplus = self.talk.len().saturating_sub(LONGEST_TALK);
        self.talk.drain(..surplus);
    }
}

fn printable(talk: &[u8]) -> String {
    let text = String::from_utf8_lossy(talk);
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A child whose whole group is killed when it is let go.
struct Group {
    child: Child,
    is_reaped: bool,
}

impl Group {
    /// Looks without reaping: as long as the child is not reaped, its group's number is nobody else's.
    fn has_ended(&self) -> Result<bool, ProcessError> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = waitid(WaitId::Pid(Pid::from_child(&self.child)), options);
        Ok(ended.map_err(|error| ProcessError::Io(error.into()))?.is_some())
    }

    fn end(&mut self) -> Result<ExitStatus, ProcessError> {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let status = self.child.wait().map_err(ProcessError::Io)?;
        self.is_reaped = true;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The number of one that is reaped may be another's by now.
        if !self.is_reaped {
            let _ = self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, stdin: &[u8], limit: Duration) -> (Result<Ended, ProcessError>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let argv = ["/bin/sh", "-c", script].map(str::to_owned);
        let task = Task { argv: &argv, folder: folder.path(), home: folder.path(), stdin, limit, longest: 100_000 };
        let mut lines = Vec::new();
        let ended = run(&task, &mut |line| lines.push(String::from_utf8_lossy(line).into_owned()));
        (ended, lines)
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn lines_status_and_talk_come_back() {
        let (ended, lines) = shell("cat; echo two; printf three; printf 'a\\033b\\n' >&2; exit 7", b"one\n", LONG);
        let ended = ended.unwrap();
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!((ended.status.code(), ended.talk.as_str()), (Some(7), "a b"));
    }

    #[test]
    fn the_environment_is_clean() {
        let (_, lines) = shell("env | cut -d= -f1 | sort", b"", LONG);
        let known = ["HOME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TMPDIR", "_"];
        assert!(lines.iter().all(|name| known.contains(&name.as_str())), "{lines:?}");
    }

    #[test]
    fn what_takes_too_long_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! > '{}'; wait", mark.display());
        let (ended, _) = shell(&script, b"", Duration::from_secs(1));
        assert!(matches!(ended, Err(ProcessError::Endless(_))));
        let pid = std::fs::read_to_string(&mark).unwrap();
        // A signal takes its time, and a killed orphan stays a zombie until its new parent looks at it.
        let lives = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            !(state.is_empty() || state.contains(") Z ") || state.contains(") X "))
        };
        let died = (0..1000).any(|_| {
            thread::sleep(PAUSE);
            !lives()
        });
        assert!(died, "the child lives on");
    }

    #[test]
    fn a_child_left_behind_does_not_hold_us_up() {
        let (ended, lines) = shell("sleep 1000 & echo done", b"", LONG);
        assert!(ended.unwrap().status.success());
        assert_eq!(lines, ["done"]);
    }

    #[test]
    fn endless_output_is_cut_off() {
        let (ended, _) = shell("yes", b"", LONG);
        assert!(matches!(ended, Err(ProcessError::TooMuch(100_000))));
        let (ended, _) = shell("yes | head -c 10000000 >&2; echo ok >&2", b"", LONG);
        assert!(ended.unwrap().talk.ends_with("ok"));
    }

    #[test]
    fn a_program_that_reads_no_input_ends_well() {
        let (ended, _) = shell("exit 0", &vec![0; 1 << 20], LONG);
        assert!(ended.unwrap().status.success());
    }

    #[test]
    fn what_is_not_there_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        for argv in [vec![], vec!["no-such-program-of-anybody".to_owned()], vec!["./absent".to_owned()]] {
            let task =
                Task { argv: &argv, folder: folder.path(), home: folder.path(), stdin: b"", limit: LONG, longest: 10 };
            assert!(matches!(run(&task, &mut |_| {}), Err(ProcessError::Start(_) | ProcessError::Empty)), "{argv:?}");
        }
    }
}

//! Listens to what a device says on its serial line, or on a TCP socket in its place.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::fleet::{Class, Diagnose};

/// The longest line that is looked at, in bytes; of a longer one the rest counts as another.
const LONGEST_LINE: usize = 4096;

/// Why a line cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It does not open.
    #[error("opening {port} failed")]
    Open {
        /// The port.
        port: String,
        /// The system's words.
        source: io::Error,
    },
    /// It went away.
    #[error("{port} went away")]
    Gone {
        /// The port.
        port: String,
    },
    /// The system fails.
    #[error("listening to {port} failed")]
    Io {
        /// The port.
        port: String,
        /// The system's words.
        source: io::Error,
    },
}

impl Diagnose for LineError {
    fn class(&self) -> Class {
        match self {
            LineError::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Class::Refused,
            _ => Class::Surroundings,
        }
    }
}

/// Listens to `port` (a node, or `socket://HOST:PORT`) until a line holds `pattern`, at most for `within`. Returns the line up
/// to where the pattern ends; none if it was not heard. In the pattern `*` stands for any text within a line.
pub fn expect(port: &str, baud: u32, pattern: &str, within: Duration) -> Result<Option<String>, LineError> {
    let deadline = Instant::now() + within;
    let mut line = open(port, baud, within)?;
    let mut ear = Ear { pattern, line: Vec::new() };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let failed = |source| LineError::Io { port: port.to_owned(), source };
        if !line.is_ready(left).map_err(failed)? {
            continue;
        }
        let mut bytes = [0; 512];
        match line.read(&mut bytes) {
            Ok(0) => return Err(LineError::Gone { port: port.to_owned() }),
            Ok(count) => {
                if let Some(heard) = bytes[..count].iter().find_map(|byte| ear.hear(*byte)) {
                    return Ok(Some(heard));
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // A PTY whose other side is closed, and a port that was unplugged.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => {
                return Err(LineError::Gone { port: port.to_owned() });
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

enum Line {
    Serial(File),
    Socket(TcpStream),
}

impl Line {
    fn is_ready(&self, within: Duration) -> io::Result<bool> {
        let timeout = Timespec {
            tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: within.subsec_nanos().into(),
        };
        let mut asked = [match self {
            Line::Serial(file) => PollFd::new(file, PollFlags::IN),
            Line::Socket(socket) => PollFd::new(socket, PollFlags::IN),
        }];
        match poll(&mut asked, Some(&timeout)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Line::Serial(file) => file.read(bytes),
            Line::Socket(socket) => socket.read(bytes),
        }
    }
}

fn open(port: &str, baud: u32, within: Duration) -> Result<Line, LineError> {
    let failed = |source| LineError::Open { port: port.to_owned(), source };
    match port.strip_prefix("socket://") {
        Some(address) => connect(address, within).map(Line::Socket).map_err(failed),
        None => serial(port, baud).map(Line::Serial).map_err(failed),
    }
}

fn connect(address: &str, within: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, within) {
            Ok(socket) => {
                socket.set_nonblocking(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Opens without waiting for a carrier, and sets 8N1, raw, without flow control.
fn serial(node: &str, baud: u32) -> io::Result<File> {
    let flags = i32::try_from((rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK).bits());
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags.unwrap_or(0)).open(node)?;
    let mut settings = tcgetattr(&file)?;
    settings.make_raw();
    settings.set_speed(baud)?;
    settings.control_modes |= rustix::termios::ControlModes::CLOCAL | rustix::termios::ControlModes::CREAD;
    settings.control_modes -= rustix::termios::ControlModes::CRTSCTS;
    tcsetattr(&file, OptionalActions::Now, &settings)?;
    Ok(file)
}

/// Hears byte by byte.
struct Ear<'a> {
    pattern: &'a str,
    line: Vec<u8>,
}

impl Ear<'_> {
    fn hear(&mut self, byte: u8) -> Option<String> {
        if matches!(byte, b'\n' | b'\r') || self.line.len() >= LONGEST_LINE {
            self.line.clear();
        }
        if !matches!(byte, b'\n' | b'\r') {
            self.line.push(byte);
        }
        holds(&self.line, self.pattern).then(|| String::from_utf8_lossy(&self.line).into_owned())
    }
}

/// The pieces between the stars follow each other in the line; of each the first that fits is right.
fn holds(line: &[u8], pattern: &str) -> bool {
    let mut rest = line;
    for piece in pattern.split('*').filter(|piece| !piece.is_empty()) {
        let Some(at) = rest.windows(piece.len()).position(|part| part == piece.as_bytes()) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn heard(pattern: &str, says: &'static [u8], within: Duration) -> Result<Option<String>, LineError> {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("socket://{}", server.local_addr().unwrap());
        let device = thread::spawn(move || {
            let (mut line, _) = server.accept().unwrap();
            let _ = line.write_all(says);
            line
        });
        let heard = expect(&port, 115_200, pattern, within);
        drop(device.join().unwrap());
        heard
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn words_are_heard_among_others() {
        let boot = b"rst:0x1\r\nboot: ok\r\nfirmware 1.2 online at 3 s\r\n";
        assert_eq!(heard("online", boot, LONG).unwrap().as_deref(), Some("firmware 1.2 online"));
        assert_eq!(heard("firmware * online at", boot, LONG).unwrap().as_deref(), Some("firmware 1.2 online at"));
    }

    #[test]
    fn what_is_not_said_is_not_heard_and_nothing_goes_over_lines() {
        let short = Duration::from_millis(300);
        assert_eq!(heard("online", b"offlin\ne online".split_at(8).0, short).unwrap(), None);
        assert_eq!(heard("on*line", b"on\nline", short).unwrap(), None);
    }

    #[test]
    fn a_line_that_goes_away_is_told() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("socket://{}", server.local_addr().unwrap());
        let device = thread::spawn(move || drop(server.accept().unwrap()));
        assert!(matches!(expect(&port, 1, "x", LONG), Err(LineError::Gone { .. })));
        device.join().unwrap();
        assert!(matches!(expect(&port, 1, "x", LONG), Err(LineError::Open { .. })));
        assert!(matches!(expect("/dev/no-such-port", 115_200, "x", LONG), Err(LineError::Open { .. })));
        assert!(matches!(expect("/dev/null", 115_200, "x", LONG), Err(LineError::Open { .. })), "no serial port");
    }

    #[test]
    fn a_serial_port_is_heard_raw() {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let device = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&device).unwrap();
        unlockpt(&device).unwrap();
        let node = ptsname(&device, Vec::new()).unwrap().into_string().unwrap();
        // What is written before anybody listens would else be taken for keys.
        let mut settings = tcgetattr(&device).unwrap();
        settings.make_raw();
        tcsetattr(&device, OptionalActions::Now, &settings).unwrap();
        rustix::io::write(&device, b"boot\nready \x03 now\n").unwrap();
        assert_eq!(expect(&node, 115_200, "ready*now", LONG).unwrap().as_deref(), Some("ready \u{3} now"));
    }

    #[test]
    fn endless_lines_are_bounded() {
        let mut ear = Ear { pattern: "x", line: Vec::new() };
        for _ in 0..100_000 {
            assert_eq!(ear.hear(b'a'), None);
        }
        assert!(ear.line.len() <= LONGEST_LINE);
    }

    proptest! {
        #[test]
        fn a_pattern_fits_what_it_was_made_of(pieces in prop::collection::vec("[a-c]{1,3}", 1..4), gaps in prop::collection::vec("[a-c]{0,3}", 4)) {
            let line = pieces.iter().zip(&gaps).fold(String::new(), |line, (piece, gap)| line + gap + piece);
            prop_assert!(holds(line.as_bytes(), &pieces.join("*")));
        }

        #[test]
        fn without_stars_it_is_a_search(line in "[ab]{0,12}", word in "[ab]{1,3}") {
            prop_assert_eq!(holds(line.as_bytes(), &word), line.contains(&word));
        }
    }
}

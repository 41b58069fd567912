//! The process that has the probe: reads orders, answers them, ends when nobody asks any more.

use std::any::Any;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::frame::Frame;
use super::job::Job;
use super::order::{Answer, Failure, Order};

/// How long an order may still take after the station has gone: a write is finished rather than left half done.
const FINISHING: Duration = Duration::from_mins(1);
/// The most runs of one write.
const MOST_RUNS: usize = 65_536;
/// The longest words of a panic that are passed on, in characters.
const LONGEST_WORDS: usize = 400;

/// Serves orders from `from` until it ends; what is being done then is finished within a minute, or given up.
///
/// A panic of the probe's driver is an answer, and the last one. The process must end after this returns: a thread may hang.
pub fn serve(mut from: impl Read, to: impl Write + Send + 'static) {
    // A dump of this process would hold a device's keys.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let (orders, work) = channel();
    let (end, ended) = channel::<()>();
    thread::spawn(move || {
        obey(&work, to);
        drop(end);
    });
    while let Ok(Some(frame)) = Frame::read(&mut from) {
        if orders.send(frame).is_err() {
            return;
        }
    }
    drop(orders);
    let _ = ended.recv_timeout(FINISHING);
}

/// Does one order after the other, until the last, a panic, or nobody hears the answer.
fn obey(work: &Receiver<Frame>, mut to: impl Write) {
    let mut job = Some(Job::default());
    while let Ok(frame) = work.recv() {
        let order = frame.message();
        let is_last = matches!(order, Ok(Order::Release));
        let done = catch_unwind(AssertUnwindSafe(|| {
            let job = job.as_mut().ok_or_else(|| Failure::Broken("it broke down before".to_owned()))?;
            answer(job, order, work, &mut to)
        }));
        let (reply, broke) = match done {
            Ok(Ok(frame)) => (Ok(frame), false),
            Ok(Err(failure)) => (Frame::words(&Answer::Failed(failure)), false),
            Err(panic) => (Frame::words(&Answer::Failed(Failure::Broken(words(panic.as_ref())))), true),
        };
        let heard = reply.and_then(|frame| frame.write(&mut to)).is_ok();
        if broke {
            // Its own clean-up may break down as well.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(job.take())));
        }
        if broke || is_last || !heard {
            return;
        }
    }
}

fn answer(
    job: &mut Job,
    order: io::Result<Order>,
    work: &Receiver<Frame>,
    to: &mut impl Write,
) -> Result<Frame, Failure> {
    let order = order.map_err(|error| Failure::Protocol(error.to_string()))?;
    let answer = match order {
        Order::Connect { choice, chip } => Answer::Found(Box::new(job.connect(&choice, chip.as_deref())?)),
        Order::Read { address, length } => return Ok(Frame::Data(job.read(address, length)?)),
        Order::Write { runs } => {
            let runs = data(&runs, work)?;
            let mut watch = |done, of| {
                // Nobody hears it where the station has gone; the write goes on.
                let _ = Frame::words(&Answer::Progress { done, of }).and_then(|frame| frame.write(&mut *to));
            };
            job.write(&runs, &mut watch)?;
            Answer::Done
        }
        Order::Read32 { address } => Answer::Word(job.read32(address)?),
        Order::Write32 { address, value } => done(job.write32(address, value))?,
        Order::Reset => done(job.reset())?,
        Order::Release => done(job.release())?,
    };
    Frame::words(&answer).map_err(|error| Failure::Broken(error.to_string()))
}

fn done(outcome: Result<(), Failure>) -> Result<Answer, Failure> {
    outcome.map(|()| Answer::Done)
}

/// Takes the bytes that follow the order to write.
fn data(runs: &[u64], work: &Receiver<Frame>) -> Result<Vec<(u64, crate::fleet::Secret)>, Failure> {
    if runs.len() > MOST_RUNS {
        return Err(Failure::Protocol(format!("{} runs, at most {MOST_RUNS}", runs.len())));
    }
    let one = |address: &u64| match work.recv() {
        Ok(Frame::Data(bytes)) => Ok((*address, bytes)),
        _ => Err(Failure::Protocol("bytes are missing".to_owned())),
    };
    runs.iter().map(one).collect()
}

/// Returns the words of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    crate::host::machine::harmless(text.unwrap_or("it panicked")).chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Pipe(Arc<Mutex<Vec<u8>>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(orders: &[Frame]) -> Vec<Answer> {
        let mut input = Vec::new();
        orders.iter().for_each(|frame| frame.write(&mut input).unwrap());
        let pipe = Pipe::default();
        serve(&*input, pipe.clone());
        let bytes = pipe.0.lock().unwrap().clone();
        let mut from = &bytes[..];
        let mut answers = Vec::new();
        while let Some(frame) = Frame::read(&mut from).unwrap() {
            answers.push(frame.message().unwrap());
        }
        answers
    }

    #[test]
    fn nonsense_is_answered_and_the_next_order_taken() {
        let orders = [Frame::Words(b"{}".to_vec()), Frame::words(&Order::Read32 { address: 0 }).unwrap()];
        let [Answer::Failed(first), Answer::Failed(second)] = &answers(&orders)[..] else { panic!("other answers") };
        assert!(matches!(first, Failure::Protocol(_)), "{first:?}");
        assert!(matches!(second, Failure::NoChip(_)), "{second:?}");
    }

    #[test]
    fn the_words_of_a_panic_are_kept_short_and_harmless() {
        let long = "x".repeat(10_000) + "\u{1b}[2J";
        assert_eq!(words(&long).chars().count(), LONGEST_WORDS);
        assert_eq!(words(&"called unwrap"), "called unwrap");
        assert_eq!(words(&7), "it panicked");
    }
}

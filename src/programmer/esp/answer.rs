//! What the ROM answers.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes of status behind the body; the last two are reserved.
const STATUS: usize = 2;

/// One answer, as it came.
pub struct Answer {
    /// The command that it answers.
    pub command: u8,
    /// The word that a register read returns.
    pub value: u32,
    body: Zeroizing<Vec<u8>>,
}

/// Why the ROM did not do what it was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal(pub u8);

impl Refusal {
    /// True if the ROM does not know the command, or may not do it in this state.
    pub fn is_unknown_command(self) -> bool {
        self.0 == 0x05
    }

    /// True if the request did not arrive whole.
    pub fn is_garbled(self) -> bool {
        self.0 == 0x07
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.0 {
            0x05 => "it does not take this command",
            0x06 => "it could not do it",
            0x07 => "the checksum of the request is wrong",
            0x08 => "its flash could not be written",
            0x09 => "its flash could not be read",
            0x0a => "it cannot read that many bytes",
            0x0b => "it could not inflate the data",
            _ => "an error without a name",
        };
        write!(f, "{words} (status {:#04x})", self.0)
    }
}

impl Answer {
    /// Reads an answer; `None` if the frame is none.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (header, body) = frame.split_at_checked(8)?;
        if header[0] != 1 {
            return None;
        }
        // The length in the header is not relied on: some ROMs count the status, some do not. The frame has an end.
        let value = u32::from_le_bytes(header[4..8].try_into().ok()?);
        Some(Self { command: header[1], value, body: Zeroizing::new(body.to_vec()) })
    }

    /// Returns the body's first `length` bytes where its status says that all went well, else the refusal; `None` if the body
    /// is shorter than that and no refusal either.
    pub fn body(&self, length: usize) -> Option<Result<&[u8], Refusal>> {
        if let Some(status) = self.body.get(length..length + STATUS) {
            return Some(if status[0] == 0 { Ok(&self.body[..length]) } else { Err(Refusal(status[1])) });
        }
        let status = self.body.get(..STATUS)?;
        (status[0] != 0).then_some(Err(Refusal(status[1])))
    }

    /// Returns the bytes of the body, its status too.
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// True for the answer to a command that the ROM does not know, which may name another command.
    pub fn is_unknown_command(&self) -> bool {
        matches!(self.body[..], [status, 0x05, ..] if status != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::slip::Deframer;
    use super::*;

    #[test]
    fn a_body_is_given_out_only_with_a_good_status_behind_it() {
        let answer = |body: &[u8]| Answer::read(&[&[1, 0x13, 0, 0, 9, 0, 0, 0], body].concat()).unwrap();
        assert_eq!((answer(&[]).command, answer(&[]).value), (0x13, 9));
        assert_eq!(answer(&[7, 8, 0, 0, 0, 0]).body(2), Some(Ok(&[7, 8][..])));
        assert_eq!(answer(&[7, 8, 1, 6, 0, 0]).body(2), Some(Err(Refusal(6))));
        assert_eq!(answer(&[1, 5, 0, 0]).body(32), Some(Err(Refusal(5))));
        assert_eq!(answer(&[0, 0, 0, 0]).body(32), None);
        assert_eq!(answer(&[0]).body(0), None);
    }

    #[test]
    fn a_refusal_is_said_in_words_with_its_number() {
        assert_eq!(Refusal(8).to_string(), "its flash could not be written (status 0x08)");
        assert_eq!(Refusal(0xee).to_string(), "an error without a name (status 0xee)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn no_stream_of_bytes_breaks_the_reader(
            stream in prop::collection::vec(prop_oneof![3 => Just(0xc0_u8), 1 => Just(0xdb), 1 => Just(1), 6 => any::<u8>()], 0..300),
            length in 0..100_usize,
        ) {
            let mut deframer = Deframer::default();
            for frame in stream.iter().filter_map(|byte| deframer.push(*byte)) {
                if let Some(answer) = Answer::read(&frame) {
                    if let Some(Ok(body)) = answer.body(length) {
                        prop_assert_eq!(body.len(), length);
                    }
                    let _ = answer.is_unknown_command();
                }
            }
        }
    }
}

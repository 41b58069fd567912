//! Commands and answers of a card (ISO 7816-4), with the ways in which cards hand out data.

use zeroize::Zeroizing;

use super::error::CardError;

/// Something that answers commands as a card does.
pub trait Card: Send {
    /// Sends a command, returns data and status word. Both may hold keys.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// Makes durable what was written; a card in a file is saved.
    fn finish(&mut self) -> Result<(), CardError> {
        Ok(())
    }
}

/// A card's answer.
pub(super) struct Answer {
    /// Data.
    pub data: Zeroizing<Vec<u8>>,
    /// Status word.
    pub status: u16,
}

/// How often a card may say that more is to be fetched.
const MOST_FETCHES: usize = 8;

/// A card with the manners of asking it.
pub struct Channel<'a>(pub &'a mut dyn Card);

impl Channel<'_> {
    /// Sends a command with `data`; `wanted` bytes are expected back (0: as many as there are, at most 256). Fetches what
    /// a card keeps for later (61xx, 9Fxx), and repeats with the length that a card insists on (6Cxx).
    pub(super) fn send(
        &mut self,
        doing: &str,
        head: [u8; 4],
        data: &[u8],
        wanted: Option<u8>,
    ) -> Result<Answer, CardError> {
        let mut command = Zeroizing::new(Vec::with_capacity(6 + data.len()));
        command.extend_from_slice(&head);
        if !data.is_empty() {
            command.push(u8::try_from(data.len()).expect("callers send at most 255 bytes"));
            command.extend_from_slice(data);
        }
        command.extend(wanted);
        let mut answer = self.once(doing, &command)?;
        if answer.status >> 8 == 0x6c {
            let exact = answer.status.to_be_bytes()[1];
            let kept = command.len() - usize::from(wanted.is_some());
            command.truncate(kept);
            command.push(exact);
            answer = self.once(doing, &command)?;
        }
        if answer.status == 0x6700 && !data.is_empty() && wanted.is_some() {
            // With T=0 a command that carries data cannot say what it wants back.
            command.pop();
            answer = self.once(doing, &command)?;
        }
        for _ in 0..MOST_FETCHES {
            let [high @ (0x61 | 0x9f), length] = answer.status.to_be_bytes() else { break };
            let class = if high == 0x9f { 0xa0 } else { head[0] };
            let more = self.once(doing, &[class, 0xc0, 0, 0, length])?;
            answer.data.extend_from_slice(&more.data);
            answer.status = more.status;
        }
        Ok(answer)
    }

    fn once(&mut self, doing: &str, command: &[u8]) -> Result<Answer, CardError> {
        let mut data = self.0.transmit(command)?;
        let (end, found) = (data.len().saturating_sub(2), data.len());
        let Some([high, low]) = data.get(end..).and_then(|status| <[u8; 2]>::try_from(status).ok()) else {
            return Err(CardError::Answer { doing: doing.to_owned(), found });
        };
        data.truncate(end);
        Ok(Answer { data, status: u16::from_be_bytes([high, low]) })
    }
}

impl Answer {
    /// Returns true for success; warnings about what is read count as one.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.status, 0x9000 | 0x6281 | 0x6282) || self.status >> 8 == 0x91
    }

    /// Fails unless it was a success.
    pub(super) fn expect(self, doing: &str) -> Result<Self, CardError> {
        if self.is_good() { Ok(self) } else { Err(CardError::status(doing, self.status)) }
    }
}

//! Records of DTLS 1.2 (RFC 6347, section 4.1) as far as they are in the clear: their heads.

/// Length of a record's head.
pub(super) const HEAD: usize = 13;
/// Length of a handshake message's head (section 4.2.2).
pub(super) const MESSAGE_HEAD: usize = 12;
/// Content types.
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
/// `DTLS 1.0`, which is what records say before a version is agreed.
pub(super) const DTLS_1_0: [u8; 2] = [0xFE, 0xFF];
/// `DTLS 1.2`.
const DTLS_1_2: [u8; 2] = [0xFE, 0xFD];

/// One record, as it lies in its datagram.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Returns the first record and what follows it; none if it is not whole, or not of DTLS.
    pub(super) fn split(datagram: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let head = datagram.get(..HEAD)?;
        let length = usize::from(u16::from_be_bytes([head[11], head[12]]));
        let whole = HEAD + length;
        let known = (CHANGE_CIPHER_SPEC..=23).contains(&head[0]) && head[1] == 0xFE;
        let record = datagram.get(..whole).filter(|_| known)?;
        Some((Self { bytes: record }, &datagram[whole..]))
    }

    /// Returns all whole records of a datagram; what follows them is dropped.
    pub(super) fn all(datagram: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = datagram;
        std::iter::from_fn(move || {
            let (record, after) = Self::split(rest)?;
            rest = after;
            Some(record)
        })
    }

    pub(super) fn kind(&self) -> u8 {
        self.bytes[0]
    }

    pub(super) fn epoch(&self) -> u16 {
        u16::from_be_bytes([self.bytes[3], self.bytes[4]])
    }

    /// The sequence number, 48 bits.
    pub(super) fn sequence(&self) -> u64 {
        self.bytes[5..11].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    pub(super) fn content(&self) -> &'a [u8] {
        &self.bytes[HEAD..]
    }

    /// Where in the handshake a message in the clear stands: its number and the offset of its fragment.
    pub(super) fn place(&self) -> Option<(u16, u32)> {
        let clear = self.kind() == HANDSHAKE && self.epoch() == 0;
        let head = self.content().get(..MESSAGE_HEAD).filter(|_| clear)?;
        Some((u16::from_be_bytes([head[4], head[5]]), u32::from_be_bytes([0, head[6], head[7], head[8]])))
    }

    /// Appends the record to `datagram` under another sequence number. Only what is not protected can be numbered anew.
    /// A version that is not one of DTLS becomes 1.0: a client's library says 0xFE00 before a version is agreed.
    pub(super) fn renumbered(&self, sequence: u64, datagram: &mut Vec<u8>) {
        let said = [self.bytes[1], self.bytes[2]];
        let version = if said == DTLS_1_2 { DTLS_1_2 } else { DTLS_1_0 };
        let head = Head { kind: self.kind(), version, sequence };
        head.write(self.content(), datagram);
    }

    /// Appends the record to `datagram` as it is.
    pub(super) fn copied(&self, datagram: &mut Vec<u8>) {
        datagram.extend_from_slice(self.bytes);
    }
}

/// The head of a record in the clear.
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) version: [u8; 2],
    pub(super) sequence: u64,
}

impl Head {
    /// Appends a record of epoch 0 to `datagram`.
    pub(super) fn write(&self, content: &[u8], datagram: &mut Vec<u8>) {
        let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
        datagram.push(self.kind);
        datagram.extend_from_slice(&self.version);
        datagram.extend_from_slice(&[0, 0]);
        datagram.extend_from_slice(&self.sequence.to_be_bytes()[2..]);
        datagram.extend_from_slice(&length.to_be_bytes());
        datagram.extend_from_slice(&content[..usize::from(length)]);
    }
}

//! Frames on a line of bytes (RFC 1055), bounded.

use zeroize::Zeroizing;

/// The longest frame that is taken, in bytes: the longest answer is 8 bytes of header, 64 of flash and 4 of status.
pub const LONGEST_FRAME: usize = 512;

const END: u8 = 0xc0;
const ESCAPE: u8 = 0xdb;
const ESCAPED_END: u8 = 0xdc;
const ESCAPED_ESCAPE: u8 = 0xdd;

/// Returns `packet` as a frame between two end marks; the buffer never grows, so no copy of a key is left behind.
pub fn framed(packet: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut frame = Zeroizing::new(Vec::with_capacity(2 * packet.len() + 2));
    frame.push(END);
    for byte in packet {
        match *byte {
            END => frame.extend_from_slice(&[ESCAPE, ESCAPED_END]),
            ESCAPE => frame.extend_from_slice(&[ESCAPE, ESCAPED_ESCAPE]),
            byte => frame.push(byte),
        }
    }
    frame.push(END);
    frame
}

/// Takes frames out of a stream of bytes. What lies between frames (a boot message, noise), a frame with an escape that does
/// not exist and one that is too long are left out.
pub struct Deframer {
    frame: Zeroizing<Vec<u8>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first end mark, or in a spoilt frame.
    Outside,
    Inside,
    Escaped,
}

impl Default for Deframer {
    fn default() -> Self {
        Self { frame: Zeroizing::new(Vec::with_capacity(LONGEST_FRAME)), state: State::Outside }
    }
}

impl Deframer {
    /// Takes one byte; returns the frame that it ends.
    pub fn push(&mut self, byte: u8) -> Option<Zeroizing<Vec<u8>>> {
        match (self.state, byte) {
            (State::Inside, END) if !self.frame.is_empty() => {
                // The end mark may also begin the next frame.
                let fresh = Zeroizing::new(Vec::with_capacity(LONGEST_FRAME));
                return Some(std::mem::replace(&mut self.frame, fresh));
            }
            (_, END) => {
                self.frame.clear();
                self.state = State::Inside;
            }
            (State::Outside, _) => {}
            (State::Inside, ESCAPE) => self.state = State::Escaped,
            (State::Inside, byte) => self.take(byte),
            (State::Escaped, ESCAPED_END) => self.take(END),
            (State::Escaped, ESCAPED_ESCAPE) => self.take(ESCAPE),
            (State::Escaped, _) => self.state = State::Outside,
        }
        None
    }

    fn take(&mut self, byte: u8) {
        if self.frame.len() < LONGEST_FRAME {
            self.frame.push(byte);
            self.state = State::Inside;
        } else {
            self.state = State::Outside;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(stream: &[u8]) -> Vec<Vec<u8>> {
        let mut deframer = Deframer::default();
        stream.iter().filter_map(|byte| deframer.push(*byte).map(|frame| frame.to_vec())).collect()
    }

    #[test]
    fn marks_within_a_packet_are_escaped_as_rfc_1055_has_it() {
        assert_eq!(*framed(&[1, 0xc0, 2, 0xdb, 3]), [0xc0, 1, 0xdb, 0xdc, 2, 0xdb, 0xdd, 3, 0xc0]);
    }

    #[test]
    fn noise_and_spoilt_frames_are_left_out_and_the_next_one_is_found() {
        let mut stream = b"rst:0x1 boot:0x3 waiting for download\r\n".to_vec();
        stream.extend_from_slice(&[0xc0, 1, 0xdb, 7, 2, 0xc0, 9, 0xc0]);
        assert_eq!(frames(&stream), [vec![9]]);
        let mut long = vec![0xc0];
        long.extend_from_slice(&[5; LONGEST_FRAME + 1]);
        long.extend_from_slice(&[0xc0, 8, 0xc0]);
        assert_eq!(frames(&long), [vec![8]]);
    }

    proptest! {
        #[test]
        fn what_was_framed_comes_out_again_behind_any_noise(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 1..5),
            noise in prop::collection::vec(1..0xbf_u8, 0..40),
        ) {
            let mut stream = noise;
            packets.iter().for_each(|packet| stream.extend_from_slice(&framed(packet)));
            prop_assert_eq!(frames(&stream), packets);
        }

        #[test]
        fn no_frame_is_empty_or_longer_than_the_limit(stream in prop::collection::vec(any::<u8>(), 0..4000)) {
            for frame in frames(&stream) {
                prop_assert!(!frame.is_empty() && frame.len() <= LONGEST_FRAME);
            }
        }
    }
}

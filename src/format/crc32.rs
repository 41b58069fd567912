//! CRC-32 (ISO 3309, polynomial 0x04C11DB7 reflected), with the three ways to begin and end it that formats use.

const fn step(mut value: u32) -> u32 {
    let mut bit = 0;
    while bit < 8 {
        value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
        bit += 1;
    }
    value
}

/// What one byte does to the state, and what it still does one to seven bytes later: eight bytes are taken at once.
static TABLES: [[u32; 256]; 8] = tables();

#[allow(clippy::cast_possible_truncation, reason = "an index below 256")]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut value = step(byte as u32);
        let mut later = 0;
        while later < 8 {
            tables[later][byte] = value;
            value = value >> 8 ^ step(value & 0xFF);
            later += 1;
        }
        byte += 1;
    }
    tables
}

/// Returns the checksum as GPT and zlib have it: begun with ones, inverted at the end (UEFI 2.10, section 5.3.2).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !advance(u32::MAX, bytes)
}

/// Returns the checksum of `parts` one after the other as the ROM of the ESP32 has it when seeded with ones: begun with
/// zeros, inverted at the end (`crc32_le(UINT32_MAX, ...)`).
#[cfg(feature = "station")]
pub(super) fn crc32_rom(parts: &[&[u8]]) -> u32 {
    !parts.iter().fold(0, |state, part| advance(state, part))
}

/// Goes over `bytes` from `state`, neither begun nor ended: littlefs begins with ones and inverts nothing.
pub(super) fn advance(state: u32, bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let state = eights.iter().fold(state, |state, eight| {
        let [a, b, c, d] = state.to_le_bytes();
        let of = |later: usize, byte: u8| TABLES[later][usize::from(byte)];
        let first = of(7, eight[0] ^ a) ^ of(6, eight[1] ^ b) ^ of(5, eight[2] ^ c) ^ of(4, eight[3] ^ d);
        first ^ of(3, eight[4]) ^ of(2, eight[5]) ^ of(1, eight[6]) ^ of(0, eight[7])
    });
    rest.iter().fold(state, |state, byte| {
        let [low, ..] = state.to_le_bytes();
        state >> 8 ^ TABLES[0][usize::from(low ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_value_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn eight_bytes_at_once_are_the_same_as_bit_by_bit() {
        let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
        for (from, to) in [(0, 0), (0, 7), (1, 9), (3, 700), (0, 699)] {
            let slow = bytes[from..to].iter().fold(7, |sum, byte| sum >> 8 ^ step((sum ^ u32::from(*byte)) & 0xFF));
            assert_eq!(advance(7, &bytes[from..to]), slow, "{from}..{to}");
        }
    }
}

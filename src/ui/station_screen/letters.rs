//! Letters of five by five dots, for words that are read from two metres.

/// Dots in height and width of a letter.
pub const DOTS: usize = 5;

/// Returns the rows of a letter, the leftmost dot in the highest of five bits; a blank for what is not known.
pub fn rows(letter: char) -> [u8; DOTS] {
    match letter {
        'A' => [0b01110, 0b10001, 0b11111, 0b10001, 0b10001],
        'B' => [0b11110, 0b10001, 0b11110, 0b10001, 0b11110],
        'C' => [0b01111, 0b10000, 0b10000, 0b10000, 0b01111],
        'D' => [0b11110, 0b10001, 0b10001, 0b10001, 0b11110],
        'E' => [0b11111, 0b10000, 0b11110, 0b10000, 0b11111],
        'F' => [0b11111, 0b10000, 0b11110, 0b10000, 0b10000],
        'H' => [0b10001, 0b10001, 0b11111, 0b10001, 0b10001],
        'I' => [0b11111, 0b00100, 0b00100, 0b00100, 0b11111],
        'K' => [0b10001, 0b10010, 0b11100, 0b10010, 0b10001],
        'L' => [0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
        'M' => [0b10001, 0b11011, 0b10101, 0b10001, 0b10001],
        'N' => [0b10001, 0b11001, 0b10101, 0b10011, 0b10001],
        'O' | '0' => [0b01110, 0b10001, 0b10001, 0b10001, 0b01110],
        'P' => [0b11110, 0b10001, 0b11110, 0b10000, 0b10000],
        'R' => [0b11110, 0b10001, 0b11110, 0b10010, 0b10001],
        'S' => [0b01111, 0b10000, 0b01110, 0b00001, 0b11110],
        'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100],
        'U' => [0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'Y' => [0b10001, 0b01010, 0b00100, 0b00100, 0b00100],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b01110],
        '2' => [0b11110, 0b00001, 0b01110, 0b10000, 0b11111],
        '3' => [0b11110, 0b00001, 0b01110, 0b00001, 0b11110],
        '4' => [0b10010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b11110],
        '6' => [0b01110, 0b10000, 0b11110, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b00100],
        '8' => [0b01110, 0b10001, 0b01110, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b01111, 0b00001, 0b01110],
        '%' => [0b11001, 0b11010, 0b00100, 0b01011, 0b10011],
        _ => [0; DOTS],
    }
}

/// Returns the columns a word takes with dots of `wide` columns.
pub fn width(word: &str, wide: usize) -> usize {
    (word.chars().count() * (DOTS + 1)).saturating_sub(1) * wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_screen_has_its_letters() {
        for letter in "INSERTSCANBUSYPASSFAILOUTCHECKEND0123456789%".chars() {
            assert_ne!(rows(letter), [0; DOTS], "{letter}");
        }
        assert_eq!(width("PASS", 1), 23);
        assert_eq!(width("PASS", 2), 46);
    }
}

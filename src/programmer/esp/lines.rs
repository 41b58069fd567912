//! The two control lines of a serial port that reset a chip into its boot loader or out of it.
//!
//! On a board with the usual two transistors DTR pulls the strapping pin low, RTS the reset pin, each only while the other is
//! off. The chips' own USB port watches the same two lines but wants another order (Espressif, "Boot Mode Selection").

use std::io;
use std::time::Duration;

/// The control lines; `true` is asserted, which pulls the pin low.
pub(super) trait Lines {
    /// Sets both at once.
    fn set(&mut self, dtr: bool, rts: bool) -> io::Result<()>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// One way into the boot loader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Both lines change together.
    Together {
        /// How long the strapping pin stays low.
        hold: Duration,
    },
    /// One line after the other, for adapters that lose one of two changes.
    Apart {
        /// How long the strapping pin stays low.
        hold: Duration,
    },
    /// For the chip's own USB port.
    ChipsUsb,
}

/// How long the strapping pin is held: what suits most boards, then what suits those with a large capacitor at reset.
const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_millis(550);
const STEP: Duration = Duration::from_millis(100);

/// Returns the ways to try in turn.
pub(super) fn ways(is_chips_usb: bool) -> &'static [Way] {
    if is_chips_usb {
        return &[Way::ChipsUsb, Way::ChipsUsb];
    }
    &[
        Way::Together { hold: SHORT },
        Way::Together { hold: LONG },
        Way::Apart { hold: SHORT },
        Way::Apart { hold: LONG },
    ]
}

/// Resets the chip into its boot loader.
pub(super) fn into_loader(lines: &mut dyn Lines, way: Way) -> io::Result<()> {
    match way {
        Way::Together { hold } => {
            lines.set(false, false)?;
            lines.set(true, true)?;
            lines.set(false, true)?;
            lines.pause(STEP);
            lines.set(true, false)?;
            lines.pause(hold);
            lines.set(false, false)
        }
        Way::Apart { hold } => {
            lines.set(false, true)?;
            lines.pause(STEP);
            // The strapping pin first, so that the chip never comes out of reset with it high.
            lines.set(true, true)?;
            lines.set(true, false)?;
            lines.pause(hold);
            lines.set(false, false)
        }
        Way::ChipsUsb => {
            lines.set(false, false)?;
            lines.pause(STEP);
            lines.set(true, false)?;
            lines.pause(STEP);
            // By way of both asserted: both off would let the chip start its firmware.
            lines.set(true, true)?;
            lines.set(false, true)?;
            lines.pause(STEP);
            lines.set(false, false)
        }
    }
}

/// Resets the chip so that its firmware starts.
pub(super) fn into_firmware(lines: &mut dyn Lines) -> io::Result<()> {
    lines.set(false, true)?;
    lines.pause(STEP);
    lines.set(false, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what is done to it, and what a board with two transistors makes of it.
    #[derive(Default)]
    struct Recorder {
        story: Vec<String>,
        fails_at: Option<usize>,
        strapped: bool,
        in_reset: bool,
        /// The strapping pin's level at each moment the chip came out of reset.
        starts: Vec<&'static str>,
    }

    impl Lines for Recorder {
        fn set(&mut self, dtr: bool, rts: bool) -> io::Result<()> {
            if self.fails_at == Some(self.story.len()) {
                return Err(io::Error::from(io::ErrorKind::BrokenPipe));
            }
            self.story.push(format!("D{}R{}", u8::from(dtr), u8::from(rts)));
            // Each transistor pulls only while the other line is off.
            (self.strapped, self.in_reset) = match (dtr, rts, self.in_reset) {
                (true, false, true) => {
                    self.starts.push("loader");
                    (true, false)
                }
                (_, false, true) => {
                    self.starts.push("firmware");
                    (false, false)
                }
                (false, true, _) => (false, true),
                (true, false, false) => (true, false),
                // Both on: no pin is pulled, the reset pin's capacitor still holds it low.
                (true, true, held) => (false, held),
                (false, false, false) => (false, false),
            };
            Ok(())
        }

        fn pause(&mut self, time: Duration) {
            self.story.push(format!("W{}", time.as_millis()));
        }
    }

    fn story(way: Way) -> String {
        let mut recorder = Recorder::default();
        into_loader(&mut recorder, way).unwrap();
        recorder.story.join(" ")
    }

    #[test]
    fn each_way_moves_the_lines_in_its_order() {
        assert_eq!(story(Way::Together { hold: SHORT }), "D0R0 D1R1 D0R1 W100 D1R0 W50 D0R0");
        assert_eq!(story(Way::Apart { hold: LONG }), "D0R1 W100 D1R1 D1R0 W550 D0R0");
        assert_eq!(story(Way::ChipsUsb), "D0R0 W100 D1R0 W100 D1R1 D0R1 W100 D0R0");
    }

    #[test]
    fn a_board_with_two_transistors_starts_its_loader_once_and_then_its_firmware() {
        for way in ways(false) {
            let mut recorder = Recorder::default();
            into_loader(&mut recorder, *way).unwrap();
            assert_eq!(recorder.starts, ["loader"], "{way:?}");
            into_firmware(&mut recorder).unwrap();
            assert_eq!(recorder.starts, ["loader", "firmware"], "{way:?}");
            assert!(!recorder.strapped && !recorder.in_reset);
        }
    }

    #[test]
    fn a_line_that_fails_at_any_step_is_told() {
        for way in [ways(false), ways(true)].concat() {
            for at in 0..12 {
                let mut recorder = Recorder { fails_at: Some(at), ..Recorder::default() };
                let failed = into_loader(&mut recorder, way).is_err();
                assert_eq!(
                    failed,
                    story(way).split(' ').nth(at).is_some_and(|step| step.starts_with('D')),
                    "{way:?} {at}"
                );
            }
        }
    }
}

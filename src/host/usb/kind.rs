//! What kinds of programmers there are.

use serde::Serialize;

/// What a programmer or boot loader is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgrammerKind {
    /// A debug probe.
    Swd,
    /// A boot loader that speaks DFU or DfuSe.
    Dfu,
    /// A firmware that can change to such a boot loader.
    DfuRuntime,
    /// The ROM loader of an ESP32 by its own USB.
    Esp,
    /// A serial line, behind which an ESP32 may be.
    Serial,
    /// A boot loader that takes UF2 files: RP2040, RP2350.
    Uf2,
    /// Nordic's boot loader with a serial protocol of its own.
    NordicSerialDfu,
    /// An SPI and I2C bridge.
    SpiI2c,
}

impl ProgrammerKind {
    /// Returns it in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Swd => "debug probe",
            Self::Dfu => "DFU boot loader",
            Self::DfuRuntime => "firmware with DFU",
            Self::Esp => "ESP32 loader",
            Self::Serial => "serial line",
            Self::Uf2 => "UF2 boot loader",
            Self::NordicSerialDfu => "nRF boot loader",
            Self::SpiI2c => "SPI/I2C bridge",
        }
    }

    /// Returns true if it is opened by the node of a serial line and not by its USB node.
    pub fn is_line(self) -> bool {
        matches!(self, Self::Esp | Self::Serial | Self::NordicSerialDfu)
    }
}

//! A device's label: a QR code and lines of text, as SVG for a page and as ZPL II for a label printer.
//!
//! Source of the code: ISO/IEC 18004 (QR Code, model 2, error correction M); of ZPL: Zebra, "ZPL II Programming Guide", commands `^BQ`,
//! `^FH`, `^CI`, `^A`, `^PW`, `^LL`.

mod check;
mod error;
mod svg;
mod zpl;

pub use crate::fleet::label::LabelStock as ZplStock;
pub use error::LabelError;
pub use svg::qr_svg;
pub use zpl::zpl;

/// What stands on a label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// What the QR code says: 1 to 300 printable ASCII characters, for readers guess the character set of anything else.
    pub code: String,
    /// The lines beside it: at most 8 of 64 characters, without control and direction characters.
    pub lines: Vec<String>,
}

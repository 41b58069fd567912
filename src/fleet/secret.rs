//! Bytes that never reach a log.

use zeroize::Zeroizing;

/// Secret bytes: wiped on drop, opened only in a closure.
///
/// There is no `Debug`, `Display`, `Clone` or `Serialize`, so that no log, plan or record can hold one by accident; a
/// search for `.expose(` lists every use.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of `bytes`; they are wiped when the secret is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Lends the bytes to `using` for the length of the call.
    pub fn expose<R>(&self, using: impl FnOnce(&[u8]) -> R) -> R {
        using(&self.0)
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes a second copy. Named so that copies are as easy to find as uses.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

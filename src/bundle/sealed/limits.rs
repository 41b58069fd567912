//! What a reader of bundles takes at most.

/// What a reader takes at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bundles on one medium.
    pub bundles: usize,
    /// Files of one bundle.
    pub files: usize,
    /// Bytes of one file, and of all together.
    pub bytes: u64,
}

impl Default for Limits {
    /// 4096 bundles of 512 files, 8 MiB in all.
    fn default() -> Self {
        Self { bundles: 4096, files: 512, bytes: 8 << 20 }
    }
}

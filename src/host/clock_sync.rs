//! Whether the kernel's clock is synchronised: adjtimex(2).
#![allow(unsafe_code)]

/// Returns true if a time source keeps the kernel's clock (NTP, PTP, chrony): its state is none of `TIME_ERROR` and
/// `STA_UNSYNC`. False where the kernel does not say.
pub fn is_synchronised() -> bool {
    // SAFETY: `timex` is plain numbers, for which zero is a value; with `modes` 0 the call only fills it.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex.status)
    };
    state >= 0 && state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_is_asked_and_answers_the_same_twice() {
        assert_eq!(super::is_synchronised(), super::is_synchronised());
    }
}

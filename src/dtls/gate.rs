//! The gate: nothing is kept of an address until it has answered (RFC 6347, section 4.2.1).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::hello::ClientHello;
use crate::delivery::Random;

/// Length of a cookie: within the 32 bytes that old clients hold.
const COOKIE: usize = 20;
/// How long a cookie is given out; it is taken for as long again. Long, for links where an answer takes a minute.
const PERIOD: Duration = Duration::from_mins(2);

/// Makes and judges cookies.
pub(super) struct Gate {
    secret: hmac::Key,
}

impl Gate {
    pub(super) fn new(random: &dyn Random) -> Self {
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        random.fill("secret of the DTLS cookies", secret.as_mut_slice());
        Self { secret: hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()) }
    }

    /// Returns the cookie of a hello from an address at a time.
    pub(super) fn cookie(&self, at: Duration, from: SocketAddr, hello: &ClientHello<'_>) -> [u8; COOKIE] {
        self.of_period(period(at), from, hello)
    }

    /// Returns true if the hello carries a cookie that was given to its address not long ago.
    pub(super) fn knows(&self, at: Duration, from: SocketAddr, hello: &ClientHello<'_>) -> bool {
        let now = period(at);
        [Some(now), now.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|period| verify_slices_are_equal(&self.of_period(period, from, hello), hello.cookie()).is_ok())
    }

    fn of_period(&self, period: u64, from: SocketAddr, hello: &ClientHello<'_>) -> [u8; COOKIE] {
        let mut mac = hmac::Context::with_key(&self.secret);
        mac.update(&period.to_be_bytes());
        match from.ip() {
            IpAddr::V4(address) => mac.update(&address.to_ipv6_mapped().octets()),
            IpAddr::V6(address) => mac.update(&address.octets()),
        }
        mac.update(&from.port().to_be_bytes());
        hello.constant().into_iter().for_each(|part| mac.update(part));
        let tag = mac.sign();
        let mut cookie = [0; COOKIE];
        cookie.copy_from_slice(&tag.as_ref()[..COOKIE]);
        cookie
    }
}

fn period(at: Duration) -> u64 {
    at.as_secs() / PERIOD.as_secs()
}

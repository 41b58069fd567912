//! The talk with the server: a proof for each request, patience with what passes, an end to it.

use std::time::{Duration, Instant};

use serde::Deserialize;
use time::OffsetDateTime;

use super::answer::{Word, is_passing, nonsense, refused, sort};
use super::error::RegisterError;
use super::order::Order;
use super::proof::{Fresh, Moment, Proof};
use crate::delivery::{Clock, Random};
use crate::fleet::Class;
use crate::fleet::enrolment::claim::{Claim, LONGEST_NONCE, SHORTEST_NONCE};
use crate::host::http::{Http, HttpAnswer, HttpRequest};

/// The time between two tries, at first; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The shortest time between two questions whether it is decided, where the server names none.
const POLL: Duration = Duration::from_secs(5);

/// Waits; says which signal ended it.
pub type Wait<'a> = dyn Fn(Duration) -> Option<Class> + 'a;

/// What a talk is held with.
pub struct Talk<'a> {
    /// The server.
    pub http: &'a Http,
    /// What the device was told.
    pub order: &'a Order,
    /// Its proof.
    pub proof: &'a Proof,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub random: &'a dyn Random,
    /// How time passes.
    pub wait: &'a Wait<'a>,
    /// Whether claims and JWTs go by the server's challenge: the clock is not trusted.
    pub by_challenge: bool,
    /// When it ends.
    pub patience: Patience,
}

/// How long a talk goes on.
pub struct Patience {
    within: Duration,
    began: Instant,
    waited: Duration,
    pause: Duration,
    draws: u64,
}

impl Patience {
    /// Begins a talk of at most this time.
    pub fn new(within: Duration) -> Self {
        Self { within, began: Instant::now(), waited: Duration::ZERO, pause: PAUSE, draws: 0 }
    }

    /// Returns its whole time in seconds.
    pub fn seconds(&self) -> u64 {
        self.within.as_secs()
    }

    fn draw(&mut self, random: &dyn Random) -> (u64, u64) {
        self.draws += 1;
        let mut bytes = [0; 8];
        random.fill(&format!("registration pause {}", self.draws), &mut bytes);
        (self.draws, u64::from_le_bytes(bytes))
    }

    /// Returns how long to wait: what the server asked for and up to a tenth more, else the back-off, cut by up to a half.
    /// A thousand devices that were cut off together do not come back together.
    fn next(&mut self, asked: Option<Duration>, least: Duration, random: &dyn Random) -> Duration {
        let (_, drawn) = self.draw(random);
        let share = |of: Duration| of.mul_f64(f64::from(u32::try_from(drawn >> 32).unwrap_or(0)) / f64::from(u32::MAX));
        if let Some(asked) = asked {
            return asked.saturating_add(share((asked / 10).max(PAUSE)));
        }
        let pause = self.pause.max(least);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        pause.saturating_sub(share(pause / 2))
    }

    fn holds(&self, pause: Duration) -> bool {
        self.began.elapsed().max(self.waited).saturating_add(pause) <= self.within
    }
}

#[derive(Deserialize)]
struct Challenge {
    nonce: String,
    #[serde(with = "time::serde::rfc3339")]
    expires: OffsetDateTime,
}

impl Talk<'_> {
    /// Registers: asks, and asks again until it is decided.
    pub fn register(&mut self, body: &[u8], key: &str) -> Result<Word, RegisterError> {
        let (mut word, mut asked) = self.ask("POST", "/v1/register", Some(body), Some(key))?;
        while let Word::Pending { registration, state } = word {
            if !self.pause(asked, POLL)? {
                return Err(RegisterError::Pending { registration, state, seconds: self.patience.seconds() });
            }
            (word, asked) = self.ask("GET", &format!("/v1/registrations/{registration}"), None, None)?;
        }
        Ok(word)
    }

    /// Sends a request until it comes through; the server's wish to wait comes with its word.
    fn ask(
        &mut self,
        method: &str,
        target: &str,
        body: Option<&[u8]>,
        key: Option<&str>,
    ) -> Result<(Word, Option<Duration>), RegisterError> {
        loop {
            let (reason, asked) = match self.once(method, target, body, key.map(|key| ("Idempotency-Key", key))) {
                Ok(answer) => {
                    let asked = retry_after(&answer);
                    match sort(&answer, &self.order.id)? {
                        Word::Later(reason) => (reason, asked),
                        Word::Denied(error) if self.may_challenge(&error) => {
                            self.by_challenge = true;
                            continue;
                        }
                        word => return Ok((word, asked)),
                    }
                }
                Err(RegisterError::Http(error)) if error.is_passing() => (error.to_string(), None),
                Err(error) => return Err(error),
            };
            if !self.pause(asked, Duration::ZERO)? {
                return Err(RegisterError::Late { seconds: self.patience.seconds(), reason });
            }
        }
    }

    /// Sends a request until it comes through; returns the answer, whatever else it says.
    pub fn whole(
        &mut self,
        method: &str,
        target: &str,
        body: Option<&[u8]>,
        header: Option<(&str, &str)>,
    ) -> Result<HttpAnswer, RegisterError> {
        loop {
            let (reason, asked) = match self.once(method, target, body, header) {
                Ok(answer) if is_passing(answer.status) => {
                    (refused(&answer, answer.status).to_string(), retry_after(&answer))
                }
                Ok(answer) if answer.status == 401 && self.may_challenge(&refused(&answer, 401)) => {
                    self.by_challenge = true;
                    continue;
                }
                Ok(answer) => return Ok(answer),
                Err(RegisterError::Http(error)) if error.is_passing() => (error.to_string(), None),
                Err(error) => return Err(error),
            };
            if !self.pause(asked, Duration::ZERO)? {
                return Err(RegisterError::Late { seconds: self.patience.seconds(), reason });
            }
        }
    }

    /// A clock that we trusted and the server does not: its challenge needs none.
    fn may_challenge(&self, error: &RegisterError) -> bool {
        let is_expired = matches!(error, RegisterError::Denied { code, .. } if code == "claim-expired");
        is_expired && self.proof.wants_nonce() && !self.by_challenge
    }

    fn once(
        &mut self,
        method: &str,
        target: &str,
        body: Option<&[u8]>,
        header: Option<(&str, &str)>,
    ) -> Result<HttpAnswer, RegisterError> {
        let fresh = match self.fresh()? {
            Ok(fresh) => fresh,
            Err(answer) => return Ok(answer),
        };
        let uri = format!("{}{target}", self.order.base());
        let proof = self.proof.header(self.order.who(), &fresh, (method, target), body.unwrap_or_default());
        let mut headers = vec![("Accept", "application/json, application/problem+json, application/x-tar")];
        headers.extend(body.map(|_| ("Content-Type", "application/json")));
        headers.extend(header);
        headers.extend(proof.as_ref().map(|proof| ("Authorization", proof.as_str())));
        Ok(self.http.send(HttpRequest { method, uri: &uri, headers: &headers, body })?)
    }

    /// Returns what makes the next claim fresh, or the server's answer that is no challenge.
    fn fresh(&mut self) -> Result<Result<Fresh, HttpAnswer>, RegisterError> {
        if !self.proof.wants_nonce() || !self.by_challenge {
            let (number, _) = self.patience.draw(self.random);
            let time = self.clock.now().unix_timestamp();
            return Ok(Ok(Fresh::draw(self.random, &format!("registration nonce {number}"), time)));
        }
        let uri = format!("{}/v1/challenge", self.order.base());
        let headers = [("Accept", "application/json, application/problem+json")];
        let answer = self.http.send(HttpRequest { method: "GET", uri: &uri, headers: &headers, body: None })?;
        if answer.status != 200 {
            return Ok(Err(answer));
        }
        let challenge = answer.body.expose(|body| serde_json::from_slice::<Challenge>(body));
        let Challenge { nonce, expires } = challenge.map_err(|error| nonsense(&format!("its challenge: {error}")))?;
        self.check_nonce(&nonce)?;
        Ok(Ok(Fresh { nonce, time: Moment::ChallengeEnds(expires.unix_timestamp()) }))
    }

    fn check_nonce(&self, nonce: &str) -> Result<(), RegisterError> {
        let Order { id, group, .. } = self.order.clone();
        let claim = Claim { id, group, key: "group".into(), nonce: nonce.to_owned(), time: None };
        if Claim::from_header(&claim.header("0")) == Some((claim, "0".into())) {
            return Ok(());
        }
        Err(nonsense(&format!("its challenge is no word of {SHORTEST_NONCE} to {LONGEST_NONCE} characters")))
    }

    /// Waits; false where that would take longer than there is time.
    fn pause(&mut self, asked: Option<Duration>, least: Duration) -> Result<bool, RegisterError> {
        let pause = self.patience.next(asked, least, self.random);
        if !self.patience.holds(pause) {
            return Ok(false);
        }
        if let Some(class) = (self.wait)(pause) {
            return Err(RegisterError::Interrupted { class });
        }
        self.patience.waited += pause;
        Ok(true)
    }
}

/// Seconds of `Retry-After` (RFC 9110, section 10.2.3); a date is not taken, for it wants a clock.
fn retry_after(answer: &HttpAnswer) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse::<u32>().ok().map(|seconds| Duration::from_secs(u64::from(seconds)))
}

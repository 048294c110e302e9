//! Step 2. What one worker carries from visit to visit, and what all workers of a listener share.

use crate::clock::Clock;
use crate::http::date::DateText;
use crate::limits::{PARKED_BYTES_MAX, READ_BYTES};
use crate::log::Log;
use crate::metrics::Meter;
use crate::server::budget::{Budget, GivesWay};
use crate::server::service::{HandlerPlaces, Service};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What all workers of one listener share.
pub struct Shared {
    /// What is served.
    pub service: Arc<dyn Service>,
    /// Time.
    pub clock: Clock,
    /// Where lines go.
    pub log: Log,
    /// Who may run a handler.
    pub places: HandlerPlaces,
    /// Content being received.
    pub content_in_flight: Arc<Budget>,
    /// Answers that sockets have not taken.
    pub unsent: Arc<Budget>,
    /// Requests that wait, parked.
    pub parked: Arc<Budget>,
    /// `--max-content`
    pub content_max: usize,
    /// Set once, when the drain begins: every answer from then on closes its connection.
    draining: AtomicBool,
}

/// One worker's own things. Nothing in it is shared, so nothing in it is locked.
pub struct Worker {
    /// What is shared.
    pub shared: Arc<Shared>,
    /// The worker's counts.
    pub meter: Arc<Meter>,
    /// The Date field's text, made once a second.
    pub date: DateText,
    /// Where sockets are read into.
    pub scratch: Box<[u8]>,
    /// Now, in the clock's microseconds: read when a visit begins and after each request served.
    pub now_us: u64,
    request_prefix: String,
    requests: u64,
}

impl Shared {
    /// For one listener.
    pub fn new(
        service: Arc<dyn Service>,
        clock: Clock,
        log: Log,
        places: HandlerPlaces,
        budgets: (Arc<Budget>, Arc<Budget>),
        content_max: usize,
    ) -> Shared {
        let (content_in_flight, unsent) = budgets;
        let draining = AtomicBool::new(false);
        Shared {
            service,
            clock,
            log,
            places,
            content_in_flight,
            unsent,
            parked: Budget::new(PARKED_BYTES_MAX, GivesWay::Nobody),
            content_max,
            draining,
        }
    }

    /// Whether the drain has begun.
    pub fn is_draining(&self) -> bool {
        // Acquire, with the Release below: who sees the flag also sees what was done before it was set.
        self.draining.load(Ordering::Acquire)
    }

    /// Begins the drain; true for the first caller.
    pub fn begin_drain(&self) -> bool {
        !self.draining.swap(true, Ordering::AcqRel)
    }
}

impl Worker {
    /// A worker whose request ids begin with `request_prefix`, which no other worker has.
    pub fn new(shared: Arc<Shared>, meter: Arc<Meter>, request_prefix: String) -> Worker {
        let date = DateText::at(shared.clock.wall_seconds());
        let now_us = shared.clock.now_us();
        let scratch = vec![0; READ_BYTES].into_boxed_slice();
        Worker {
            shared,
            meter,
            date,
            scratch,
            now_us,
            request_prefix,
            requests: 0,
        }
    }

    /// Reads the clock.
    pub fn look_at_clock(&mut self) {
        let before_s = self.now_us / 1_000_000;
        self.now_us = self.shared.clock.now_us();
        // The wall clock is asked once a second, not once a visit.
        if self.now_us / 1_000_000 != before_s {
            self.date.refresh(self.shared.clock.wall_seconds());
        }
    }

    /// The id of the next request: its `traceparent` if that is well-formed (W3C Trace Context), else one of our own.
    pub fn name_request(&mut self, traceparent: Option<&[u8]>, id: &mut String) {
        id.clear();
        if let Some(text) = traceparent.filter(|value| is_traceparent(value)) {
            id.push_str(&String::from_utf8_lossy(text));
            return;
        }
        self.requests += 1;
        // Writing to a String cannot fail.
        let _ = write!(id, "{}{}", self.request_prefix, self.requests);
    }
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case.
fn is_traceparent(value: &[u8]) -> bool {
    value.len() == 55
        && value.iter().enumerate().all(|(at, byte)| match at {
            2 | 35 | 52 => *byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
}

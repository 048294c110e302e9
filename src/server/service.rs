//! The wall between the server and what it serves: a request in, an answer or a reason to wait out.
//!
//! The server reads, frames, times and writes; a `Service` decides. Neither sees the other's inside.

use crate::clock::Clock;
use crate::http::fields::{FieldName, FieldValue};
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::metrics::Meter;
pub use crate::server::budget::Share;
use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a listener serves.
pub trait Service: Send + Sync + 'static {
    /// Everything that the head alone can decide; called only while content is still to come, so that nobody sends a
    /// megabyte to learn that the path does not exist (N-52). `serve` decides the same again.
    ///
    /// # Errors
    /// The refusal that `serve` would give.
    fn check_head(&self, request: &Request<'_>) -> Result<(), Refusal>;

    /// A whole request. After `Park` it is called again with the same request, and with the park in `Exchange::parked`; once
    /// that park's deadline has passed it must not park again.
    fn serve(&self, request: &Request<'_>, exchange: &mut Exchange<'_>) -> Served;

    /// The position up to which answers may leave (`Answer::durable_at`); everything, without a journal.
    fn durable_mark(&self) -> u64 {
        u64::MAX
    }
}

/// What a service made of a request.
pub enum Served {
    /// The answer.
    Respond(Answer),
    /// An error in the server's own words.
    Refuse(Refusal),
    /// Nothing was done yet: ask again when the park is over. No thread waits.
    Park(Park),
}

/// An answer and when it may leave.
pub struct Answer {
    /// What is sent.
    pub response: Response,
    /// The journal position that must be durable before the first byte leaves; 0 where nothing need be.
    pub durable_at: u64,
}

/// A problem, and a field that belongs to it (Allow for 405).
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The problem.
    pub problem: Problem,
    /// One more field line.
    pub field: Option<(FieldName, FieldValue)>,
}

/// Why a connection waits with its request, and for how long at most. Dropped where the connection is.
pub struct Park {
    /// What it waits for.
    pub wait: Box<dyn Wait>,
    /// The wait ends by itself then, in the clock's microseconds.
    pub deadline_us: u64,
    /// The room that the request takes while it waits. The server's own: none in a new park, and handed on as it is where a
    /// wait goes on.
    pub room: Option<Share>,
}

/// What a parked request waits for. The server asks whether it is over; the service that made it gets it back, and knows
/// what it really is.
pub trait Wait: Any + Send {
    /// Whether to ask the service again.
    fn is_over(&self) -> bool;
}

/// What a service may use while it serves one request.
pub struct Exchange<'a> {
    /// The worker's counts.
    pub meter: &'a Meter,
    /// Time.
    pub clock: &'a Clock,
    /// The request's id, as problems and the access log show it.
    pub request_id: &'a str,
    /// Who may run a handler.
    pub places: &'a HandlerPlaces,
    /// The drain has begun: what runs is finished, nothing new is begun (N-63).
    pub draining: bool,
    /// The park that the request comes back from.
    pub parked: Option<Park>,
}

/// How many handlers may run at once, so that some workers always stay free to read, replay and write (N-24).
pub struct HandlerPlaces {
    max: usize,
    taken: AtomicUsize,
}

/// The right to run one handler. Dropping it, also while a panic unwinds, gives the place back.
pub struct HandlerPlace<'a>(&'a HandlerPlaces);

impl Park {
    /// Ends the wait by taking away what time is left: where there is no room to wait in, or the client sends no more.
    pub fn give_up(&mut self) {
        self.deadline_us = 0;
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal {
            problem,
            field: None,
        }
    }
}

impl From<Response> for Served {
    fn from(response: Response) -> Served {
        Served::Respond(Answer {
            response,
            durable_at: 0,
        })
    }
}

impl HandlerPlaces {
    /// Places for `max` handlers at once.
    pub fn new(max: usize) -> HandlerPlaces {
        HandlerPlaces {
            max,
            taken: AtomicUsize::new(0),
        }
    }

    /// A place, if one is free.
    pub fn take(&self) -> Option<HandlerPlace<'_>> {
        // Relaxed: the number guards nothing but itself; what a handler touches has locks of its own.
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.max).then_some(taken + 1)
            })
            .ok()
            .map(|_| HandlerPlace(self))
    }

    /// A place for a handler that is never refused, as those of safe methods are (N-13): whoever must be asked for one
    /// finds it taken.
    pub fn enter(&self) -> HandlerPlace<'_> {
        self.taken.fetch_add(1, Ordering::Relaxed);
        HandlerPlace(self)
    }

    /// Handlers running now.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for HandlerPlace<'_> {
    // Exactly one drop for each place taken: the type cannot be copied.
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

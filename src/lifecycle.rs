//! Steps 4 to 6. A request's life, from the whole request to the answer: start reading here.
//!
//! `Lifecycle::serve` is the one function that every request passes; its arms are the whole specification. The server in
//! front of it knows no keys, the engine behind it knows no HTTP, the handlers see neither.
//! Invariants: the outcome is recorded before `serve` returns, so before the first byte leaves (N-6); nothing that can fail
//! stands between `admit` and the handler; no lock of the engine is held while a handler runs (N-5).

use crate::app::{Exec, Reply, Route};
use crate::config::Scope;
use crate::contract_page::ContractPage;
use crate::http::fields::{FieldName, FieldValue};
use crate::http::problem::{self, Problem, ProblemType};
use crate::http::request::Request;
use crate::http::response::{Response, SharedBytes};
use crate::http::snapshot;
use crate::http::status::Status;
use crate::idempotency::fingerprint::Fingerprint;
use crate::idempotency::guard::{Admission, Full, Guard, InFlight, Replay, Stored, Ticket, Waiter};
use crate::idempotency::key::Key;
use crate::idempotency::record::Outcome;
use crate::idempotency::sweeper::Sweeper;
use crate::log::{Level, Log};
use crate::metrics::{Counter, Histogram};
use crate::server::service::{Exchange, Park, Refusal, Served, Service, Share, Wait};
use plan::{Plan, allow_field};
use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

mod plan;

/// What stands between the server and the handlers.
pub struct Lifecycle<S: 'static> {
    /// The application's state.
    pub state: S,
    /// The application's routes.
    pub routes: Vec<Route<S>>,
    /// `/docs/idempotency`.
    pub page: ContractPage,
    /// The engine.
    pub guard: Arc<Guard>,
    /// Asked for a sweep when there is no room.
    pub sweeper: Arc<Sweeper>,
    /// Whose key it is.
    pub scope: Scope,
    /// How long a duplicate waits for the first attempt to end; 0 where it does not wait (N-22).
    pub wait_ms: u64,
    /// Where lines go.
    pub log: Log,
}

impl<S: Send + Sync + 'static> Service for Lifecycle<S> {
    fn check_head(&self, request: &Request<'_>) -> Result<(), Refusal> {
        self.plan(request).map(|_| ())
    }

    fn serve(&self, request: &Request<'_>, exchange: &mut Exchange<'_>) -> Served {
        let (route, params, scope, key) = match self.plan(request) {
            Err(refusal) => return Served::Refuse(refusal),
            Ok(Plan::Options(methods)) => return allow(methods).into(),
            Ok(Plan::Page(route)) => {
                return run(route, &self.page, [b"", b""], request, exchange, &self.log).served();
            }
            Ok(Plan::Run(route, params)) => {
                return self.run_unguarded(route, params, request, exchange);
            }
            Ok(Plan::RunOnce(route, params, scope, key)) => (route, params, scope, key),
        };
        let Ok(key) = Key::new(&key) else {
            return refuse(&problem::KEY_MALFORMED, "the key must have 1 to 255 bytes");
        };
        let fingerprint = fingerprint(request);
        let mut waited = exchange.parked.take().and_then(Waited::of);
        // Who has waited for this very outcome gets it, however late its connection is looked at again.
        if let Some(replay) = waited.as_ref().and_then(|waited| waited.waiter.replay()) {
            exchange.meter.count(Counter::Replay);
            return replayed(&replay);
        }
        // A place is taken for a key that looks new, never for a replay; it is held until the handler is done.
        let mut place = None;
        let may_execute = || {
            place = exchange.places.take().filter(|_| !exchange.draining);
            place.is_some()
        };

        // [4] Guard: one atomic step decides.
        match self.guard.admit(&scope, key, &fingerprint, may_execute) {
            Admission::Execute(ticket) => {
                exchange.meter.count(Counter::Execute);
                if let Some(Waited { waiter, .. }) = waited.take() {
                    ticket.succeed(waiter);
                }
                // [5] Process: no lock of the engine is held.
                let ran = run(route, &self.state, params, request, exchange, &self.log);
                drop(place); // before the key is given back: its heir is not to find this very place taken
                // [6] Cache: before the first byte leaves.
                settle(ticket, ran, exchange)
            }
            Admission::Replay(replay) => {
                exchange.meter.count(Counter::Replay);
                replayed(&replay)
            }
            Admission::InFlight(in_flight) => {
                if let Some(park) = self.wait(&in_flight, waited, exchange) {
                    return Served::Park(park);
                }
                exchange.meter.count(Counter::InFlight);
                refuse(
                    &problem::KEY_IN_FLIGHT,
                    "the first request with this key is still running; its answer is not known yet",
                )
            }
            Admission::Mismatch => {
                exchange.meter.count(Counter::Mismatch);
                refuse(
                    &problem::KEY_REUSED,
                    "this key belongs to an earlier request with another method, target, Content-Type, Content-Encoding or content",
                )
            }
            Admission::Full(full) => {
                exchange.meter.count(Counter::Full);
                // One after the other, as a place may become free; a drain tells them all at once.
                if let Some(Waited { waiter, .. }) = waited.filter(|_| !exchange.draining) {
                    waiter.pass_on();
                }
                self.refuse_full(full, exchange.draining)
            }
        }
    }
}

impl<S: Send + Sync + 'static> Lifecycle<S> {
    /// N-22: a place among those who wait for the first attempt. None where nobody waits, no place is left, or the time is
    /// over; a wait goes on with the place and the deadline that it has.
    fn wait(
        &self,
        in_flight: &InFlight,
        waited: Option<Waited>,
        exchange: &Exchange<'_>,
    ) -> Option<Park> {
        let now_us = exchange.clock.now_us();
        let (before, deadline_us, room) = match waited {
            Some(waited) => (Some(waited.waiter), waited.deadline_us, waited.room),
            None => (None, now_us.saturating_add(self.wait_ms * 1000), None),
        };
        if now_us >= deadline_us {
            return None;
        }
        let wait = Box::new(self.guard.wait(in_flight, before)?);
        Some(Park {
            wait,
            deadline_us,
            room,
        })
    }

    fn run_unguarded(
        &self,
        route: &Route<S>,
        params: [&[u8]; 2],
        request: &Request<'_>,
        exchange: &Exchange<'_>,
    ) -> Served {
        if !request.method().is_guarded() {
            let _place = exchange.places.enter(); // a drain must know of it, and it is a worker that others cannot have
            return run(route, &self.state, params, request, exchange, &self.log).served();
        }
        let place = exchange.places.take().filter(|_| !exchange.draining);
        if place.is_none() {
            return self.refuse_full(Full::Workers, exchange.draining);
        }
        exchange.meter.count(Counter::Unkeyed);
        run(route, &self.state, params, request, exchange, &self.log).served()
    }

    fn refuse_full(&self, full: Full, draining: bool) -> Served {
        match full {
            Full::Workers if draining => refuse(
                &problem::DRAINING,
                "the server is shutting down and begins nothing new; nothing was done",
            ),
            Full::Workers => refuse(
                &problem::WORKERS_BUSY,
                "every handler is busy; nothing was done",
            ),
            Full::Keys | Full::Bytes => {
                self.sweeper.wake(); // expired records are not to keep this up for long (N-24)
                let bound = if full == Full::Keys { "keys" } else { "bytes" };
                refuse(
                    &problem::KEYS_FULL,
                    &format!("the bound on {bound} is reached; nothing was done"),
                )
            }
        }
    }
}

impl Wait for Waiter {
    fn is_over(&self) -> bool {
        Waiter::is_over(self)
    }
}

/// What the lifecycle parked a request with. Dropping it gives up the place among those who wait, and the room.
struct Waited {
    waiter: Waiter,
    deadline_us: u64,
    room: Option<Share>,
}

impl Waited {
    fn of(park: Park) -> Option<Waited> {
        let waiter = (park.wait as Box<dyn Any>).downcast::<Waiter>().ok()?;
        Some(Waited {
            waiter: *waiter,
            deadline_us: park.deadline_us,
            room: park.room,
        })
    }
}

/// A handler's reply after everything that can happen to a handler has been settled.
enum Ran {
    Done(Response),
    NothingDone(Response),
}

impl Ran {
    fn served(self) -> Served {
        match self {
            Ran::Done(response) | Ran::NothingDone(response) => response.into(),
        }
    }
}

/// Step 5. Runs a handler. What it committed stands, whatever it does afterwards; a panic without that is a 500 (N-31).
fn run<T>(
    route: &Route<T>,
    state: &T,
    params: [&[u8]; 2],
    request: &Request<'_>,
    exchange: &Exchange<'_>,
    log: &Log,
) -> Ran {
    let began_us = exchange.clock.now_us();
    let mut exec = Exec::new(params, exchange.request_id, exchange.clock);
    // Unwind safety: after a panic nothing here is used again but `exec`'s committed answer, which is set whole or not at
    // all; the application's state answers for its own locks (the ledger's argument stands there).
    let replied = catch_unwind(AssertUnwindSafe(|| {
        (route.handler)(state, request, &mut exec)
    }));
    exchange.meter.observe_us(
        Histogram::Handler,
        exchange.clock.now_us().saturating_sub(began_us),
    );
    let replied = replied.map_err(bury);
    if replied.is_err() {
        exchange.meter.count(Counter::HandlerPanic);
        log.event(
            Level::Info,
            "handler-panicked",
            &[("id", &exchange.request_id), ("route", &route.path)],
        );
    }
    match (exec.take_committed(), replied) {
        (Some(response), _) | (None, Ok(Reply::Done(response))) => Ran::Done(response),
        (None, Ok(Reply::NothingDone(response))) => Ran::NothingDone(response),
        // `Committed` without a commit is a handler's mistake: what it did is not known, as after a panic.
        (None, Ok(Reply::Committed) | Err(())) => Ran::Done(handler_failed(exchange.request_id)),
    }
}

/// Drops what a handler panicked with. Its drop may panic too; what comes of that is let lie, as it may do so for ever.
fn bury(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
}

/// Step 6. Records what a handler did, or gives the key back if it did nothing (N-30).
fn settle(ticket: Ticket<'_>, ran: Ran, exchange: &Exchange<'_>) -> Served {
    match ran {
        Ran::NothingDone(response) => {
            ticket.release();
            exchange.meter.count(Counter::Released);
            response.into()
        }
        Ran::Done(response) => {
            let label = response.status().code();
            // The bound is for handlers' answers. The 500 of a failure is kept whatever it is (N-31), and has room in the
            // claim's allowance.
            let content_bytes = match response.problem() {
                Some(name) if name == problem::HANDLER_FAILED.name => 0,
                _ => response.content_as_sent().len(),
            };
            let outcome = if ticket.would_store(content_bytes) {
                let snapshot = snapshot::encode(&response);
                Outcome::Answer {
                    label,
                    snapshot,
                    content_bytes,
                }
            } else {
                Outcome::TooLarge { label }
            };
            if matches!(ticket.complete(outcome).stored(), Stored::Tombstone(_)) {
                exchange.meter.count(Counter::Tombstone);
            }
            response.into()
        }
    }
}

/// The recorded answer, byte for byte, with what is fresh per response added by the writer (N-21).
fn replayed(replay: &Replay) -> Served {
    const REPLAYED: (FieldName, FieldValue) = (
        FieldName::from_static("Idempotent-Replayed"),
        FieldValue::from_static("true"),
    );
    match replay.stored() {
        Stored::Snapshot(bytes) => match snapshot::decode(&SharedBytes::new(bytes)) {
            Some(response) => response.field(REPLAYED.0, REPLAYED.1).into(),
            // Not reachable while this process wrote the snapshot; refusing is right whoever did.
            None => refuse(
                &problem::HANDLER_FAILED,
                "the recorded answer cannot be read; the request is not run again",
            ),
        },
        Stored::Tombstone(status) => {
            let detail = format!(
                "the request was run and answered with {status}; that answer was too large to be kept"
            );
            refuse(&problem::RESPONSE_NOT_STORED, &detail)
        }
    }
}

/// The answer to a panic, and what a ticket publishes that was dropped.
pub fn handler_failed(request_id: &str) -> Response {
    let detail = "the request failed in a way that leaves open what was done; it is not run again under this key";
    Problem::new(&problem::HANDLER_FAILED, detail).into_response(request_id)
}

/// N-16, over raw bytes: what makes two requests the same.
fn fingerprint(request: &Request<'_>) -> Fingerprint {
    Fingerprint::of(&[
        Some(request.method_text()),
        Some(request.path()),
        request.query(),
        request.values("Content-Type").next(),
        request.values("Content-Encoding").next(),
        Some(request.content()),
    ])
}

fn refuse(kind: &'static ProblemType, detail: &str) -> Served {
    Served::Refuse(Problem::new(kind, detail).into())
}

fn allow(methods: String) -> Response {
    match allow_field(methods) {
        Some((name, value)) => Response::new(Status::NO_CONTENT).field(name, value),
        None => Response::new(Status::NO_CONTENT),
    }
}

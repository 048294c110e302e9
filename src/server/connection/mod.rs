//! Steps 3 and 7. One connection as a state machine, driven a step at a time over anything that is `Read + Write`.
//!
//! A step reads at most once, serves every request that is whole, writes, and says how the connection stands. It never
//! waits: where to wait, and how long, is the driver's business (task_queue.rs here, an in-memory wire in tests).
//! The stages: Head (nothing or part of a head is here) -> Content -> back to Head; Parked while a request waits for its key;
//! Lingering after the last answer, so that the client can read it; Closed.
//! Invariant: answers are put into `output` in the order of their requests, and no request is served while an earlier
//! answer is not wholly with the socket (N-7).

use crate::http::problem::{self, Problem};
use crate::http::request::{Head, Method, Version};
use crate::limits::{
    BUFFER_KEEP_MAX, HEAD_DEADLINE_MS, IDLE_DEADLINE_MS, REQUEST_DEADLINE_MS,
    REQUESTS_PER_VISIT_MAX, WRITE_DEADLINE_MS,
};
use crate::metrics::Counter;
use crate::server::content::{self, Incoming};
use crate::server::output::Output;
use crate::server::service::Park;
use crate::server::worker::Worker;
use std::io::{self, Read, Write};

mod receive;

mod respond;

/// What a connection needs of its socket beyond reading and writing.
pub trait HalfClose {
    /// Says that nothing more will be sent; what the other side sends can still be read.
    fn half_close(&mut self);
}

/// How a connection stands after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// There is more to do at once; others had to have their turn.
    Ready,
    /// Waits for bytes.
    NeedsRead,
    /// Waits until the socket takes bytes.
    NeedsWrite,
    /// Waits with its request until a park is over.
    Parked,
    /// Over: drop it.
    Closed,
}

/// One connection.
pub struct Connection<IO> {
    io: IO,
    input: Vec<u8>,
    taken: usize,
    stage: Stage,
    output: Output,
    /// The position that must be durable before `output` may leave (`Answer::durable_at`).
    durable_at: u64,
    progress_us: u64,
    /// Answers so far.
    answered: usize,
    request_id: String,
    /// Method and target of the request for its access line; empty unless such lines are taken.
    request_line: String,
}

enum Stage {
    /// Between requests, or in the middle of a head: then since when.
    Head {
        first_byte_us: Option<u64>,
    },
    Content(Box<Incoming>),
    Parked(Box<Parked>),
    /// The last answer is in the output; what follows its request is never read as another one.
    Answered,
    Lingering {
        until_us: u64,
        bytes_left: usize,
    },
    Closed,
}

/// What a turn of the state machine came to.
enum Turn {
    Again,
    Wait(Stand),
}

/// A request that waits.
struct Parked {
    incoming: Box<Incoming>,
    park: Park,
    asked: Asked,
}

/// What came of a read.
enum Fetched {
    /// Some, or none because of a signal: try again.
    Bytes,
    /// None now.
    Nothing,
    /// None ever: the client has closed its side.
    End,
    Broken,
}

/// What the writer must know of a request when its answer is ready.
#[derive(Clone, Copy)]
struct Asked {
    version: Version,
    head_only: bool,
    close: bool,
    /// When the request's first byte came.
    since_us: u64,
    /// When the request was whole, for the histogram and the access line.
    whole_us: u64,
}

impl Asked {
    fn of(head: &Head, since_us: u64, whole_us: u64) -> Asked {
        Asked {
            version: head.version,
            head_only: head.method == Method::Head,
            close: !head.persistent,
            since_us,
            whole_us,
        }
    }

    /// For an answer to bytes that are no request, or not yet one.
    fn unreadable(now_us: u64) -> Asked {
        Asked {
            version: Version::Http11,
            head_only: false,
            close: true,
            since_us: now_us,
            whole_us: now_us,
        }
    }

    /// For an answer after which no further request can be found.
    fn closing(self) -> Asked {
        Asked {
            close: true,
            ..self
        }
    }
}

impl<IO: Read + Write + HalfClose> Connection<IO> {
    /// A connection that was just accepted. `io` must not block.
    pub fn new(io: IO, now_us: u64) -> Connection<IO> {
        Connection {
            io,
            input: Vec::new(),
            taken: 0,
            stage: Stage::Head {
                first_byte_us: None,
            },
            output: Output::default(),
            durable_at: 0,
            progress_us: now_us,
            answered: 0,
            request_id: String::new(),
            request_line: String::new(),
        }
    }

    /// When a byte last came or went.
    pub fn progress_us(&self) -> u64 {
        self.progress_us
    }

    /// Whether it is between two requests with nothing to send: closing it loses nothing.
    pub fn is_idle(&self) -> bool {
        matches!(
            self.stage,
            Stage::Head {
                first_byte_us: None
            }
        ) && self.output.is_empty()
            && self.taken >= self.input.len()
    }

    /// Gives back buffers that are empty; for a connection that has fallen quiet.
    pub fn shrink(&mut self) {
        if self.is_idle() {
            self.input = Vec::new();
            self.taken = 0;
            self.request_id = String::new();
            self.request_line = String::new();
        }
        self.output.shrink();
    }

    /// Goes on as far as bytes, requests and the socket allow, for at most `REQUESTS_PER_VISIT_MAX` requests.
    /// With `give_way`, a connection that turns out to be idle is closed.
    pub fn step(&mut self, worker: &mut Worker, give_way: bool) -> Stand {
        let mut may_read = true;
        let last = self.answered.saturating_add(REQUESTS_PER_VISIT_MAX);
        // Each turn reads, serves or writes once. A request takes at most four, but content that comes in without end could
        // take any number, so turns are bounded too.
        for _ in 0..REQUESTS_PER_VISIT_MAX * 4 {
            if self.answered >= last {
                break;
            }
            if let Turn::Wait(stand) = self.turn(worker, &mut may_read) {
                return self.before_waiting(stand, worker, give_way);
            }
        }
        self.before_waiting(Stand::Ready, worker, false)
    }

    fn turn(&mut self, worker: &mut Worker, may_read: &mut bool) -> Turn {
        if !self.output.is_empty() {
            return self.flush(worker);
        }
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Head { first_byte_us } => self.go_on_with_head(first_byte_us, worker, may_read),
            Stage::Content(incoming) => self.go_on_with_content(incoming, worker, may_read),
            Stage::Parked(parked) => self.go_on_with_park(parked, worker, may_read),
            Stage::Answered => self.begin_lingering(worker.now_us),
            Stage::Lingering {
                until_us,
                bytes_left,
            } => self.linger(until_us, bytes_left, worker, may_read),
            Stage::Closed => Turn::Wait(Stand::Closed),
        }
    }

    fn read(&mut self, worker: &mut Worker, may_read: &mut bool) -> Turn {
        match self.fetch(worker, may_read) {
            Fetched::Bytes => Turn::Again,
            Fetched::Nothing => Turn::Wait(Stand::NeedsRead),
            // A request that never arrived whole has no effect (N-3).
            Fetched::End | Fetched::Broken => self.close(),
        }
    }

    /// Reads once, if this visit still may, into the input.
    fn fetch(&mut self, worker: &mut Worker, may_read: &mut bool) -> Fetched {
        if !*may_read {
            return Fetched::Nothing;
        }
        match self.io.read(&mut worker.scratch) {
            Ok(0) => Fetched::End,
            Ok(n) => {
                // A read that did not fill the buffer took all there was.
                *may_read = n == worker.scratch.len();
                if self.taken > 0 {
                    self.input.drain(..self.taken.min(self.input.len()));
                    self.taken = 0;
                }
                if self.input.is_empty() && self.input.capacity() > BUFFER_KEEP_MAX {
                    self.input = Vec::new();
                }
                self.input
                    .extend_from_slice(worker.scratch.get(..n).unwrap_or_default());
                self.progress_us = worker.now_us;
                worker
                    .meter
                    .add(Counter::BytesIn, u64::try_from(n).unwrap_or(u64::MAX));
                Fetched::Bytes
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Fetched::Bytes,
            Err(error) if is_transient(&error) => Fetched::Nothing,
            Err(_) => Fetched::Broken,
        }
    }

    /// Absolute deadlines (N-53): a client that drips a byte a second gets no further than one that sends nothing.
    fn before_waiting(&mut self, stand: Stand, worker: &mut Worker, give_way: bool) -> Stand {
        let late = |since_us: u64, limit_ms: u64| {
            worker.now_us.saturating_sub(since_us) >= limit_ms * 1000
        };
        if stand == Stand::Closed {
            return stand;
        }
        if !self.output.is_empty() {
            if stand == Stand::NeedsWrite && late(self.output.since_us(), WRITE_DEADLINE_MS) {
                self.stage = Stage::Closed;
                return Stand::Closed;
            }
            return stand;
        }
        let problem = match &self.stage {
            Stage::Head {
                first_byte_us: None,
            } => {
                let unwanted = give_way
                    || worker.shared.is_draining()
                    || late(self.progress_us, IDLE_DEADLINE_MS);
                if stand == Stand::NeedsRead && unwanted {
                    self.stage = Stage::Closed;
                    return Stand::Closed;
                }
                return stand;
            }
            Stage::Head {
                first_byte_us: Some(since),
            } if late(*since, HEAD_DEADLINE_MS) => too_late("head", HEAD_DEADLINE_MS),
            Stage::Content(incoming) if late(incoming.since_us, REQUEST_DEADLINE_MS) => {
                too_late("content", REQUEST_DEADLINE_MS)
            }
            Stage::Content(incoming) if !incoming.still_wanted() => content::too_slow(),
            _ => return stand,
        };
        let asked = match &self.stage {
            Stage::Content(incoming) => {
                Asked::of(incoming.request().head(), incoming.since_us, worker.now_us)
            }
            _ => Asked::unreadable(worker.now_us),
        };
        if matches!(self.stage, Stage::Head { .. }) {
            worker.name_request(None, &mut self.request_id);
            self.request_line.clear();
        }
        self.refuse(problem.into(), asked.closing(), worker);
        Stand::Ready
    }

    fn close(&mut self) -> Turn {
        self.stage = Stage::Closed;
        Turn::Wait(Stand::Closed)
    }
}

fn too_late(part: &str, limit_ms: u64) -> Problem {
    let detail = format!(
        "the {part} did not arrive within {} seconds; nothing was done",
        limit_ms / 1000
    );
    Problem::new(&problem::REQUEST_TIMEOUT, detail)
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

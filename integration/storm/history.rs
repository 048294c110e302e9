//! A history: what every attempt of every client asked for, when, and what came back; and how often each key really ran.
//!
//! A plain value. Times are microseconds of one monotonic clock of the test's, which is also that of the server's
//! machine; nothing here waits, asks or judges. The judge is checker.rs.

use std::fmt;

/// One run of one server, from the first attempt to the last, and the counts that were read after all was quiet.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) settings: Settings,
    pub(crate) keys: Vec<KeyHistory>,
    /// When the counts were read: nothing of what was sent ran after it.
    pub(crate) ended_us: u64,
}

/// The server's options, as far as they decide what is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) ttl_us: u64,
    /// `--duplicates wait`, and for how long.
    pub(crate) wait_us: Option<u64>,
    pub(crate) keys_max: usize,
    /// `--max-bytes` is so small that answers may find no room (N-33).
    pub(crate) bytes_are_tight: bool,
    /// `--max-stored-response`
    pub(crate) stored_max: usize,
}

/// All that was done with one key of one caller.
#[derive(Clone, Debug)]
pub(crate) struct KeyHistory {
    /// The key, and whose it is.
    pub(crate) name: String,
    /// Executions that the application counted: the lab's count, or what the payee has.
    pub(crate) runs: u64,
    pub(crate) attempts: Vec<Attempt>,
}

/// One request of one client.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) client: u32,
    pub(crate) ask: Ask,
    /// Before its first byte was sent.
    pub(crate) began_us: u64,
    /// When the last byte of the answer had come, or, for a client that left later, its first. None where the client
    /// left without a byte: what this attempt does, it may do at any time.
    pub(crate) ended_us: Option<u64>,
    /// Whether the last byte of the request was sent; without it the request has no effect (N-3).
    pub(crate) whole: bool,
    /// Where it stood among pipelined requests, which are served in order (N-7).
    pub(crate) line: Option<Line>,
    /// Whether the client closed its sending side and stayed: whoever says no more is not kept waiting (N-22).
    pub(crate) half_closed: bool,
    /// Where the client left, if it did.
    pub(crate) left: Option<Stage>,
    pub(crate) got: Got,
}

/// What a request asks the handler to do. Attempts of one key with the same `content` have the same fingerprint, and so
/// ask for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) content: u8,
    pub(crate) does: Does,
    pub(crate) status: u16,
    /// The handler takes at least so long.
    pub(crate) delay_us: u64,
    /// Bytes of the answer's content, at most.
    pub(crate) bytes: usize,
    /// Every execution answers the same bytes, so that two of them cannot be told apart.
    pub(crate) alike: bool,
}

/// What becomes of the key when the handler has run (N-30, N-31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Done and counted.
    Counted,
    /// Done, so recorded, but no count shows it: a panic before the count, a payment without funds.
    Uncounted,
    /// `NothingDone`: not counted, not recorded.
    Nothing,
}

/// A place in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Client and number of the pipeline.
    pub(crate) pipeline: (u32, u32),
    pub(crate) place: usize,
}

/// Where a client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    BeforeAnyByte,
    InHead,
    InContent,
    AfterLastByte,
    InHandler,
    AnswerUnread,
    AnswerHalfRead,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// The client left before it had an answer whole.
    Nothing,
    /// The handler's answer without the replay marker.
    Executed(Answer),
    /// The handler's answer with the marker (N-21).
    Replayed(Answer),
    /// The handler's answer of one that did nothing (N-30).
    Refused,
    /// 409 (N-22).
    InFlight,
    /// 422 (N-23).
    Mismatch,
    /// 410 (N-33).
    NotStored,
    /// 503, the bound on keys or bytes (N-24).
    Full,
    /// 503, no worker to spare (N-24).
    Busy,
    /// Anything else, in words.
    Foreign(String),
}

/// A handler's answer, as much of it as must be the same in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Of status, field lines in order without the fresh ones, and content.
    pub(crate) digest: u64,
    /// Of the content.
    pub(crate) bytes: usize,
    /// Which execution of the key this was, where the answer says so.
    pub(crate) run: Option<u64>,
}

impl Got {
    /// The handler's answer, first-hand or replayed.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match self {
            Got::Executed(answer) | Got::Replayed(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Attempt {
    /// When its effects and its answer were decided at the latest.
    pub(crate) fn end_us(&self) -> u64 {
        self.ended_us.unwrap_or(u64::MAX)
    }

    /// Whether everything about this attempt was decided before anything about the other.
    pub(crate) fn is_before(&self, other: &Attempt) -> bool {
        let in_line = match (self.line, other.line) {
            (Some(this), Some(that)) => this.pipeline == that.pipeline && this.place < that.place,
            _ => false,
        };
        in_line || self.end_us() < other.began_us
    }

    /// Whether the handler may have run for it with an outcome that is recorded.
    pub(crate) fn may_have_executed(&self) -> bool {
        match self.got {
            Got::Executed(_) => true,
            Got::Nothing => self.whole && self.ask.does != Does::Nothing,
            _ => false,
        }
    }

    /// Whether it may have held the key, for a while or for good.
    pub(crate) fn may_have_held(&self) -> bool {
        match self.got {
            Got::Executed(_) | Got::Refused => true,
            Got::Nothing => self.whole,
            _ => false,
        }
    }
}

/// One line of a report: times in milliseconds, what was asked for, what came back.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ask {
            content,
            does,
            status,
            delay_us,
            bytes,
            ..
        } = self.ask;
        let ms = |us: u64| format!("{}.{:03}", us / 1000, us % 1000);
        let end = self.ended_us.map_or("open".to_owned(), ms);
        write!(
            f,
            "client {:2}  {:>10} to {end:>10}",
            self.client,
            ms(self.began_us)
        )?;
        write!(
            f,
            "  content {content} ({does:?} {status}, {} ms, {bytes} bytes)",
            delay_us / 1000
        )?;
        if !self.whole {
            write!(f, ", not sent whole")?;
        }
        if let Some(Line { pipeline, place }) = self.line {
            write!(f, ", place {place} of pipeline {}", pipeline.1)?;
        }
        if self.half_closed {
            write!(f, ", half-closed")?;
        }
        match self.left {
            Some(stage) => write!(f, ": left {stage:?}"),
            None => write!(f, ": {:?}", self.got),
        }
    }
}

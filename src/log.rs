//! One `key=value` line an event on stderr (N-64): a bounded queue and a thread of its own, so that a stderr that nobody
//! reads stops nobody.
//!
//! Invariants: the queue holds at most `LOG_QUEUE_MAX` lines, each of at most `LOG_LINE_MAX` bytes of printable ASCII.
//! Lock order: the queue's lock is taken last; its holder calls nothing of ours and does no I/O.
//! Times here are the system's, not clock.rs's: they are for people, and nothing is decided by them.

use crate::limits::{LOG_BATCH_MAX, LOG_LINE_MAX, LOG_QUEUE_MAX};
use std::collections::VecDeque;
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// Events.
    Info,
    /// Events and a line a request.
    Access,
}

/// Where lines go; clones share it. When the last one is dropped, the thread writes what is queued and ends.
#[derive(Clone)]
pub struct Log(Option<Arc<Source>>);

/// What all clones share; dropping it closes the queue.
struct Source {
    level: Level,
    queue: Arc<Queue>,
}

/// Between those who log and the thread that writes.
struct Queue {
    state: Mutex<State>,
    /// A line came, or the queue was closed.
    arrived: Condvar,
    /// All that was queued is written.
    idle: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    /// The thread is writing what it took.
    writing: bool,
    closed: bool,
    dropped: u64,
    /// How many of those a line has told.
    told: u64,
}

impl Log {
    /// A log on stderr; starts the thread that writes.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn start(level: Level) -> io::Result<Log> {
        Log::to(Box::new(io::stderr()), level)
    }

    /// A log on something else (tests). The sink is dropped when the thread ends.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn to(sink: Box<dyn Write + Send>, level: Level) -> io::Result<Log> {
        if level == Level::Off {
            return Ok(Log::off());
        }
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            arrived: Condvar::new(),
            idle: Condvar::new(),
        });
        let taken_by_thread = Arc::clone(&queue);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || taken_by_thread.write_to(sink))?;
        Ok(Log(Some(Arc::new(Source { level, queue }))))
    }

    /// A log that takes nothing (tests, embedding).
    pub fn off() -> Log {
        Log(None)
    }

    /// Whether lines of this level are taken: ask before gathering values.
    pub fn takes(&self, level: Level) -> bool {
        self.0
            .as_ref()
            .is_some_and(|source| level != Level::Off && level <= source.level)
    }

    /// One line: `ts=<seconds since 1970> event=<event> key=value …`. Values are escaped, so that no client byte can end or
    /// forge a line; keys are words of ours. Never waits: when the queue is full the line is dropped and counted.
    pub fn event(&self, level: Level, event: &str, values: &[(&str, &dyn Display)]) {
        if let Some(source) = &self.0
            && self.takes(level)
        {
            source.queue.push(line(event, values));
        }
    }

    /// One line about a panic: for `panic::set_hook`, because std's own hook writes to stderr and waits for its reader.
    pub fn panicked(&self, info: &PanicHookInfo<'_>) {
        let place = info.location().map_or("?".to_owned(), ToString::to_string);
        let message = info.payload_as_str().unwrap_or("?");
        let thread = thread::current();
        let name = thread.name().unwrap_or("?");
        self.event(
            Level::Info,
            "panic",
            &[("thread", &name), ("place", &place), ("message", &message)],
        );
    }

    /// Waits until what was queued is written, at most `ms`: the last thing before exit.
    pub fn flush(&self, ms: u64) {
        if let Some(source) = &self.0 {
            source.queue.wait_until_idle(Duration::from_millis(ms));
        }
    }

    /// Lines dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.0
            .as_ref()
            .map_or(0, |source| source.queue.lock().dropped)
    }
}

impl Drop for Source {
    // The last `Log` is gone, so nobody can push any more. The thread is not joined: it may be stuck on a stderr that
    // nobody reads, and dropping a log must not wait either.
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.arrived.notify_one();
    }
}

impl Queue {
    fn push(&self, line: String) {
        let mut state = self.lock();
        if state.lines.len() >= LOG_QUEUE_MAX {
            state.dropped += 1;
            return;
        }
        state.lines.push_back(line);
        drop(state);
        self.arrived.notify_one(); // only the writing thread waits for this
    }

    /// The thread: takes some lines, lets go of the lock, writes them.
    fn write_to(&self, mut sink: Box<dyn Write + Send>) {
        while let Some(lines) = self.take() {
            // An error is ignored: there is no better place to tell it, and the reader may come back (a pipe's will not,
            // but then each write fails at once).
            let _ = sink.write_all(lines.as_bytes()).and_then(|()| sink.flush());
        }
    }

    /// The next lines as one text, and the number of dropped ones behind them; none once closed and empty.
    fn take(&self) -> Option<String> {
        let mut state = self.lock();
        state.writing = false;
        loop {
            if !state.lines.is_empty() {
                break;
            }
            self.idle.notify_all(); // several may flush
            if state.closed {
                return None;
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        let count = state.lines.len().min(LOG_BATCH_MAX);
        let mut text: String = state.lines.drain(..count).collect();
        let untold = state.dropped - state.told;
        state.told = state.dropped;
        drop(state);
        if untold > 0 {
            text.push_str(&line("log-lines-dropped", &[("count", &untold)]));
        }
        Some(text)
    }

    fn wait_until_idle(&self, patience: Duration) {
        let begin = Instant::now();
        let mut state = self.lock();
        while state.writing || !state.lines.is_empty() {
            let left = patience.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return;
            }
            state = self
                .idle
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Held for a few lines that cannot panic short of memory; the state is whole between them, so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a line that was cut ends with.
const CUT: &str = " cut=yes";

/// A finished line with its end.
fn line(event: &str, values: &[(&str, &dyn Display)]) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default(); // a clock before 1970 shows as 0
    let mut line = format!("ts={}.{:03}", now.as_secs(), now.subsec_millis());
    let mut whole = push_value(&mut line, "event", &event);
    for (key, value) in values {
        whole = whole && push_value(&mut line, key, value);
    }
    if !whole {
        line.push_str(CUT);
    }
    line.push('\n');
    line
}

/// Adds ` key=value`, or as much of it as fits; false when something had to be left out.
fn push_value(line: &mut String, key: &str, value: &dyn Display) -> bool {
    // Room for the end of the line and for this value's quotes is kept from the beginning.
    let most = LOG_LINE_MAX - CUT.len() - "\n".len() - "\"\"".len();
    if line.len() + " =".len() + key.len() > most {
        return false;
    }
    line.push(' ');
    line.push_str(key);
    line.push('=');
    let begin = line.len();
    let mut escaping = Escaping {
        line,
        most,
        quoted: false,
        cut: false,
    };
    // Fails when the value is cut, which `cut` says too; the rest of it is then never made.
    let _ = write!(escaping, "{value}");
    let Escaping { quoted, cut, .. } = escaping;
    if quoted || line.len() == begin {
        line.insert(begin, '"');
        line.push('"');
    }
    !cut
}

/// Takes a value's text a piece at a time and lets only printable ASCII out: no terminal and no reader of lines, whatever
/// its encoding, can be told anything by a client.
struct Escaping<'l> {
    line: &'l mut String,
    most: usize,
    quoted: bool,
    cut: bool,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            let plain = matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
            let escaped = letter.escape_default(); // \" \\ \t \r \n, the rest as \u{…}
            let needed = if plain { 1 } else { escaped.len() };
            if self.line.len() + needed > self.most {
                self.cut = true;
                return Err(fmt::Error);
            }
            self.quoted |= !plain || matches!(letter, ' ' | '=');
            if plain {
                self.line.push(letter);
            } else {
                self.line.extend(escaped);
            }
        }
        Ok(())
    }
}

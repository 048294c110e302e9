//! What tests and their panics have to say, held back until it is known whether the test fails.
//!
//! Many tests make a handler panic on purpose. With the default hook each would put lines on the screen that look like
//! a failure and are none.
//! Lock order: this lock is taken last, and nothing is called while it is held.

use std::fmt::Write as _;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Messages kept at once: a loop that panics without end must not fill the memory.
const HELD_MAX: usize = 200;

static HELD: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

/// Keeps a line that is shown if the running test fails: a seed, an input, how far it came.
pub fn note(text: impl Into<String>) {
    keep(text.into());
}

/// Replaces the panic hook, which would print at once.
pub fn install_hook() {
    panic::set_hook(Box::new(|info| keep(describe(info))));
}

/// Takes what was said: by one thread, or by all where only one test runs and every thread is its own.
pub fn take(said_by: Option<ThreadId>) -> Vec<String> {
    let mut held = lock();
    let (taken, kept) = std::mem::take(&mut *held)
        .into_iter()
        .partition(|(thread, _)| said_by.is_none_or(|id| id == *thread));
    *held = kept;
    texts(taken)
}

fn texts(messages: Vec<(ThreadId, String)>) -> Vec<String> {
    messages.into_iter().map(|(_, text)| text).collect()
}

fn keep(text: String) {
    let mut held = lock();
    if held.len() < HELD_MAX {
        held.push((thread::current().id(), text));
    }
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let mut text = String::from("panicked");
    // Writing to a String cannot fail.
    if let Some(place) = info.location() {
        let _ = write!(text, " at {place}");
    }
    if let Some(name) = thread::current().name() {
        let _ = write!(text, " in thread {name:?}");
    }
    let message = info
        .payload_as_str()
        .unwrap_or("(a payload that is no text)");
    let _ = write!(text, ":\n{message}");
    text
}

/// A panic under this lock could only come from a lack of memory; the list is whole at any time, so poison is passed over.
fn lock() -> MutexGuard<'static, Vec<(ThreadId, String)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

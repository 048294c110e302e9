//! A connection in memory: `Wire` is the server's end, `Far` what the test does at the other.
//!
//! It behaves as a non-blocking socket: `WouldBlock` where nothing is there, and it can be closed or reset at any byte
//! and take as little of a write as the test wants. Nothing here waits, so every case runs whole and at once.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The end that is `Read + Write`.
pub struct Wire(Arc<Mutex<State>>);

/// The test's end; clones hold the same one.
#[derive(Clone)]
pub struct Far(Arc<Mutex<State>>);

/// How a stream of bytes from the far end stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order: reads give 0 bytes; writes still work.
    Closed,
    /// Torn: reads and writes fail with `ConnectionReset`, and what was under way is lost.
    Reset,
}

struct State {
    /// Sent by the test, not yet read.
    inbound: VecDeque<u8>,
    /// How the inbound stream stops, and after how many more bytes.
    end: Option<(End, usize)>,
    read_max: usize,
    /// All that the near end wrote and nobody took yet.
    written: Vec<u8>,
    write_max: usize,
    /// How many bytes may still be written before `WouldBlock`.
    window: usize,
    /// After how many more written bytes the far end resets.
    reset_after: Option<usize>,
    near_dropped: bool,
}

/// A new connection.
pub fn pair() -> (Wire, Far) {
    let state = Arc::new(Mutex::new(State {
        inbound: VecDeque::new(),
        end: None,
        read_max: usize::MAX,
        written: Vec::new(),
        write_max: usize::MAX,
        window: usize::MAX,
        reset_after: None,
        near_dropped: false,
    }));
    (Wire(Arc::clone(&state)), Far(state))
}

impl Far {
    /// Bytes for the near end to read.
    pub fn send(&self, bytes: &[u8]) {
        lock(&self.0).inbound.extend(bytes);
    }

    /// Sends no more, now: what was sent before can still be read, except after a reset.
    pub fn end(&self, end: End) {
        let mut state = lock(&self.0);
        let after = match end {
            End::Closed => state.inbound.len(),
            End::Reset => 0,
        };
        state.end = Some((end, after));
    }

    /// Ends after `bytes` more have been read, however much was sent.
    pub fn end_after(&self, bytes: usize, end: End) {
        lock(&self.0).end = Some((end, bytes));
    }

    /// Resets after `bytes` more have been written by the near end.
    pub fn reset_after_taking(&self, bytes: usize) {
        lock(&self.0).reset_after = Some(bytes);
    }

    /// From now on one read gives at most so many bytes, at least 1.
    pub fn reads_of_at_most(&self, bytes: usize) {
        lock(&self.0).read_max = bytes.max(1);
    }

    /// From now on one write takes at most so many bytes, at least 1.
    pub fn writes_of_at_most(&self, bytes: usize) {
        lock(&self.0).write_max = bytes.max(1);
    }

    /// Room for so many more bytes; then writes are `WouldBlock` until there is room again.
    pub fn room_for(&self, bytes: usize) {
        lock(&self.0).window = bytes;
    }

    /// What was written since the last `take`, left where it is.
    pub fn received(&self) -> Vec<u8> {
        lock(&self.0).written.clone()
    }

    /// What was written since the last `take`.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut lock(&self.0).written)
    }

    /// Bytes sent and not yet read.
    pub fn unread(&self) -> usize {
        lock(&self.0).inbound.len()
    }

    /// Whether the near end is gone.
    pub fn near_is_closed(&self) -> bool {
        lock(&self.0).near_dropped
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = lock(&self.0);
        let until_end = match state.end {
            Some((End::Closed, 0)) => return Ok(0),
            Some((End::Reset, 0)) => return Err(ErrorKind::ConnectionReset.into()),
            Some((_, after)) => after,
            None => usize::MAX,
        };
        let ready = state.inbound.len().min(until_end);
        if ready == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = ready.min(buffer.len()).min(state.read_max);
        for (place, byte) in buffer.iter_mut().zip(state.inbound.drain(..count)) {
            *place = byte;
        }
        if let Some((_, after)) = &mut state.end {
            *after -= count;
        }
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = lock(&self.0);
        if state.reset_after == Some(0) {
            state.end = Some((End::Reset, 0));
        }
        if state.end == Some((End::Reset, 0)) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let room = state.window.min(state.reset_after.unwrap_or(usize::MAX));
        let count = bytes.len().min(state.write_max).min(room);
        if count == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        state.written.extend_from_slice(&bytes[..count]);
        if state.window != usize::MAX {
            state.window -= count;
        }
        if let Some(left) = &mut state.reset_after {
            *left -= count;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Wire {
    // The far end sees it as a socket's close; runs also when the connection's owner panics.
    fn drop(&mut self) {
        lock(&self.0).near_dropped = true;
    }
}

/// Held for a few lines that call nothing of ours; a panic among them leaves plain data, so poison is passed over.
fn lock(state: &Arc<Mutex<State>>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

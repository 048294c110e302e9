//! A socket in memory that costs next to nothing: what is left is the server's work.
//!
//! tests/harness/wire.rs has one that can be cut anywhere; this one only carries whole requests and takes every write.

use nanoserve::server::connection::HalfClose;
use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

/// Both ends: clones hold the same wire. One thread has them all.
#[derive(Clone, Default)]
pub struct Wire(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    inbound: Vec<u8>,
    read: usize,
    written: Vec<u8>,
}

impl Wire {
    /// The client's side: sends one request, and forgets the last answer.
    pub fn send(&self, request: &[u8]) {
        let mut state = self.0.borrow_mut();
        state.inbound.clear();
        state.inbound.extend_from_slice(request);
        state.read = 0;
        state.written.clear();
    }

    /// Whether what was answered begins so.
    pub fn answer_begins(&self, with: &[u8]) -> bool {
        self.0.borrow().written.starts_with(with)
    }

    /// What was answered, as text.
    pub fn answer(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow().written).into_owned()
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let waiting = &state.inbound[state.read..];
        if waiting.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&waiting[..count]);
        state.read += count;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl HalfClose for Wire {
    fn half_close(&mut self) {}
}

//! Step 7. What a connection still has to send: one buffer, and behind it content that is written from where it is.
//!
//! Invariant: bytes leave in the order in which they were put in; a share of the unsent budget is held exactly while a
//! socket has refused to take everything at once.

use crate::http::response::Content;
use crate::limits::BUFFER_KEEP_MAX;
use crate::server::budget::{Budget, Share};
use std::io::{self, IoSlice, Write};
use std::sync::Arc;

/// Bytes on their way out.
#[derive(Default)]
pub struct Output {
    buffer: Vec<u8>,
    content: Option<Content>,
    sent: usize,
    since_us: u64,
    share: Option<Share>,
}

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Everything is with the socket.
    All,
    /// The socket takes no more for now.
    Blocked,
    /// The connection is broken, or gave way to others that wait shorter.
    Broken,
}

impl Output {
    /// Whether nothing is left to send.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.content.is_none()
    }

    /// When the first byte that is not sent yet was put in.
    pub fn since_us(&self) -> u64 {
        self.since_us
    }

    /// The buffer to append to; `now_us` starts the write deadline if nothing was waiting.
    pub fn buffer(&mut self, now_us: u64) -> &mut Vec<u8> {
        if self.is_empty() {
            self.since_us = now_us;
        }
        &mut self.buffer
    }

    /// Content to be sent behind the buffer. The connection puts nothing in after it until both are sent.
    pub fn then(&mut self, content: Option<Content>) {
        self.content = content;
    }

    /// Writes once, or a few times while the socket takes everything offered. Returns how it stands and how many bytes went.
    pub fn flush(
        &mut self,
        io: &mut impl Write,
        budget: &Arc<Budget>,
        now_us: u64,
    ) -> (Flushed, usize) {
        let before = self.sent;
        loop {
            let head = self.buffer.get(self.sent..).unwrap_or_default();
            let content = self.content.as_ref().map_or(&[][..], Content::as_bytes);
            let behind = content
                .get(self.sent.saturating_sub(self.buffer.len())..)
                .unwrap_or_default();
            let wrote = match (head.is_empty(), behind.is_empty()) {
                (true, true) => {
                    let went = self.sent - before;
                    self.reset();
                    return (Flushed::All, went);
                }
                (false, true) => io.write(head),
                (true, false) => io.write(behind),
                (false, false) => io.write_vectored(&[IoSlice::new(head), IoSlice::new(behind)]),
            };
            match wrote {
                Ok(n) if n > 0 => self.sent += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let went = self.sent - before;
                    let state = if self.may_wait(budget, now_us) {
                        Flushed::Blocked
                    } else {
                        Flushed::Broken
                    };
                    return (state, went);
                }
                Ok(_) | Err(_) => return (Flushed::Broken, self.sent - before),
            }
        }
    }

    /// Gives back buffers of a connection that has fallen quiet.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Holds what is left against the budget; false when this connection has waited longest and gives way.
    fn may_wait(&mut self, budget: &Arc<Budget>, now_us: u64) -> bool {
        let content = self.content.as_ref().map_or(0, Content::len);
        let left = (self.buffer.len() + content).saturating_sub(self.sent);
        // Content of its own is in memory until the last byte is sent.
        let left = left.max(self.content.as_ref().map_or(0, Content::held_bytes));
        if let Some(share) = &self.share {
            return share.shrink_to(left);
        }
        self.share = budget.take(left, now_us).ok();
        self.share.is_some()
    }

    fn reset(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > BUFFER_KEEP_MAX {
            self.buffer = Vec::new();
        }
        self.content = None;
        self.share = None;
        self.sent = 0;
    }
}

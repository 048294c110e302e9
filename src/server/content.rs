//! Step 3. Content on its way in, piece by piece: collected for the handler, or read and dropped where the answer is decided.
//!
//! Invariant: collected bytes never exceed `content_max` and are held against the budget when a visit ends: declared ones
//! from the head on, chunked ones as they come; what finds no room is dropped in the same call.

use crate::http::body::ChunkedDecoder;
use crate::http::problem::{self, Problem};
use crate::http::request::{Framing, Head, Request};
use crate::server::budget::{Budget, Share};
use crate::server::service::Refusal;
use std::sync::Arc;

/// A request whose head is here and whose content is not, or not all.
pub struct Incoming {
    head: Head,
    head_bytes: Vec<u8>,
    content: Vec<u8>,
    frame: Frame,
    share: Option<Share>,
    /// The answer, where the head alone decided it; the content is then read and dropped, to keep the connection.
    refusal: Option<Refusal>,
    received: u64,
    /// When the request's first byte came.
    pub since_us: u64,
}

enum Frame {
    Length(usize),
    Chunked(Box<ChunkedDecoder>),
}

/// How content stands after a piece.
pub enum Progress {
    /// More is to come.
    Partial,
    /// The request is whole.
    Whole,
}

impl Incoming {
    /// Makes room for the content of a request that passed its head's checks, or plans to drop that of a refused one.
    ///
    /// # Errors
    /// 413 for declared content over the bound, 503 when content in flight has no room.
    pub fn begin(
        head: Head,
        head_bytes: Vec<u8>,
        refusal: Option<Refusal>,
        content_max: usize,
        budget: &Arc<Budget>,
        times: (u64, u64),
    ) -> Result<Box<Incoming>, Problem> {
        let (since_us, now_us) = times;
        let (frame, declared) = match head.framing {
            Framing::None => (Frame::Length(0), 0),
            Framing::Length(length) => {
                let length = usize::try_from(length)
                    .ok()
                    .filter(|&length| length <= content_max);
                let length = length.ok_or_else(|| too_large(content_max))?;
                (Frame::Length(length), length)
            }
            Framing::Chunked => (
                Frame::Chunked(Box::new(ChunkedDecoder::new(content_max))),
                0,
            ),
        };
        let share = match refusal {
            Some(_) => None,
            None => Some(budget.take(declared, now_us).map_err(|_| no_room())?),
        };
        let content = Vec::new();
        Ok(Box::new(Incoming {
            head,
            head_bytes,
            content,
            frame,
            share,
            refusal,
            received: 0,
            since_us,
        }))
    }

    /// Takes what belongs to this request from the front of `input`; returns how many bytes that were.
    ///
    /// # Errors
    /// Malformed chunks (400), content over the bound (413), no room (503), or this content was the slowest when others
    /// needed room (408).
    pub fn take(&mut self, input: &[u8], now_us: u64) -> Result<(usize, Progress), Problem> {
        let before = self.content.len();
        let (used, done) = match &mut self.frame {
            Frame::Length(left) => {
                let used = input.len().min(*left);
                *left -= used;
                if self.share.is_some() {
                    self.content
                        .extend_from_slice(input.get(..used).unwrap_or_default());
                }
                (used, *left == 0)
            }
            Frame::Chunked(decoder) => {
                let taken = decoder
                    .decode(input, &mut self.content)
                    .map_err(|error| Problem::new(error.problem, error.detail))?;
                (taken.used, taken.done)
            }
        };
        self.received = self
            .received
            .saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        match &self.share {
            Some(share) => {
                let grew = match self.frame {
                    Frame::Chunked(_) => share.grow(self.content.len() - before, now_us),
                    Frame::Length(_) => Ok(()),
                };
                // First, as room that was made for this very content may have been its own.
                if !share.note_moved(self.received) {
                    return Err(too_slow());
                }
                grew.map_err(|_| no_room())?;
            }
            None => self.content.clear(), // of a refused request: read, not kept
        }
        Ok((
            used,
            if done {
                Progress::Whole
            } else {
                Progress::Partial
            },
        ))
    }

    /// Whether this content is still wanted: false once it gave way to others.
    pub fn still_wanted(&self) -> bool {
        self.share
            .as_ref()
            .is_none_or(|share| share.note_moved(self.received))
    }

    /// The refusal that the head had earned.
    pub fn refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// The request; whole once `take` said so.
    pub fn request(&self) -> Request<'_> {
        Request::new(&self.head, &self.head_bytes, &self.content)
    }

    /// Gives the room in the budget back: the content is now the handler's.
    pub fn hand_over(&mut self) {
        self.share = None;
    }

    /// Bytes that the request takes while it waits (N-22).
    pub fn bytes(&self) -> usize {
        self.head_bytes.len() + self.content.len()
    }

    /// A request that came whole and has to wait: its parts are kept (N-22).
    pub fn whole(
        head: Head,
        head_bytes: Vec<u8>,
        content: Vec<u8>,
        since_us: u64,
    ) -> Box<Incoming> {
        let frame = Frame::Length(0);
        Box::new(Incoming {
            head,
            head_bytes,
            content,
            frame,
            share: None,
            refusal: None,
            received: 0,
            since_us,
        })
    }
}

/// The answer for content over its bound.
pub fn too_large(content_max: usize) -> Problem {
    Problem::new(
        &problem::CONTENT_TOO_LARGE,
        format!("the content is larger than the {content_max} bytes that this server takes"),
    )
}

/// The answer for content that was the slowest when room was short.
pub fn too_slow() -> Problem {
    Problem::new(
        &problem::REQUEST_TIMEOUT,
        "the content came in too slowly while others waited for room; nothing was done",
    )
}

fn no_room() -> Problem {
    Problem::new(
        &problem::CONTENT_IN_FLIGHT,
        "the content of other requests fills the room for content in flight; nothing was done",
    )
}

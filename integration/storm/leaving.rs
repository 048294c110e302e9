//! Clients that leave: at every stage of a request, with a close and with a reset.
//!
//! A reset is a close with unread bytes in the socket: std has no linger. Where no answer of the request's own lies there
//! yet, that of a `GET /` in front of it does.

use super::history::Stage;
use crate::support::{Client, Random, Request};
use std::thread;
use std::time::Duration;

const STAGES: &[Stage] = &[
    Stage::BeforeAnyByte,
    Stage::InHead,
    Stage::InContent,
    Stage::AfterLastByte,
    Stage::InHandler,
    Stage::AnswerUnread,
    Stage::AnswerHalfRead,
];

/// What a client that is going to leave has decided.
#[derive(Clone, Copy)]
pub(crate) struct Leave {
    pub(crate) stage: Stage,
    reset: bool,
    /// How much of the head, or of the content, is sent, in percent.
    share: usize,
    stay_ms: u64,
}

impl Leave {
    pub(crate) fn drawn(dice: &mut Random) -> Leave {
        Leave {
            stage: dice.pick(STAGES),
            reset: dice.chance(50),
            share: dice.below(100),
            stay_ms: dice.below(20) as u64,
        }
    }

    /// Whether all of the request is sent.
    pub(crate) fn is_whole(self) -> bool {
        !matches!(
            self.stage,
            Stage::BeforeAnyByte | Stage::InHead | Stage::InContent
        )
    }

    /// Whether the client waits until an answer has begun to come.
    pub(crate) fn sees_an_answer(self) -> bool {
        matches!(self.stage, Stage::AnswerUnread | Stage::AnswerHalfRead)
    }

    /// Makes it certain that a close is a reset, where that is meant.
    pub(crate) fn prepare(self, client: &mut Client) {
        if self.reset && !self.sees_an_answer() {
            client.send(Request::get("/").bytes());
            client.wait_readable();
        }
    }

    /// Sends as much as the stage says, and stays as long; the close is the caller's.
    pub(crate) fn play(self, client: &mut Client, bytes: &[u8]) {
        client.send(&bytes[..self.cut(bytes)]);
        match self.stage {
            Stage::InHandler => thread::park_timeout(Duration::from_millis(self.stay_ms)),
            Stage::AnswerUnread => client.wait_readable(),
            Stage::AnswerHalfRead => {
                client.wait_readable();
                client.take_some(20);
            }
            _ => {}
        }
    }

    /// Never all of it, where it is to be cut.
    fn cut(self, bytes: &[u8]) -> usize {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let head = head.expect("a request has a head") + 4;
        match self.stage {
            Stage::BeforeAnyByte => 0,
            Stage::InHead => 1 + (head - 2) * self.share / 100,
            Stage::InContent => head + (bytes.len() - head - 1) * self.share / 100,
            _ => bytes.len(),
        }
    }
}

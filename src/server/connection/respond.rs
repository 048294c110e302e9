//! Step 7. Responding: from an answer to the last byte that the client can read.

use super::{Asked, Connection, HalfClose, Stage, Stand, Turn, is_transient};
use crate::http::response::{Response, Wire, write_response};
use crate::limits::{INLINE_CONTENT_MAX, LINGER_BYTES_MAX, LINGER_DEADLINE_MS};
use crate::log::Level;
use crate::metrics::{Counter, Histogram};
use crate::server::output::Flushed;
use crate::server::service::{Answer, Refusal};
use crate::server::worker::Worker;
use std::io::{Read, Write};

impl<IO: Read + Write + HalfClose> Connection<IO> {
    // --- step 7 ---

    pub(super) fn refuse(&mut self, refusal: Refusal, asked: Asked, worker: &mut Worker) {
        let response = refusal.problem.into_response(&self.request_id);
        let response = match refusal.field {
            Some((name, value)) => response.field(name, value),
            None => response,
        };
        self.respond(
            Answer {
                response,
                durable_at: 0,
            },
            asked,
            worker,
        );
    }

    /// Counts and logs the answer, then puts it into the output: whoever has read the answer finds it counted (N-62).
    pub(super) fn respond(&mut self, answer: Answer, asked: Asked, worker: &mut Worker) {
        let status = answer.response.status().code();
        self.answered = self.answered.saturating_add(1);
        worker.meter.count(Counter::Requests);
        if let Some(name) = answer.response.problem() {
            worker.meter.refusal(name);
        }
        worker.meter.count(match status / 100 {
            2 => Counter::Status2xx,
            3 => Counter::Status3xx,
            4 => Counter::Status4xx,
            _ => Counter::Status5xx,
        });
        let took_us = worker.now_us.saturating_sub(asked.whole_us);
        worker.meter.observe_us(Histogram::Request, took_us);
        if worker.shared.log.takes(Level::Access) {
            log_access(
                worker,
                (&self.request_id, &self.request_line),
                &answer.response,
                took_us,
            );
        }
        let close = asked.close || worker.shared.is_draining();
        let wire = Wire {
            version: asked.version,
            head_only: asked.head_only,
            close,
            date: Some(&worker.date),
        };
        let buffer = self.output.buffer(worker.now_us);
        let content = write_response(buffer, answer.response, &wire, INLINE_CONTENT_MAX);
        self.output.then(content);
        self.durable_at = answer.durable_at;
        if close {
            self.stage = Stage::Answered;
        }
    }

    pub(super) fn flush(&mut self, worker: &mut Worker) -> Turn {
        if self.durable_at > worker.shared.service.durable_mark() {
            return Turn::Wait(Stand::Parked);
        }
        let (flushed, went) = self
            .output
            .flush(&mut self.io, &worker.shared.unsent, worker.now_us);
        worker
            .meter
            .add(Counter::BytesOut, u64::try_from(went).unwrap_or(u64::MAX));
        if went > 0 {
            self.progress_us = worker.now_us;
        }
        match flushed {
            Flushed::All => Turn::Again,
            Flushed::Blocked => Turn::Wait(Stand::NeedsWrite),
            Flushed::Broken => self.close(),
        }
    }

    pub(super) fn begin_lingering(&mut self, now_us: u64) -> Turn {
        self.io.half_close();
        self.input = Vec::new();
        self.taken = 0;
        let until_us = now_us.saturating_add(LINGER_DEADLINE_MS * 1000);
        self.stage = Stage::Lingering {
            until_us,
            bytes_left: LINGER_BYTES_MAX,
        };
        Turn::Again
    }

    /// Reads on and drops: closing with unread bytes would reset the connection, and the client might lose the answer.
    pub(super) fn linger(
        &mut self,
        until_us: u64,
        bytes_left: usize,
        worker: &mut Worker,
        may_read: &mut bool,
    ) -> Turn {
        if worker.now_us >= until_us {
            return self.close();
        }
        if !*may_read {
            self.stage = Stage::Lingering {
                until_us,
                bytes_left,
            };
            return Turn::Wait(Stand::NeedsRead);
        }
        let read = self.io.read(&mut worker.scratch);
        if let Ok(n) = read {
            let n = u64::try_from(n).unwrap_or(u64::MAX);
            worker.meter.add(Counter::BytesIn, n);
        }
        match read {
            Ok(n) if n > 0 && n < bytes_left => {
                self.stage = Stage::Lingering {
                    until_us,
                    bytes_left: bytes_left - n,
                };
                Turn::Again
            }
            Err(error) if is_transient(&error) => {
                *may_read = false;
                self.stage = Stage::Lingering {
                    until_us,
                    bytes_left,
                };
                Turn::Again
            }
            Ok(_) | Err(_) => self.close(),
        }
    }
}

fn log_access(worker: &Worker, request: (&str, &str), response: &Response, took_us: u64) {
    let (id, line) = request;
    let status = response.status().code();
    let bytes = response.content().len();
    worker.shared.log.event(
        Level::Access,
        "request",
        &[
            ("id", &id),
            ("request", &line),
            ("status", &status),
            ("bytes", &bytes),
            ("us", &took_us),
        ],
    );
}

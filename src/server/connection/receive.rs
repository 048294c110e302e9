//! Step 3. Receiving: from bytes to a whole request that the service sees.

use super::{Asked, Connection, Fetched, HalfClose, Parked, Stage, Stand, Turn};
use crate::http::parse::{Parsed, parse_head};
use crate::http::problem::Problem;
use crate::http::request::{Expect, Framing, Head, Request};
use crate::http::response::CONTINUE;
use crate::limits::READ_BYTES;
use crate::log::Level;
use crate::metrics::Counter;
use crate::server::content::{Incoming, Progress};
use crate::server::service::{Exchange, Park, Refusal, Served};
use crate::server::worker::Worker;
use std::io::{Read, Write};

impl<IO: Read + Write + HalfClose> Connection<IO> {
    // --- step 3: the head ---

    pub(super) fn go_on_with_head(
        &mut self,
        first_byte_us: Option<u64>,
        worker: &mut Worker,
        may_read: &mut bool,
    ) -> Turn {
        let waiting = self.input.get(self.taken..).unwrap_or_default();
        if waiting.is_empty() {
            self.stage = Stage::Head {
                first_byte_us: None,
            };
            return self.read(worker, may_read);
        }
        // A pipelined head counts from when the server turns to it, not from when it lay waiting behind a slow handler.
        let since_us = first_byte_us.unwrap_or(worker.now_us);
        match parse_head(waiting) {
            Ok(Parsed::Partial) => {
                self.stage = Stage::Head {
                    first_byte_us: Some(since_us),
                };
                self.read(worker, may_read)
            }
            Ok(Parsed::Complete { head, used }) => self.head_is_whole(head, used, since_us, worker),
            Err(error) => {
                let asked = Asked::unreadable(worker.now_us);
                worker.name_request(None, &mut self.request_id);
                self.request_line.clear();
                self.refuse(
                    Problem::new(error.problem, error.detail).into(),
                    asked,
                    worker,
                );
                Turn::Again
            }
        }
    }

    fn head_is_whole(
        &mut self,
        head: Head,
        used: usize,
        since_us: u64,
        worker: &mut Worker,
    ) -> Turn {
        let bytes = self.input.get(self.taken..).unwrap_or_default();
        let (head_bytes, behind) = bytes.split_at_checked(used).unwrap_or((bytes, b""));
        let request = Request::new(&head, head_bytes, b"");
        worker.name_request(request.values("traceparent").next(), &mut self.request_id);
        self.request_line.clear();
        if worker.shared.log.takes(Level::Access) {
            self.request_line = request_line(&request);
        }
        let asked = Asked::of(&head, since_us, worker.now_us);
        let length = match head.framing {
            Framing::None => Some(0),
            Framing::Length(length) => usize::try_from(length).ok(),
            Framing::Chunked => None,
        };
        let here = length
            .filter(|&length| length <= worker.shared.content_max)
            .and_then(|length| behind.get(..length));
        if let Some(content) = here {
            // The whole request is here, as most are: served from where it lies.
            let request = Request::new(&head, head_bytes, content);
            let length = content.len();
            let served = serve(&request, worker, &self.request_id, None);
            let parked = match &served {
                Served::Park(_) => Some((head_bytes.to_vec(), content.to_vec())),
                _ => None,
            };
            self.taken += used + length;
            self.stage = Stage::Head {
                first_byte_us: None,
            };
            let kept = parked
                .map(|(bytes, content)| Incoming::whole(head, bytes, content, asked.whole_us));
            self.answer(served, kept, asked, worker);
            return Turn::Again;
        }
        let refusal = worker.shared.service.check_head(&request).err();
        let head_bytes = head_bytes.to_vec();
        let nothing_behind = behind.is_empty();
        self.taken += used;
        self.await_content(head, head_bytes, refusal, nothing_behind, asked, worker)
    }

    // --- step 3: the content ---

    fn await_content(
        &mut self,
        head: Head,
        head_bytes: Vec<u8>,
        refusal: Option<Refusal>,
        nothing_behind: bool,
        asked: Asked,
        worker: &mut Worker,
    ) -> Turn {
        let expect = if nothing_behind {
            head.expect
        } else {
            Expect::Nothing
        };
        if let Some(refusal) = refusal.as_ref().filter(|_| expect != Expect::Nothing) {
            // The client waits for leave to send. It gets the answer instead, and what it sends after all is dropped.
            self.refuse(refusal.clone(), asked.closing(), worker);
            return Turn::Again;
        }
        let (budget, times) = (
            &worker.shared.content_in_flight,
            (asked.since_us, worker.now_us),
        );
        match Incoming::begin(
            head,
            head_bytes,
            refusal.clone(),
            worker.shared.content_max,
            budget,
            times,
        ) {
            Ok(incoming) => {
                if expect == Expect::Continue {
                    self.output
                        .buffer(worker.now_us)
                        .extend_from_slice(CONTINUE);
                }
                self.stage = Stage::Content(incoming);
            }
            // Content that is too large is not read, so the connection closes; the head's own refusal comes first.
            Err(problem) => self.refuse(
                refusal.unwrap_or_else(|| problem.into()),
                asked.closing(),
                worker,
            ),
        }
        Turn::Again
    }

    pub(super) fn go_on_with_content(
        &mut self,
        mut incoming: Box<Incoming>,
        worker: &mut Worker,
        may_read: &mut bool,
    ) -> Turn {
        let asked = Asked::of(incoming.request().head(), incoming.since_us, worker.now_us);
        let waiting = self.input.get(self.taken..).unwrap_or_default();
        match incoming.take(waiting, worker.now_us) {
            Ok((used, Progress::Partial)) => {
                self.taken += used;
                self.stage = Stage::Content(incoming);
                self.read(worker, may_read)
            }
            Ok((used, Progress::Whole)) => {
                self.taken += used;
                self.stage = Stage::Head {
                    first_byte_us: None,
                };
                incoming.hand_over();
                match incoming.refusal() {
                    Some(refusal) => self.refuse(refusal, asked, worker),
                    None => self.serve_incoming(incoming, None, asked, worker),
                }
                Turn::Again
            }
            Err(problem) => {
                // The head came first, so what it had earned is the answer (N-51).
                let refusal = incoming.refusal().unwrap_or_else(|| problem.into());
                drop(incoming);
                self.refuse(refusal, asked.closing(), worker);
                Turn::Again
            }
        }
    }

    // --- steps 4 to 6 are the service's ---

    fn serve_incoming(
        &mut self,
        incoming: Box<Incoming>,
        parked: Option<Park>,
        asked: Asked,
        worker: &mut Worker,
    ) {
        let served = serve(&incoming.request(), worker, &self.request_id, parked);
        self.answer(served, Some(incoming), asked, worker);
    }

    pub(super) fn go_on_with_park(
        &mut self,
        mut parked: Box<Parked>,
        worker: &mut Worker,
        may_read: &mut bool,
    ) -> Turn {
        if !parked.park.wait.is_over() && worker.now_us < parked.park.deadline_us {
            // Reads on meanwhile, or nobody would notice that the client has left. What it sends ahead is kept, up to a
            // buffer's length; a client that goes on sending beyond that is there.
            let ahead = self.input.len().saturating_sub(self.taken);
            let fetched = if ahead < READ_BYTES {
                self.fetch(worker, may_read)
            } else {
                Fetched::Nothing
            };
            match fetched {
                Fetched::Broken => return self.close(),
                // Perhaps it only sends no more, and still reads: it gets an answer, but its place goes to others.
                Fetched::End => parked.park.give_up(),
                Fetched::Bytes | Fetched::Nothing => {}
            }
            self.stage = Stage::Parked(parked);
            return match fetched {
                Fetched::Nothing => Turn::Wait(Stand::Parked),
                _ => Turn::Again,
            };
        }
        self.stage = Stage::Head {
            first_byte_us: None,
        };
        let Parked {
            incoming,
            park,
            asked,
        } = *parked;
        self.serve_incoming(incoming, Some(park), asked, worker);
        Turn::Again
    }

    fn answer(
        &mut self,
        served: Served,
        kept: Option<Box<Incoming>>,
        asked: Asked,
        worker: &mut Worker,
    ) {
        match served {
            Served::Respond(answer) => self.respond(answer, asked, worker),
            Served::Refuse(refusal) => self.refuse(refusal, asked, worker),
            Served::Park(park) => {
                if let Some(incoming) = kept {
                    self.park(incoming, park, asked, worker);
                }
            }
        }
    }

    fn park(&mut self, incoming: Box<Incoming>, mut park: Park, asked: Asked, worker: &mut Worker) {
        if park.room.is_none() {
            let room = worker.shared.parked.take(incoming.bytes(), worker.now_us);
            park.room = room.ok();
            if park.room.is_some() {
                worker.meter.count(Counter::Waited);
            }
        }
        if park.room.is_none() {
            park.give_up(); // it is asked again at once
        }
        self.stage = Stage::Parked(Box::new(Parked {
            incoming,
            park,
            asked,
        }));
    }
}

fn serve(
    request: &Request<'_>,
    worker: &mut Worker,
    request_id: &str,
    parked: Option<Park>,
) -> Served {
    let shared = &*worker.shared;
    let mut exchange = Exchange {
        meter: &worker.meter,
        clock: &shared.clock,
        request_id,
        places: &shared.places,
        draining: shared.is_draining(),
        parked,
    };
    let served = shared.service.serve(request, &mut exchange);
    worker.look_at_clock(); // a handler may have taken its time; deadlines count from now
    served
}

fn request_line(request: &Request<'_>) -> String {
    let path = String::from_utf8_lossy(request.path());
    let mut line = String::from_utf8_lossy(request.method_text()).into_owned();
    line.push(' ');
    line.push_str(&path);
    if let Some(query) = request.query() {
        line.push('?');
        line.push_str(&String::from_utf8_lossy(query));
    }
    line
}

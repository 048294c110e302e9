//! Step 5. The lab (N-83): handlers that can be slow, large, refusing or panicking, and that count their runs.
//!
//! The order of one run: options are checked, `delay_ms`, `refuse`, `panic=before`, the count, `panic=after`, the
//! answer. The counters' lock is held for one look-up and never while sleeping or panicking.

use crate::app::problems::{LAB_FULL, LAB_OPTION};
use crate::app::{App, Exec, Reply};
use crate::http::fields::{self, FieldName, FieldValue};
use crate::http::json_text::push_string;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::response::{Content, Response};
use crate::http::status::Status;
use crate::http::target::{percent_decode, query_pairs};
use crate::limits::{LAB_BYTES_MAX, LAB_DELAY_MS_MAX, LAB_NAME_BYTES_MAX, LAB_NAMES_MAX};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

const JSON: FieldValue = FieldValue::from_static("application/json");
const OCTETS: FieldValue = FieldValue::from_static("application/octet-stream");

/// Run counts by name.
#[derive(Default)]
pub struct Lab {
    runs: Mutex<HashMap<Box<str>, u64>>,
}

/// `POST|PUT|PATCH|DELETE /lab/runs/{name}`: counts a run and answers 201, or what the options ask for.
pub fn run(app: &App, request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let asked = name(exec.param(0)).and_then(|name| {
        let options = Options::read(request.query().unwrap_or_default())?;
        Ok((name, options))
    });
    let (name, options) = match asked {
        Ok(asked) => asked,
        Err(detail) => return refused(detail, exec),
    };
    if options.delay_ms > 0 {
        // The one sleep of the house: it stands for work that takes its time.
        thread::sleep(Duration::from_millis(options.delay_ms));
    }
    if let Some(status) = options.refuse {
        let runs = app.lab.runs(&name);
        return Reply::NothingDone(options.answer(status, &name, runs));
    }
    options.panic_if(PanicPoint::Before);
    let Some(runs) = app.lab.count(&name) else {
        let detail = format!("name: the lab counts {LAB_NAMES_MAX} names and this is another");
        return Reply::NothingDone(
            Problem::new(&LAB_FULL, detail).into_response(exec.request_id()),
        );
    };
    options.panic_if(PanicPoint::After);
    let status = options.status.unwrap_or(Status::CREATED);
    Reply::Done(options.answer(status, &name, runs))
}

/// `GET /lab/runs/{name}`: 200 and the count so far; 0 for a name that never ran. Options are ignored.
pub fn read(app: &App, _request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    match name(exec.param(0)) {
        Ok(name) => {
            let runs = app.lab.runs(&name);
            Reply::Done(Options::default().answer(Status::OK, &name, runs))
        }
        Err(detail) => refused(detail, exec),
    }
}

impl Lab {
    /// An empty lab.
    pub fn new() -> Lab {
        Lab::default()
    }

    /// Counts a run and returns how many there are now; none where this would be one name too many.
    pub fn count(&self, name: &str) -> Option<u64> {
        // Nothing under this lock, here or in `runs`, leaves a count half changed, so poison is passed over.
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = runs.get_mut(name) {
            *count = count.saturating_add(1);
            return Some(*count);
        }
        if runs.len() >= LAB_NAMES_MAX {
            return None;
        }
        runs.insert(name.into(), 1);
        Some(1)
    }

    /// The runs of a name so far.
    pub fn runs(&self, name: &str) -> u64 {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(name).copied().unwrap_or(0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PanicPoint {
    Before,
    After,
}

#[derive(Default)]
struct Options {
    delay_ms: u64,
    status: Option<Status>,
    refuse: Option<Status>,
    panic: Option<PanicPoint>,
    bytes: Option<usize>,
    content_type: Option<FieldValue>,
    fields: Vec<(FieldName, FieldValue)>,
}

impl Options {
    /// # Errors
    /// The first option that does not exist, stands twice or has a bad value, by name, and what was expected.
    fn read(query: &[u8]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in query_pairs(query) {
            let name = decoded(name).ok_or("expected well-formed percent-encoding and UTF-8")?;
            let value = decoded(value).ok_or_else(|| {
                format!("{name}: expected well-formed percent-encoding and UTF-8")
            })?;
            if name != "field" && seen.contains(&name) {
                return Err(format!("{name}: expected once"));
            }
            options
                .set(&name, &value)
                .map_err(|expected| format!("{name}: expected {expected}"))?;
            seen.push(name);
        }
        Ok(options)
    }

    /// # Errors
    /// What was expected of the option.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "delay_ms" => self.delay_ms = integer(value, 0, LAB_DELAY_MS_MAX)?,
            "status" => self.status = Some(status(value)?),
            "refuse" => self.refuse = Some(status(value)?),
            "panic" => {
                self.panic = Some(match value {
                    "before" => PanicPoint::Before,
                    "after" => PanicPoint::After,
                    _ => return Err("before or after".to_owned()),
                });
            }
            "bytes" => {
                let bytes = integer(value, 0, LAB_BYTES_MAX as u64)?;
                self.bytes = usize::try_from(bytes).ok();
            }
            "field" => self.add_field(value)?,
            _ => {
                return Err(
                    "one of delay_ms, status, refuse, panic, bytes and field instead".to_owned(),
                );
            }
        }
        Ok(())
    }

    fn add_field(&mut self, line: &str) -> Result<(), String> {
        let malformed = "Name:Value, the name a token, the value without CR, LF and NUL";
        let (name, value) = line.split_once(':').ok_or(malformed)?;
        let value = value.trim_matches([' ', '\t']);
        let name = FieldName::new(name).ok_or(malformed)?;
        let value = FieldValue::new(value).ok_or(malformed)?;
        if fields::is_writers_own(name.as_str()) {
            return Err("a field that is not the writer's own: framing, hop-by-hop, Date and Idempotent-Replayed are".to_owned());
        }
        if name.as_str().eq_ignore_ascii_case("content-type") {
            self.content_type = Some(value); // instead of ours: a response has one
        } else {
            self.fields.push((name, value));
        }
        Ok(())
    }

    fn panic_if(&self, point: PanicPoint) {
        assert!(self.panic != Some(point), "the lab was asked to panic");
    }

    fn answer(self, status: Status, name: &str, runs: u64) -> Response {
        let (default_type, content) = match self.bytes {
            Some(bytes) => (OCTETS, vec![b'x'; bytes]),
            None => (JSON, counted(name, runs)),
        };
        let response = if status.has_content() {
            let content_type = self.content_type.unwrap_or(default_type);
            Response::with_content(status, content_type, Content::Owned(content))
        } else {
            Response::new(status)
        };
        let fields = self.fields.into_iter();
        fields.fold(response, |response, (name, value)| {
            response.field(name, value)
        })
    }
}

fn counted(name: &str, runs: u64) -> Vec<u8> {
    let mut text = String::from("{\"name\":");
    push_string(&mut text, name.as_bytes());
    let _ = write!(text, ",\"runs\":{runs}}}"); // writing to a String cannot fail
    text.into_bytes()
}

/// A name as a path has it, decoded.
fn name(segment: &[u8]) -> Result<String, String> {
    decoded(segment)
        .filter(|name| (1..=LAB_NAME_BYTES_MAX).contains(&name.len()))
        .ok_or_else(|| format!("name: expected 1 to {LAB_NAME_BYTES_MAX} bytes of UTF-8"))
}

fn integer(value: &str, min: u64, max: u64) -> Result<u64, String> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|n| digits && (min..=max).contains(n));
    number.ok_or_else(|| format!("an integer from {min} to {max}"))
}

fn status(value: &str) -> Result<Status, String> {
    let code = integer(value, 200, 599)?;
    let code = u16::try_from(code).ok();
    code.and_then(Status::new)
        .ok_or_else(|| "a status from 200 to 599".to_owned())
}

fn decoded(text: &[u8]) -> Option<String> {
    String::from_utf8(percent_decode(text)?.into_owned()).ok()
}

fn refused(detail: String, exec: &Exec<'_>) -> Reply {
    Reply::NothingDone(Problem::new(&LAB_OPTION, detail).into_response(exec.request_id()))
}

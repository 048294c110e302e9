//! The admin listener (N-61): health, readiness, metrics, "did it run?", and the drain. A second `Service`, on loopback.
//!
//! Loopback alone does not keep browsers out, so two protections stand before everything: a Host that is a name other than
//! `localhost` is refused (DNS rebinding), and what changes something needs a field that no cross-site page can send.

use crate::contract_page::ContractPage;
use crate::http::fields::{FieldName, FieldValue};
use crate::http::json_text::push_string;
use crate::http::problem::{self, Problem, ProblemType};
use crate::http::request::{Expect, Method, Request};
use crate::http::response::{Content, Response};
use crate::http::status::Status;
use crate::http::target::percent_decode;
use crate::idempotency::guard::{Guard, Sighting};
use crate::idempotency::key::Key;
use crate::log::{Level, Log};
use crate::metrics::{CONTENT_TYPE, Gauge, Meters};
use crate::server::listener::View;
use crate::server::service::{Exchange, Refusal, Served, Service};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// The admin service.
pub struct Admin {
    /// The engine, for looking.
    pub guard: Arc<Guard>,
    /// The public listener, for looking and for the drain.
    pub view: View,
    /// The public listener's counts.
    pub meters: Arc<Meters>,
    /// Where lines go, and how many were dropped.
    pub log: Log,
    /// What this listener's own problems point at.
    pub page: ContractPage,
}

const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");
const JSON: FieldValue = FieldValue::from_static("application/json");
const PROMETHEUS: FieldValue = FieldValue::from_static(CONTENT_TYPE);

/// What an admin path is for.
enum Page<'p> {
    Health,
    Readiness,
    Metrics,
    Key(&'p [u8]),
    Drain,
    Contract,
}

impl Service for Admin {
    fn check_head(&self, request: &Request<'_>) -> Result<(), Refusal> {
        admitted(request).map(|_| ())
    }

    fn serve(&self, request: &Request<'_>, _exchange: &mut Exchange<'_>) -> Served {
        match admitted(request) {
            Err(refusal) => Served::Refuse(refusal),
            Ok(Page::Health) => text(Status::OK, "ok\n".into()).into(),
            Ok(Page::Readiness) => self.readiness().into(),
            Ok(Page::Metrics) => {
                let content = Content::Owned(self.meters.render(&self.gauges()).into_bytes());
                Response::with_content(Status::OK, PROMETHEUS, content).into()
            }
            Ok(Page::Key(raw)) => self.key(raw),
            Ok(Page::Contract) => self.page.response().into(),
            Ok(Page::Drain) => {
                self.log
                    .event(Level::Info, "drain", &[("asked-by", &"admin")]);
                self.view.drain();
                text(Status::OK, "draining\n".into()).into()
            }
        }
    }
}

impl Admin {
    fn readiness(&self) -> Response {
        if self.view.is_draining() {
            text(Status::SERVICE_UNAVAILABLE, "draining\n".into())
        } else if self.guard.is_full() {
            text(Status::SERVICE_UNAVAILABLE, "full\n".into())
        } else {
            text(Status::OK, "ready\n".into())
        }
    }

    fn key(&self, raw: &[u8]) -> Served {
        let decoded = percent_decode(raw);
        let Some(key) = decoded.as_deref().and_then(|bytes| Key::new(bytes).ok()) else {
            let detail = "expected a percent-encoded key of 1 to 255 bytes after /keys/";
            return Served::Refuse(Problem::new(&problem::KEY_MALFORMED, detail).into());
        };
        let content = Content::Owned(key_json(key, &self.guard.look_up(key)).into_bytes());
        Response::with_content(Status::OK, JSON, content).into()
    }

    fn gauges(&self) -> Vec<Gauge> {
        let keys = self.guard.gauges();
        let (live, resting, idle) = self.view.connections();
        let [content, parked, unsent] = self.view.bytes_held();
        let arrived = self.view.arrived();
        let visited = live.saturating_sub(resting).saturating_sub(arrived);
        let waiting = resting.saturating_sub(idle);
        let dropped = usize::try_from(self.log.dropped()).unwrap_or(usize::MAX);
        #[rustfmt::skip] // a table
        let rows = [
            ("nanoserve_keys", "state=\"pending\"", "Keys held.", keys.pending),
            ("nanoserve_keys", "state=\"completed\"", "Keys held.", keys.completed),
            ("nanoserve_keys_bytes", "", "Bytes held for keys and recorded answers.", keys.bytes),
            ("nanoserve_waiters", "", "Duplicates that wait for a running request.", self.guard.waiting()),
            ("nanoserve_connections", "place=\"queue\"", "Live connections.", arrived),
            ("nanoserve_connections", "place=\"idle\"", "Live connections.", idle),
            ("nanoserve_connections", "place=\"waiting\"", "Live connections.", waiting),
            ("nanoserve_connections", "place=\"visited\"", "Live connections.", visited),
            ("nanoserve_workers_busy", "", "Workers inside a handler.", self.view.handlers()),
            ("nanoserve_content_in_flight_bytes", "", "Content being received.", content),
            ("nanoserve_parked_bytes", "", "Requests that wait for a running one.", parked),
            ("nanoserve_unsent_bytes", "", "Answers that sockets have not taken.", unsent),
            ("nanoserve_log_dropped_total", "", "Log lines dropped since the start.", dropped),
        ];
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let gauge = |(name, label, help, value)| Gauge {
            name,
            label,
            help,
            value: number(value),
        };
        rows.into_iter().map(gauge).collect()
    }
}

/// N-61's protections, then the path.
fn admitted<'p>(request: &Request<'p>) -> Result<Page<'p>, Refusal> {
    let refuse =
        |kind: &'static ProblemType, detail: &str| Refusal::from(Problem::new(kind, detail));
    // Also the Host beside an absolute form, which no longer counts but may be what a browser was told.
    let mut named = request
        .values("Host")
        .chain(Some(request.host()).filter(|host| !host.is_empty()));
    if !named.all(is_local_name) {
        return Err(refuse(
            &problem::FORBIDDEN,
            "the Host field must be localhost or an IP address",
        ));
    }
    if matches!(request.method(), Method::Unknown | Method::Connect) {
        return Err(refuse(
            &problem::METHOD_NOT_IMPLEMENTED,
            "the admin listener has GET, HEAD and POST",
        ));
    }
    let path = request.path();
    let (page, method) = match path {
        b"/healthz" => (Page::Health, Method::Get),
        b"/readyz" => (Page::Readiness, Method::Get),
        b"/metrics" => (Page::Metrics, Method::Get),
        b"/drain" => (Page::Drain, Method::Post),
        b"/docs/idempotency" => (Page::Contract, Method::Get),
        _ => match path.strip_prefix(b"/keys/") {
            Some(key) => (Page::Key(key), Method::Get),
            None => {
                return Err(refuse(
                    &problem::NOT_FOUND,
                    "no such path on the admin listener",
                ));
            }
        },
    };
    let asked = if request.method() == Method::Head {
        Method::Get
    } else {
        request.method()
    };
    if asked != method {
        let allowed = if method == Method::Get {
            "GET, HEAD"
        } else {
            "POST"
        };
        let problem = Problem::new(
            &problem::METHOD_NOT_ALLOWED,
            format!("this path has {allowed}"),
        );
        let field = (
            FieldName::from_static("Allow"),
            FieldValue::from_static(allowed),
        );
        return Err(Refusal {
            problem,
            field: Some(field),
        });
    }
    if request.head().expect == Expect::Unknown {
        let detail = "expected '100-continue' or no Expect field";
        return Err(refuse(&problem::EXPECTATION_FAILED, detail));
    }
    if method == Method::Post && !request.values("NanoServe-Admin").eq([b"1"]) {
        return Err(refuse(
            &problem::FORBIDDEN,
            "a request that changes something needs the field NanoServe-Admin: 1",
        ));
    }
    Ok(page)
}

/// `localhost` or an IP literal, with or without a port: what no DNS answer can point elsewhere.
fn is_local_name(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    if let Some(bracketed) = host.strip_prefix('[') {
        return bracketed
            .split_once(']')
            .is_some_and(|(ip, _port)| ip.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.split_once(':').map_or(host, |(name, _port)| name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn text(status: Status, content: String) -> Response {
    Response::with_content(status, TEXT, Content::Owned(content.into_bytes()))
}

fn key_json(key: Key<'_>, sightings: &[Sighting]) -> String {
    let mut json = String::from("{\"key\":");
    push_string(&mut json, key.as_bytes());
    json.push_str(",\"records\":[");
    for (n, sighting) in sightings.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let [a, b, c, d, ..] = sighting.scope.0;
        let status = if sighting.completed.is_some() {
            "completed"
        } else {
            "pending"
        };
        // Writing to a String cannot fail.
        let _ = write!(
            json,
            "{comma}{{\"scope\":\"{a:02x}{b:02x}{c:02x}{d:02x}\",\"status\":\"{status}\","
        );
        let _ = write!(json, "\"age_ms\":{},", sighting.age_ms);
        let _ = match sighting.completed {
            Some((ttl_ms, answer)) => write!(json, "\"ttl_ms\":{ttl_ms},\"answer\":{answer}}}"),
            None => write!(json, "\"ttl_ms\":null,\"answer\":null}}"),
        };
    }
    json.push_str("]}");
    json
}

//! A server that is held to the contract: where it is, what its paths are called, and the verbs of the cases.

use super::expect::{Expect, Kept, differ, ensure};
use super::wire::Wire;
use crate::support::{Request, Response, pause, payment};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Cheap to clone: each case has one of its own, so that one that hangs can be left behind.
#[derive(Clone)]
pub(super) struct Target {
    address: SocketAddr,
    host: String,
    /// How long it may be silent where an answer is due.
    pub(super) patience: Duration,
    page: String,
    run: String,
    echo: String,
    pub(super) key_field: String,
    /// What a run is sent, where the case does not say.
    content: String,
}

impl Target {
    /// A server with our own paths.
    pub(super) fn at(address: SocketAddr, patience: Duration) -> Target {
        Target {
            address,
            host: address.to_string(),
            patience,
            page: "/".into(),
            run: "/lab/runs/{name}".into(),
            echo: "/echo".into(),
            key_field: "Idempotency-Key".into(),
            content: String::new(),
        }
    }

    /// `http://host:port`, its paths as the environment names them. A server that does not answer is not waited for so long.
    pub(super) fn at_url(url: &str, patience: Duration) -> Result<Target, String> {
        let host = url
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        let address = host.and_then(|host| host.to_socket_addrs().ok()?.next());
        let (Some(host), Some(address)) = (host, address) else {
            return differ("NANOSERVE_URL=http://host:port", url);
        };
        let mut target = Target::at(address, patience);
        host.clone_into(&mut target.host);
        for (name, value) in [
            ("NANOSERVE_PAGE", &mut target.page),
            ("NANOSERVE_RUN", &mut target.run),
            ("NANOSERVE_ECHO", &mut target.echo),
            ("NANOSERVE_KEY_FIELD", &mut target.key_field),
            ("NANOSERVE_CONTENT", &mut target.content),
        ] {
            if let Ok(set) = std::env::var(name) {
                *value = set;
            }
        }
        if let Err(why) = target.send(&target.get()) {
            println!("GET {}: {why}\n", target.page);
            target.patience /= 10;
        }
        Ok(target)
    }

    /// Another server with the same paths.
    pub(super) fn elsewhere(&self, address: SocketAddr) -> Target {
        Target {
            address,
            ..self.clone()
        }
    }

    /// Whether anybody listens there.
    pub(super) fn is_there(&self) -> bool {
        TcpStream::connect_timeout(&self.address, self.patience).is_ok()
    }

    pub(super) fn open(&self) -> Result<Wire, String> {
        Wire::open(self.address, self.patience)
    }

    /// One request on a connection of its own.
    pub(super) fn send(&self, request: &Request) -> Result<Response, String> {
        self.open()?.exchange(request)
    }

    pub(super) fn request(&self, method: &str, target: &str) -> Request {
        self.hosted(Request::new(method, target))
    }

    /// The request under this server's own name.
    pub(super) fn hosted(&self, request: Request) -> Request {
        request.without("Host").field("Host", &self.host)
    }

    pub(super) fn get(&self) -> Request {
        self.request("GET", &self.page)
    }

    pub(super) fn contract_page(&self) -> Request {
        self.request("GET", "/docs/idempotency")
    }

    /// A target in absolute form.
    pub(super) fn absolute(&self, target: &str) -> String {
        format!("http://{}{target}", self.host)
    }

    pub(super) fn echo(&self, content: &str) -> Request {
        self.request("POST", &self.echo).content(content)
    }

    /// The target of a run; `name` may have a query behind it.
    pub(super) fn run_target(&self, name: &str) -> String {
        let (name, query) = match name.split_once('?') {
            Some((name, query)) => (name, format!("?{query}")),
            None => (name, String::new()),
        };
        self.run.replace("{name}", name) + &query
    }

    /// A run without a key.
    pub(super) fn run(&self, name: &str) -> Request {
        self.run_at(&self.run_target(name))
    }

    pub(super) fn run_at(&self, target: &str) -> Request {
        let request = self.request("POST", target);
        if self.content.is_empty() {
            return request.content("");
        }
        let request = request.field("Content-Type", "application/json");
        request.content(&self.content)
    }

    /// A run with a key, both of that name.
    pub(super) fn keyed(&self, name: &str) -> Request {
        let key = name.split('?').next().unwrap_or_default();
        self.with_key(self.run(name), key)
    }

    /// With the key's field as it is: no quotes are added.
    pub(super) fn with_key(&self, request: Request, key: impl AsRef<[u8]>) -> Request {
        request.field(&self.key_field, key)
    }

    /// A payment from alice to bob.
    pub(super) fn payment(&self, key: &str, amount: u64) -> Request {
        self.hosted(payment(key, amount))
    }

    /// A name or key that nobody has used, not even an earlier run of these cases: a server remembers.
    pub(super) fn fresh(word: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed); // nothing else hangs on it
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let moment = since.map_or(0, |since| since.as_micros());
        format!("{word}-{moment:x}-{number}")
    }

    /// How often something ran under this name.
    pub(super) fn runs(&self, name: &str) -> Result<i64, String> {
        let count = self.send(&self.request("GET", &self.run_target(name)))?;
        count.must_be(200)?.number(&["runs"])
    }

    pub(super) fn ran(&self, name: &str, times: i64) -> Kept {
        let runs = self.runs(name)?;
        ensure(runs == times, format!("{times} executions"), runs)
    }

    /// The request runs once, and its retry gets that answer, which is given.
    pub(super) fn replays(&self, request: &Request) -> Result<Response, String> {
        let first = self.send(request)?.must_be_first()?;
        self.send(request)?.repeats(&first)?;
        Ok(first)
    }

    /// Under one key these are one request: the second gets the answer to the first.
    pub(super) fn takes_for_one(&self, first: &Request, second: &Request) -> Kept {
        let answer = self.replays(first)?;
        self.send(second)?.repeats(&answer)
    }

    /// These are two claims: each runs, and each has its own record.
    pub(super) fn takes_for_two(&self, first: &Request, second: &Request) -> Kept {
        let answer = self.replays(first)?;
        let other = self.send(second)?.must_be_first()?;
        self.send(first)?.repeats(&answer)?;
        self.send(second)?.repeats(&other)
    }

    /// Under one key these are different requests: the second gets 422, and the record of the first stands (N-23).
    pub(super) fn tells_apart(&self, first: &Request, second: &Request) -> Kept {
        let answer = self.replays(first)?;
        self.send(second)?.must_be(422)?;
        self.send(first)?.repeats(&answer)
    }

    /// Asks again, while it is told that the first attempt is running, until the answer is another.
    pub(super) fn settled(&self, request: &Request) -> Result<Response, String> {
        self.until("an answer other than 409", || {
            let answer = self.send(request)?;
            Ok((answer.status != 409).then_some(answer))
        })
    }

    /// Asks until there is something, or an error, or patience is over.
    pub(super) fn until<T>(
        &self,
        what: &str,
        mut probe: impl FnMut() -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(found) = probe()? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return differ(what, format!("none within {:?}", self.patience));
            }
            pause();
        }
    }

    /// These bytes get one of those statuses, and the connection closes with what lies behind them unread.
    pub(super) fn refuses(&self, bytes: impl AsRef<[u8]>, statuses: &[u16]) -> Kept {
        let mut wire = self.open()?;
        wire.send([bytes.as_ref(), &self.get().bytes()].concat());
        wire.answer()?.must_be_one_of(statuses)?;
        wire.half_close();
        wire.end()
    }
}

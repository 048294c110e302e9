//! Requests of every kind, each with what it does to the book.

use super::book::Book;
use super::kinds::{Ends, lab};
use crate::support::{Client, Random, Request, Response, Server, wait_until};

/// Small, so that the script runs into it.
const KEYS_MAX: u64 = 80;

/// A server, its book, and the keys that are known to both.
pub(crate) struct Script {
    pub(crate) server: Server,
    pub(crate) book: Book,
    admin: Client,
    /// Connections that live on.
    clients: Vec<Client>,
    random: Random,
    /// Requests whose answer is recorded, with its status; 410 for a tombstone.
    known: Vec<(Request, u16)>,
    next_key: usize,
}

impl Script {
    pub(crate) fn new(options: &[&str], clients: usize) -> Script {
        let server = Server::lab(options);
        let admin = Client::connect(server.admin_address());
        let mut script = Script {
            server,
            book: Book::new(),
            admin,
            clients: Vec::new(),
            random: Random::new(),
            known: Vec::new(),
            next_key: 0,
        };
        for _ in 0..clients {
            let client = script.connect();
            script.clients.push(client);
        }
        script
    }

    /// The server whose bounds the script reaches.
    pub(crate) fn bounded() -> Script {
        let keys = KEYS_MAX.to_string();
        let bounds = [
            ["--max-keys", &keys],
            ["--max-stored-response", "1000"],
            ["--max-content", "16KiB"],
            ["--workers", "4"], // two of them for handlers
            ["--scope", "field:X-Client"],
        ];
        Script::new(&bounds.concat(), 3)
    }

    /// The book agrees with the page.
    #[track_caller]
    pub(crate) fn check(&mut self, when: &str) {
        self.book.agrees(&mut self.admin, when);
    }

    /// A connection that is idle until something is sent.
    pub(crate) fn connect(&mut self) -> Client {
        self.book.add("nanoserve_connections_accepted_total", 1);
        self.book.add("nanoserve_connections{place=\"idle\"}", 1);
        self.server.connect()
    }

    /// Sends what is no answered request yet: half a one, or one whose handler takes its time.
    pub(crate) fn send(&mut self, client: &mut Client, bytes: &[u8]) {
        self.book.add("nanoserve_received_bytes_total", bytes.len());
        client.send(bytes);
    }

    /// Reads an answer and enters it.
    #[track_caller]
    pub(crate) fn answer(&mut self, client: &mut Client, status: u16) -> Response {
        self.any_answer(client).expect(status)
    }

    /// Reads an answer, whatever its status, and enters it.
    #[track_caller]
    pub(crate) fn any_answer(&mut self, client: &mut Client) -> Response {
        let answer = self.reading(client, Client::answer);
        self.book.answered(answer.status);
        answer
    }

    #[track_caller]
    pub(crate) fn is_told_to_continue(&mut self, client: &mut Client) {
        self.reading(client, Client::expect_continue);
    }

    /// Enters the bytes of what is read.
    #[track_caller]
    fn reading<T>(&mut self, client: &mut Client, read: impl FnOnce(&mut Client) -> T) -> T {
        let before = client.received();
        let found = read(client);
        let bytes = client.received() - before;
        self.book.add("nanoserve_sent_bytes_total", bytes);
        found
    }

    /// One number of the page as it is now.
    #[track_caller]
    pub(crate) fn gauge(&self, series: &str) -> u64 {
        self.server.metrics().count(series)
    }

    /// Waits until declared content of so many bytes is in flight: a head that is not answered yet has been read.
    #[track_caller]
    pub(crate) fn wait_for_content(&self, bytes: u64) {
        wait_until("the content to be in flight", || {
            self.gauge("nanoserve_content_in_flight_bytes") == bytes
        });
    }

    pub(crate) fn is_full(&mut self) -> bool {
        self.book.keys() == KEYS_MAX
    }

    /// The server closes what is between two requests, as it does when it drains.
    #[track_caller]
    pub(crate) fn all_idle_ones_end(&mut self) {
        for client in std::mem::take(&mut self.clients) {
            self.ended(client, "idle");
        }
    }

    /// An idle connection moves to another place, or back.
    pub(crate) fn moves(&mut self, from: &str, to: &str) {
        self.book
            .sub(&format!("nanoserve_connections{{place=\"{from}\"}}"), 1);
        self.book
            .add(&format!("nanoserve_connections{{place=\"{to}\"}}"), 1);
    }

    /// A connection from this place has ended.
    #[track_caller]
    pub(crate) fn ended(&mut self, mut client: Client, place: &str) {
        client.half_close();
        client.expect_end();
        self.book.add("nanoserve_connections_closed_total", 1);
        self.book
            .sub(&format!("nanoserve_connections{{place=\"{place}\"}}"), 1);
    }

    /// One request and its answer, on a connection that lives on if the answer lets it.
    #[track_caller]
    pub(crate) fn exchange(&mut self, request: &Request, status: u16) -> Response {
        let chosen = self.random.below(self.clients.len());
        let mut client = self.clients.swap_remove(chosen);
        let bytes = request.bytes().len();
        self.book.add("nanoserve_received_bytes_total", bytes);
        let answer = self.reading(&mut client, |client| client.exchange(request));
        self.book.answered(status);
        if answer.says_close() {
            self.ended(client, "idle");
            client = self.connect();
        }
        self.clients.push(client);
        answer.expect(status)
    }

    /// A request that the server refuses in its own words.
    #[track_caller]
    pub(crate) fn refused(&mut self, request: &Request, status: u16, name: &str) {
        self.book.refused(name);
        self.exchange(request, status).expect_problem(status, name);
    }

    /// A request that runs, whether or not it has a key; `problem` is its answer's type, where that is a problem document.
    #[track_caller]
    pub(crate) fn runs(&mut self, request: &Request, status: u16, problem: &str) -> Response {
        let answer = self.exchange(request, status);
        self.book.handled(0);
        if !problem.is_empty() {
            self.book.refused(problem);
        }
        if problem == "handler-failed" {
            self.book.add("nanoserve_handler_panics_total", 1);
        }
        answer
    }

    /// A request with a new key: it executes, or there is no room.
    #[track_caller]
    pub(crate) fn claims(&mut self, request: Request, status: u16, problem: &str, ends: &Ends) {
        self.next_key += 1;
        let key = format!("key-{}", self.next_key);
        let request = request.key(&key);
        if self.is_full() {
            self.book.guard("full");
            return self.refused(&request, 503, "keys-full");
        }
        let answer = self.runs(&request, status, problem);
        self.book.claimed(key.len());
        match ends {
            Ends::Recorded => {
                self.book.completed(&answer);
                self.known.push((request, status));
            }
            Ends::Buried => {
                self.book.buried();
                self.known.push((request, 410));
            }
            Ends::Released => self.book.released(key.len()),
        }
    }

    /// A key that is known, and the status of its replay; one is made if there is none.
    pub(crate) fn a_known_one(&mut self) -> (Request, u16) {
        if self.known.is_empty() {
            self.claims(lab("known"), 201, "", &Ends::Recorded);
        }
        let chosen = self.random.below(self.known.len());
        self.known[chosen].clone()
    }

    /// One of so many.
    pub(crate) fn draw(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }
}

//! The wiring: a `Server` is a public listener with the lifecycle behind it, an admin listener, a guard and its sweeper.
//!
//! This is also how the library is used: a state, a table of routes, a `Config`.

use crate::admin::Admin;
use crate::app::Route;
use crate::clock::Clock;
use crate::config::{Config, Duplicates};
use crate::contract_page::ContractPage;
use crate::http::problem::{PRECEDENCE, ProblemType};
use crate::http::snapshot;
use crate::http::status::Status;
use crate::idempotency::guard::{Guard, GuardConfig};
use crate::idempotency::sweeper::Sweeper;
use crate::idempotency::table::TableShape;
use crate::lifecycle::{Lifecycle, handler_failed};
use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_DRAIN_MS, ADMIN_WORKERS, WAITERS_MAX};
use crate::log::{Level, Log};
use crate::metrics::Meters;
use crate::server::listener::{Drained, Listener, ListenerConfig, View};
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::Builder;

/// A server that is bound and not yet accepting.
pub struct Server {
    public: Listener,
    admin: Option<Listener>,
    sweeper: Arc<Sweeper>,
    drain_ms: u64,
}

/// Asks a running server to drain; clones do the same.
#[derive(Clone)]
pub struct Drain(View);

impl Server {
    /// Binds both addresses and starts every thread. `problems` are the application's own problem types, for the contract
    /// page and the metrics.
    ///
    /// # Errors
    /// An address cannot be had, or the system has no threads to give.
    pub fn bind<S: Send + Sync + 'static>(
        config: &Config,
        log: &Log,
        state: S,
        routes: Vec<Route<S>>,
        problems: &[&'static ProblemType],
    ) -> io::Result<Server> {
        let clock = Clock::system();
        let all_problems = PRECEDENCE
            .iter()
            .chain(problems)
            .map(|kind| kind.name)
            .collect();
        let meters = Arc::new(Meters::new(all_problems));
        let guard = Arc::new(Guard::new(guard_config(config), clock.clone()));
        let sweeper = Arc::new(start_sweeper(&guard, log)?);
        let page = ContractPage::new(config, problems);
        let lifecycle = Lifecycle {
            state,
            routes,
            page: page.clone(),
            guard: Arc::clone(&guard),
            sweeper: Arc::clone(&sweeper),
            scope: config.scope.clone(),
            wait_ms: match config.duplicates {
                Duplicates::Reject => 0,
                Duplicates::Wait => config.wait_timeout_ms,
            },
            log: log.clone(),
        };
        let public = ListenerConfig {
            name: "worker",
            address: config.listen,
            workers: config.workers,
            connections_max: config.connections_max,
            content_max: config.content_max,
            inflight_content_max: config.inflight_content_max,
        };
        let public = Listener::start(
            &public,
            Arc::new(lifecycle),
            clock.clone(),
            log.clone(),
            &meters,
        )?;
        let admin = match config.admin {
            None => None,
            Some(address) => {
                let view = public.view();
                let service = Admin {
                    guard,
                    view,
                    meters,
                    log: log.clone(),
                    page,
                };
                let own_meters = Meters::new(Vec::new());
                let config = admin_config(address);
                Some(Listener::start(
                    &config,
                    Arc::new(service),
                    clock,
                    log.clone(),
                    &own_meters,
                )?)
            }
        };
        Ok(Server {
            public,
            admin,
            sweeper,
            drain_ms: config.drain_ms,
        })
    }

    /// Where requests are served.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// Where the admin listener is.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::address)
    }

    /// What asks this server to drain.
    pub fn drain(&self) -> Drain {
        Drain(self.public.view())
    }

    /// Serves on the calling thread until a drain is done.
    ///
    /// # Errors
    /// The admin listener's thread cannot be made.
    pub fn serve(self) -> io::Result<Drained> {
        let Server {
            public,
            admin,
            sweeper,
            drain_ms,
        } = self;
        let admin = match admin {
            None => None,
            Some(listener) => {
                let view = listener.view();
                // The admin listener answers until the end, so it drains after the public one, and quickly.
                let serve = move || listener.serve(ADMIN_DRAIN_MS);
                Some((
                    view,
                    Builder::new().name("admin-accept".into()).spawn(serve)?,
                ))
            }
        };
        let drained = public.serve(drain_ms.saturating_sub(ADMIN_DRAIN_MS));
        if let Some((view, thread)) = admin {
            view.drain();
            let _ = thread.join(); // its panics would be ours, and change nothing about how the drain ended
        }
        drop(sweeper); // ends its thread when the last worker has gone
        Ok(drained)
    }
}

impl Drain {
    /// Begins the drain; returns at once.
    pub fn begin(&self) {
        self.0.drain();
    }
}

fn guard_config(config: &Config) -> GuardConfig {
    let last_net = (
        Status::INTERNAL_SERVER_ERROR.code(),
        snapshot::encode(&handler_failed("")),
    );
    GuardConfig {
        ttl_ms: config.ttl_ms,
        keys_max: config.keys_max,
        bytes_max: config.bytes_max,
        stored_max: config.stored_response_max,
        // Who waits holds a connection, and no newcomer can make it give way: half of them stay for others (N-22).
        waiters_max: WAITERS_MAX.min(config.connections_max / 2),
        last_net,
        shape: TableShape::default(),
    }
}

fn admin_config(address: SocketAddr) -> ListenerConfig {
    ListenerConfig {
        name: "admin",
        address,
        workers: ADMIN_WORKERS,
        connections_max: ADMIN_CONNECTIONS_MAX,
        content_max: 0,
        inflight_content_max: 0,
    }
}

fn start_sweeper(guard: &Arc<Guard>, log: &Log) -> io::Result<Sweeper> {
    let log = log.clone();
    // Before the table is full there is still time to raise a bound or shorten the TTL (N-43).
    let warn = move |percent: usize| {
        let fields: &[(&str, &dyn Display)] = &[("percent", &percent)];
        log.event(Level::Info, "keys-nearly-full", fields);
    };
    Sweeper::start(Arc::clone(guard), warn)
}

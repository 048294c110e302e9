//! Claims about src/admin/mod.rs, by topic; here what they share: the admin service beside a house.

pub mod pages;
pub mod protections;

use crate::lifecycle::{Answer, Client, House, Setup, request};
use crate::server::Scripted;
use nanoserve::admin::Admin;
use nanoserve::config::Config;
use nanoserve::contract_page::ContractPage;
use nanoserve::log::Log;
use nanoserve::metrics::Meters;
use nanoserve::server::budget::{Budget, GivesWay};
use nanoserve::server::listener::{Listener, ListenerConfig};
use nanoserve::server::service::HandlerPlaces;
use nanoserve::server::worker::Shared;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The admin service beside a house: its guard and meters are the house's, its view that of a listener nobody calls.
struct Desk {
    house: House,
    public: Listener,
    shared: Arc<Shared>,
    own_meters: Meters,
}

impl Desk {
    fn new(setup: Setup) -> Desk {
        let house = House::new(setup);
        let config = ListenerConfig {
            name: "test",
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 1,
            connections_max: 10,
            content_max: 0,
            inflight_content_max: 0,
        };
        let service = Arc::new(Scripted::default());
        let clock = house.clock.clone();
        let public = Listener::start(&config, service, clock.clone(), Log::off(), &house.meters)
            .expect("port 0 is always free");
        let admin = Admin {
            guard: Arc::clone(&house.guard),
            view: public.view(),
            meters: Arc::clone(&house.meters),
            log: Log::off(),
            page: ContractPage::new(&Config::default(), &[]),
        };
        let budgets = (
            Budget::new(0, GivesWay::SlowestBelowRate),
            Budget::new(1 << 20, GivesWay::LongestHeld),
        );
        let places = HandlerPlaces::new(1);
        let shared = Shared::new(Arc::new(admin), clock, Log::off(), places, budgets, 0);
        Desk {
            house,
            public,
            shared: Arc::new(shared),
            own_meters: Meters::new(Vec::new()),
        }
    }

    #[track_caller]
    fn ask(&self, bytes: &[u8]) -> Answer {
        Client::new(&self.shared, self.own_meters.meter()).ask(bytes)
    }

    #[track_caller]
    fn get(&self, target: &str) -> Answer {
        self.ask(&local(&format!("GET {target}"), &[]))
    }

    /// The look-up of a key, which must be there.
    #[track_caller]
    fn key(&self, target: &str) -> String {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.field("Content-Type"), "application/json");
        answer.content
    }
}

/// A request that names a host of its own choice, or none.
fn with_host(line: &str, host: Option<&str>, fields: &[&str]) -> Vec<u8> {
    let host = host.map_or(String::new(), |host| format!("Host: {host}\r\n"));
    let text = String::from_utf8(request(line, fields, "")).expect("requests here are text");
    text.replacen("Host: h\r\n", &host, 1).into_bytes()
}

fn local(line: &str, fields: &[&str]) -> Vec<u8> {
    with_host(line, Some("localhost:8081"), fields)
}

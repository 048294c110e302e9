//! What really happened, read when all is quiet: how often each key's work was counted, and where the money is.

use super::clients::Storm;
use super::work::{COUNTED, Key};
use crate::support::{Request, Server, wait_until};
use std::collections::HashMap;

/// How many counts are asked for in one go.
const BATCH: usize = 64;
/// What alice and bob have together before the first payment.
const MONEY: u64 = 2 * 100_000_000_000;

/// Waits until nothing that any client sent can still run.
pub(crate) fn wait_for_quiet(server: &Server) {
    // Accepted after all others, as its answer shows; from then on the gauges tell of every connection.
    server.send(&Request::get("/")).expect(200);
    wait_until("every connection to be closed", || {
        let metrics = server.metrics();
        let places = ["queue", "idle", "waiting", "visited"];
        let open =
            places.map(|place| metrics.get(&format!("nanoserve_connections{{place=\"{place}\"}}")));
        open.iter().sum::<f64>() + metrics.pending() == 0.0
    });
}

/// How often the work of each key was counted, in the keys' order.
pub(crate) fn runs(server: &Server, storm: &Storm<'_>, numbers: &[usize]) -> Vec<u64> {
    let balances = balances(server);
    let keys: Vec<Key> = numbers.iter().map(|number| storm.key(*number)).collect();
    let mut counts = lab_counts(server, keys.iter().filter(|key| !key.is_payment()));
    keys.iter()
        .map(|key| {
            if key.is_payment() {
                Key::payments(balances.get(&key.count_name()).copied().unwrap_or(0))
            } else {
                counts.next().expect("one for each key of the lab")
            }
        })
        .collect()
}

fn lab_counts<'k>(
    server: &Server,
    keys: impl Iterator<Item = &'k Key>,
) -> impl Iterator<Item = u64> {
    let names: Vec<String> = keys.map(Key::count_name).collect();
    let mut client = server.connect();
    let mut counts = Vec::new();
    for names in names.chunks(BATCH) {
        for name in names {
            client.send(Request::get(&format!("/lab/runs/{name}")).bytes());
        }
        for _ in names {
            let runs = client.answer().expect(200).runs();
            counts.push(u64::try_from(runs).expect("a count"));
        }
    }
    counts.into_iter()
}

/// Every account's balance; none of the money was lost or made (N-81).
fn balances(server: &Server) -> HashMap<String, u64> {
    let page = server.send(&Request::get("/accounts")).expect(200).json();
    let accounts = page.get("accounts").list().iter().map(|account| {
        let balance = account.get("balances").get("EUR").number();
        let balance = u64::try_from(balance).expect("nobody can owe");
        (account.get("name").text().to_owned(), balance)
    });
    let balances: HashMap<String, u64> = accounts.collect();
    assert_eq!(balances.values().sum::<u64>(), MONEY, "money is conserved");
    let page = server.send(&Request::get("/payments?limit=1")).expect(200);
    let made = balances
        .iter()
        .filter(|(name, _)| name.starts_with(COUNTED));
    let made: u64 = made.map(|(_, balance)| Key::payments(*balance)).sum();
    assert_eq!(
        page.json().get("total").number(),
        i64::try_from(made).expect("a count")
    );
    balances
}

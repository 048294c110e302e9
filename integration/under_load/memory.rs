//! What a full table weighs.

use crate::support::{Request, Server, flood, wait_until};
use serial_test::serial;

const BYTES_MAX: u64 = 64 * 1024 * 1024;
const ANSWER_BYTES: u64 = 8_000;
/// More than fit, answers alone. Where even so many find room, they expire faster than they come.
const SENT_MAX: u64 = 2 * BYTES_MAX / ANSWER_BYTES;

// N-24, N-42, N-43: two waves of keys whose answers have one size, each until there is no room. What is not counted, not given
// back or not given out again shows in what the kernel counts for the process.
#[test]
#[serial]
fn a_full_table_weighs_its_bound_and_a_fifth_and_the_next_one_hardly_more() {
    let server = Server::lab(&["--max-bytes", "64MiB", "--ttl", "3s", "--log=off"]);
    server.metrics(); // the admin listener is up too: now every thread is there
    let target = format!("wave?bytes={ANSWER_BYTES}");
    let resident = || server.status("VmRSS") * 1024;
    let empty = resident();
    let full = ["first", "second"].map(|wave| {
        let flooded = flood(&server, 0..SENT_MAX, true, |number| {
            Request::lab(&target).key(format!("{wave}-{number:08}"))
        });
        assert!(flooded.refused > 0, "never full");
        let weighed = resident() - empty;
        println!("{wave} wave: {weighed} bytes resident");
        if wave == "first" {
            wait_until("all keys to expire", || server.metrics().bytes() < 1.0);
        }
        weighed
    });
    assert!(full[0] <= BYTES_MAX * 6 / 5, "{full:?} resident");
    assert!(full[1] <= full[0] * 21 / 20, "{full:?} resident");
}

//! The guard, and the two maps that one would write first, behind one door.
//!
//! The maps do the work that the guard does for a request: a key is the caller's scope and its key copied in, its value
//! an `Arc`ed record that compares fingerprints, is completed once and expires by the same clock. What they leave out
//! is on the guard's bill alone: bounds on keys and bytes, tickets, release, and room for a sweeper that stops nobody.

use crate::keys::Uuid;
use nanoserve::clock::Clock;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, Stored};
use nanoserve::idempotency::key::Key;
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::scope::ScopeDigest;
use nanoserve::limits::{BYTES_MAX_MAX, TTL_MS};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// The key was new: claimed and completed.
    Executed,
    /// Its answer was there.
    Replayed,
}

/// Somewhere to keep the answers to requests.
pub trait Store: Sync {
    /// A request with this key, from one caller and always the same: claim and complete, or replay.
    fn serve(&self, key: &Uuid) -> Served;
}

/// A request with a new key.
pub fn insert(store: &dyn Store, key: &Uuid) {
    assert_eq!(store.serve(key), Served::Executed);
}

/// Makes a store without keys.
pub type Empty = fn() -> Box<dyn Store>;

/// All of them.
pub const STORES: [(&str, Empty); 3] = [
    ("Guard", || Box::new(Guarded::new())),
    ("Mutex<HashMap>", || Box::new(Locked::<Mutex<Map>>::new())),
    ("RwLock<HashMap>", || Box::new(Locked::<RwLock<Map>>::new())),
];

/// Room for the largest bench, growth.rs; bytes as many as those need.
const KEYS_MAX: usize = 4_000_000;
/// An answer as it is recorded: about what an echo or a payment leaves.
const SNAPSHOT: [u8; 300] = [b'x'; 300];
const FINGERPRINT: Fingerprint = Fingerprint([7; 32]);
const SCOPE: ScopeDigest = ScopeDigest([9; 32]);

struct Guarded(Guard);

impl Guarded {
    fn new() -> Guarded {
        let config = GuardConfig {
            keys_max: KEYS_MAX,
            bytes_max: BYTES_MAX_MAX,
            ..GuardConfig::default()
        };
        Guarded(Guard::new(config, Clock::system()))
    }
}

impl Store for Guarded {
    fn serve(&self, key: &Uuid) -> Served {
        let key = Key::new(key).expect("36 bytes are within a key's bounds");
        match self.0.admit(&SCOPE, key, &FINGERPRINT, || true) {
            Admission::Execute(ticket) => {
                ticket.complete(Outcome::Answer {
                    label: 200,
                    snapshot: SNAPSHOT.to_vec(),
                    content_bytes: SNAPSHOT.len(),
                });
                Served::Executed
            }
            Admission::Replay(replay) => {
                if let Stored::Snapshot(bytes) = replay.stored() {
                    black_box((*bytes).as_ref());
                }
                Served::Replayed
            }
            _ => panic!("no two threads of a bench claim one key, and its tables have room"),
        }
    }
}

type Map = HashMap<Vec<u8>, Arc<Held>>;

/// A record, as plain as it can be.
struct Held {
    fingerprint: Fingerprint,
    claimed_at_ms: u64,
    completion: OnceLock<(u64, Box<[u8]>)>,
}

struct Locked<L> {
    map: L,
    clock: Clock,
}

/// The two ways to look a key up and to put it in.
trait MapLock: Default + Sync {
    fn get_or_insert(&self, key: &[u8], make: impl FnOnce() -> Arc<Held>) -> Claim;
}

enum Claim {
    New(Arc<Held>),
    Known(Arc<Held>),
}

const POISONED: &str = "nothing under this lock panics";

impl MapLock for Mutex<Map> {
    /// Under one hold of the lock, what it allocates included: to let go in between would be to look again.
    fn get_or_insert(&self, key: &[u8], make: impl FnOnce() -> Arc<Held>) -> Claim {
        let mut map = self.lock().expect(POISONED);
        if let Some(known) = map.get(key) {
            return Claim::Known(Arc::clone(known));
        }
        let held = make();
        map.insert(key.to_vec(), Arc::clone(&held));
        Claim::New(held)
    }
}

impl MapLock for RwLock<Map> {
    /// A hit takes the lock for reading; a claim looks again when it has it for writing, and allocates before.
    fn get_or_insert(&self, key: &[u8], make: impl FnOnce() -> Arc<Held>) -> Claim {
        if let Some(known) = self.read().expect(POISONED).get(key) {
            return Claim::Known(Arc::clone(known));
        }
        let (held, key) = (make(), key.to_vec());
        let mut map = self.write().expect(POISONED);
        let standing = map.entry(key).or_insert_with(|| Arc::clone(&held));
        if Arc::ptr_eq(standing, &held) {
            Claim::New(held)
        } else {
            Claim::Known(Arc::clone(standing))
        }
    }
}

impl<L: MapLock> Locked<L> {
    fn new() -> Locked<L> {
        Locked {
            map: L::default(),
            clock: Clock::system(),
        }
    }
}

impl<L: MapLock> Store for Locked<L> {
    fn serve(&self, key: &Uuid) -> Served {
        let mut whose = [0; 32 + 36];
        whose[..32].copy_from_slice(&SCOPE.0);
        whose[32..].copy_from_slice(key);
        let make = || {
            Arc::new(Held {
                fingerprint: FINGERPRINT,
                claimed_at_ms: self.clock.now_ms(),
                completion: OnceLock::new(),
            })
        };
        match self.map.get_or_insert(&whose, make) {
            Claim::New(held) => {
                let expires_at_ms = self.clock.now_ms() + TTL_MS;
                let set = held.completion.set((expires_at_ms, Box::new(SNAPSHOT)));
                assert!(set.is_ok(), "whoever claimed completes, and nobody else");
                black_box(held.claimed_at_ms);
                Served::Executed
            }
            Claim::Known(held) => {
                let (expires_at_ms, bytes) = held
                    .completion
                    .get()
                    .expect("no two threads of a bench claim one key");
                let live = self.clock.now_ms() < *expires_at_ms;
                assert!(live && held.fingerprint == black_box(FINGERPRINT));
                black_box(bytes);
                Served::Replayed
            }
        }
    }
}

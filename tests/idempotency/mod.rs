//! Claims about src/idempotency/, a file each, and `stress` about all of it; `scene` and `stops` are what they are staged
//! with, and `explorer` plays every interleaving.

pub mod capacity;
pub mod explorer;
pub mod fingerprint;
pub mod guard;
pub mod key;
pub mod points;
pub mod record;
mod scene;
pub mod scope;
pub mod sha256;
mod stops;
pub mod stress;
pub mod sweeper;
pub mod table;
pub mod waiters;

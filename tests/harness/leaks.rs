//! What a test left behind: descriptors and threads of this process that were not there before it ran.
//!
//! Linux shows both under /proc/self; where that is missing nothing is found and nothing fails. They are compared as
//! sets, not as counts, so that something old which ends meanwhile cannot hide something new, and so that the report can
//! name what was left.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long after a test its threads may take to be gone: a joined thread is still listed for a moment, and a test that
/// drops a server need not join every thread of it.
const GRACE: Duration = Duration::from_secs(2);

/// What the process has open at one moment.
pub struct Open(BTreeSet<String>);

impl Open {
    /// Looks now.
    pub fn now() -> Open {
        let descriptors = names("/proc/self/fd").into_iter().filter_map(|number| {
            // The listing's own descriptor is in the list and closed by now: it has no target and falls out here.
            let target = fs::read_link(Path::new("/proc/self/fd").join(&number)).ok()?;
            Some(format!("descriptor {number} -> {}", target.display()))
        });
        let threads = names("/proc/self/task").into_iter().filter_map(|number| {
            let name = fs::read_to_string(format!("/proc/self/task/{number}/comm")).ok()?;
            Some(format!("thread {number} {:?}", name.trim_end()))
        });
        Open(descriptors.chain(threads).collect())
    }

    /// What is open now and was not then, given time to go away.
    pub fn left_since(&self) -> Vec<String> {
        let deadline = Instant::now() + GRACE;
        loop {
            let left: Vec<String> = Open::now().0.difference(&self.0).cloned().collect();
            if left.is_empty() || Instant::now() >= deadline {
                return left;
            }
            thread::sleep(Duration::from_millis(1)); // nothing tells when a thread is gone from /proc
        }
    }
}

fn names(folder: &str) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|line| line.ok()?.file_name().into_string().ok())
        .collect()
}

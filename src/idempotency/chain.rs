//! A bucket's chain: a singly linked list of nodes, one a key.
//!
//! What is done here is done under the bucket's lock (table.rs): walk, compare, link, unlink. Nodes are made before
//! that lock is taken and dropped after it; nothing here allocates, frees or can panic.

use crate::idempotency::key::{Key, StoredKey};
use crate::idempotency::record::Record;
use crate::idempotency::scope::ScopeDigest;
use crate::limits::KEY_OVERHEAD_BYTES;
use std::sync::Arc;

type Link = Option<Box<Node>>;

/// A key in the table, and the record of its latest claim.
pub struct Node {
    hash: u64,
    next: Link,
    /// Exchanged when an expired or released record is replaced in place.
    pub(super) record: Arc<Record>,
    scope: ScopeDigest,
    key: StoredKey,
}

/// The nodes of one bucket, the newest first.
pub struct Chain {
    head: Link,
    /// Whether the bucket has taken over its nodes from its parent (table.rs).
    split: bool,
}

// What one key costs beyond its key and snapshot bytes, in bytes as glibc's malloc gives them out (8 more than asked
// for, rounded up to 16). A UUID as key and a snapshot of 300 bytes, a million keys in 2^20 buckets:
//   node             104 + 8 = 112, less the 36 of the key within it      76
//   record, shared   16 + 88 + 8                                         112
//   snapshot         300 + 8 rounded up to 320, less the 300              20
//   bucket           32 x 1.05                                            34     242 together (measured: 242)
// It is most for a key just over 46 bytes, which lies in a chunk of its own, with the shortest of responses, in a table
// that has just doubled: 457 for 47 and 73 bytes (measured: 457), that is 337 beyond them and 1.19 of what they count for.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Node>() == 104 && size_of::<Chain>() == 16);

impl Node {
    /// A node that is not linked yet.
    pub fn new(hash: u64, scope: &ScopeDigest, key: Key<'_>, record: Arc<Record>) -> Box<Node> {
        Box::new(Node {
            hash,
            next: None,
            record,
            scope: *scope,
            key: StoredKey::new(key),
        })
    }

    /// The record of the key's latest claim.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Whose key it is.
    pub fn scope(&self) -> &ScopeDigest {
        &self.scope
    }

    /// The key's bytes.
    pub fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// What counts against the bound on bytes for this node, its record as it stands now.
    pub fn charge(&self) -> usize {
        charge(self.key().len(), self.record.response_bytes())
    }

    fn is(&self, hash: u64, scope: &ScopeDigest, key: Key<'_>) -> bool {
        // The hash first: it tells nearly all others apart without touching another cache line.
        self.hash == hash && self.key() == key.as_bytes() && self.scope == *scope
    }
}

/// Bytes that a key and its response count for (N-43).
pub fn charge(key_bytes: usize, response_bytes: usize) -> usize {
    KEY_OVERHEAD_BYTES + key_bytes + response_bytes
}

impl Chain {
    /// An empty chain; `split` where the bucket has no parent to take nodes from.
    pub fn new(split: bool) -> Chain {
        Chain { head: None, split }
    }

    /// Whether the bucket has taken over its nodes.
    pub fn is_split(&self) -> bool {
        self.split
    }

    /// The node of a key.
    pub fn find(&self, hash: u64, scope: &ScopeDigest, key: Key<'_>) -> Option<&Node> {
        self.nodes().find(|node| node.is(hash, scope, key))
    }

    /// The node of a key, to exchange its record.
    pub fn find_mut(&mut self, hash: u64, scope: &ScopeDigest, key: Key<'_>) -> Option<&mut Node> {
        let mut link = &mut self.head;
        while let Some(node) = link {
            if node.is(hash, scope, key) {
                return Some(node);
            }
            link = &mut node.next;
        }
        None
    }

    /// All nodes, the newest first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.head.as_deref(), |node| node.next.as_deref())
    }

    /// Puts a node first. The caller has seen under the same lock that its key is not there.
    pub fn link(&mut self, mut node: Box<Node>) {
        node.next = self.head.take();
        self.head = Some(node);
    }

    /// Takes out the first node that fits, whole, for the caller to drop after the lock.
    pub fn unlink(&mut self, fits: impl Fn(&Node) -> bool) -> Option<Box<Node>> {
        take_first(&mut self.head, &fits).1
    }

    /// Moves all nodes that fit to another chain; returns how many. One pass.
    pub fn move_into(&mut self, to: &mut Chain, fits: impl Fn(&Node) -> bool) -> usize {
        let mut moved = 0;
        let mut link = &mut self.head;
        loop {
            let (rest, taken) = take_first(link, &fits);
            let Some(node) = taken else { return moved };
            to.link(node);
            moved += 1;
            link = rest;
        }
    }

    /// The second half of a split: the child's nodes, by the mask of its own level, and the flag.
    pub(super) fn fill_from(&mut self, parent: &mut Chain, child: usize, mask: usize) -> usize {
        let moved = parent.move_into(self, |node| index(node.hash, mask) == child);
        self.split = true;
        moved
    }
}

/// The bucket a hash belongs to, of as many as `mask` has places for.
#[allow(clippy::cast_possible_truncation)] // only the low bits are used, and a usize has them
pub(super) fn index(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

/// Unlinks the first node that fits, and returns the link where it hung, to go on from there.
fn take_first(mut link: &mut Link, fits: impl Fn(&Node) -> bool) -> (&mut Link, Option<Box<Node>>) {
    // Two looks for one: a `while let` that asks and goes on at once would still borrow the link after the loop, for the
    // compiler's eyes. The second look always finds a node.
    while link.as_ref().is_some_and(|node| !fits(node)) {
        match link {
            Some(node) => link = &mut node.next,
            None => return (link, None),
        }
    }
    let taken = link.take().map(|mut node| {
        *link = node.next.take();
        node
    });
    (link, taken)
}

impl Drop for Chain {
    // The compiler's own drop would call itself once a node, and a long chain would end the stack. Runs without a lock:
    // whoever drops a chain owns it.
    fn drop(&mut self) {
        let mut next = self.head.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

//! Claims about src/idempotency/table.rs and chain.rs.

use crate::harness::Test;
use crate::harness::random::Random;
use crate::idempotency::explorer::{Baton, Footprint, Play, Way};
use crate::idempotency::scene::{OTHER_SCOPE, PRINT, SCOPE, SMALLEST, key};
use crate::idempotency::stops::Stops;
use nanoserve::idempotency::chain::{Chain, Node};
use nanoserve::idempotency::points::{Point, Points, Silent};
use nanoserve::idempotency::record::Record;
use nanoserve::idempotency::scope::ScopeDigest;
use nanoserve::idempotency::table::{Table, TableShape, Work};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, RwLock};
use std::thread;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_key_is_found_in_whatever_order_buckets_are_touched", a_key_is_found_in_whatever_order_buckets_are_touched),
    ("a_child_takes_its_own_childrens_keys_along", a_child_takes_its_own_childrens_keys_along),
    ("a_count_that_doubled_after_it_was_loaded_is_looked_at_again", a_count_that_doubled_after_it_was_loaded_is_looked_at_again),
    ("two_that_split_one_bucket_move_each_node_once", two_that_split_one_bucket_move_each_node_once),
    ("a_key_is_linked_once_while_the_table_grows_under_eight_threads", a_key_is_linked_once_while_the_table_grows_under_eight_threads),
    ("no_insert_does_more_than_a_bounded_work_while_it_grows_to_200_000_keys", no_insert_does_more_than_a_bounded_work_while_it_grows_to_200_000_keys),
    ("a_table_never_grows_past_its_bound", a_table_never_grows_past_its_bound),
    ("two_tables_hash_one_key_differently", two_tables_hash_one_key_differently),
    ("a_chain_of_a_million_nodes_is_dropped_without_recursion", a_chain_of_a_million_nodes_is_dropped_without_recursion),
    ("moving_and_unlinking_leave_the_rest_in_order", moving_and_unlinking_leave_the_rest_in_order),
    ("a_node_takes_104_bytes_and_a_bucket_32", a_node_takes_104_bytes_and_a_bucket_32),
    ("every_interleaving_of_inserts_and_doublings_links_each_key_once", every_interleaving_of_inserts_and_doublings_links_each_key_once),
    ("keys_that_share_a_hash_stay_apart", keys_that_share_a_hash_stay_apart),
];

/// Links a key unless it is there.
fn insert<P: Points>(table: &Table, points: &P, bytes: &[u8], work: &mut Work) -> bool {
    let hash = table.hash(&SCOPE, key(bytes));
    let node = Node::new(hash, &SCOPE, key(bytes), Arc::new(Record::new(PRINT, 0)));
    let mut chain = table.write(points, hash, work);
    let is_new = chain.find(hash, &SCOPE, key(bytes)).is_none();
    if is_new {
        chain.link(node);
    }
    is_new
}

fn finds(table: &Table, bytes: &[u8]) -> bool {
    let hash = table.hash(&SCOPE, key(bytes));
    let chain = table.read(&Silent, hash, &mut Work::default());
    chain.find(hash, &SCOPE, key(bytes)).is_some()
}

/// Grows to twice the buckets.
fn double(table: &Table) {
    table.grow(table.buckets() + 1);
}

/// A key that hashes to `index` of `buckets`.
fn key_for(table: &Table, buckets: u64, index: u64) -> [u8; 4] {
    (0..u32::MAX)
        .map(u32::to_be_bytes)
        .find(|bytes| table.hash(&SCOPE, key(bytes)) % buckets == index)
        .expect("some key hashes there")
}

// N-4, N-44: growth and touches in random order; a wrong mask or a missed parent loses keys here.
fn a_key_is_found_in_whatever_order_buckets_are_touched() {
    let mut numbers = Random::new();
    for _ in 0..200 {
        let table = Table::new(256, SMALLEST);
        let mut inserted: Vec<[u8; 2]> = Vec::new();
        for number in 0..60_u16 {
            for _ in 0..numbers.below(3) {
                double(&table);
            }
            inserted.push(number.to_be_bytes());
            assert!(insert(
                &table,
                &Silent,
                &number.to_be_bytes(),
                &mut Work::default()
            ));
            let touched = inserted[numbers.below(inserted.len())];
            assert!(finds(&table, &touched), "{touched:?} is lost");
        }
        for bytes in &inserted {
            assert!(finds(&table, bytes), "{bytes:?} is lost");
        }
    }
}

// N-4: the count doubles twice before the child is touched.
fn a_child_takes_its_own_childrens_keys_along() {
    let table = Table::new(64, SMALLEST);
    let (child, grandchild) = (key_for(&table, 4, 1), key_for(&table, 4, 3));
    assert!(insert(&table, &Silent, &grandchild, &mut Work::default()));
    double(&table);
    double(&table);
    assert!(!finds(&table, &child)); // splits bucket 1 of 4 from bucket 0
    assert!(finds(&table, &grandchild), "left behind in bucket 0");
}

// N-4: a thread has loaded the count; before it locks its bucket the count doubles twice and its key is claimed where it
// now belongs.
fn a_count_that_doubled_after_it_was_loaded_is_looked_at_again() {
    let table = Table::new(64, SMALLEST);
    let stops = Stops::default();
    let bytes = key_for(&table, 4, 3);
    let loaded = stops.next_at(Point::CountLoaded);
    thread::scope(|scope| {
        let late = scope.spawn(|| insert(&table, &stops, &bytes, &mut Work::default()));
        loaded.reached();
        double(&table);
        double(&table);
        assert!(insert(&table, &Silent, &bytes, &mut Work::default()));
        loaded.go_on();
        assert!(!late.join().expect("the thread ends"), "linked twice");
    });
}

// N-4: one splitter holds the parent's lock and stands before the child's; another comes for the same child.
fn two_that_split_one_bucket_move_each_node_once() {
    let table = Table::new(64, SMALLEST);
    let stops = Stops::default();
    let bytes = key_for(&table, 2, 1);
    assert!(insert(&table, &Silent, &bytes, &mut Work::default()));
    double(&table);
    let between = stops.next_at(Point::BetweenSplitLocks);
    let splits = |points: &Stops| {
        let mut work = Work::default();
        assert!(!insert(&table, points, &bytes, &mut work));
        work.buckets_split
    };
    let total = thread::scope(|scope| {
        let first = scope.spawn(|| splits(&stops));
        between.reached();
        let second = scope.spawn(|| splits(&stops));
        stops.lock_awaited(); // it has seen that the child is unsplit, and waits for the parent
        between.go_on();
        first.join().expect("the thread ends") + second.join().expect("the thread ends")
    });
    assert_eq!(total, 1);
}

struct Growing {
    table: Table,
    baton: Baton,
    /// Hash to bucket 1 of however many, and to the last.
    keys: [[u8; 4]; 2],
    linked: AtomicUsize,
}

impl Growing {
    /// Links both keys unless they are there, one first, and doubles the table after each whatever it holds.
    fn act(&self, first: usize) {
        for number in [first, 1 - first] {
            let bytes = &self.keys[number];
            if insert(&self.table, &self.baton, bytes, &mut Work::default()) {
                self.linked.fetch_add(1, Ordering::SeqCst);
            }
            self.baton.touches(Footprint::DOUBLES);
            double(&self.table);
        }
    }
}

// N-4, N-44: one bucket at first; the count doubles under the feet of two threads that insert the same two keys.
fn every_interleaving_of_inserts_and_doublings_links_each_key_once() {
    let play = Play {
        name: "inserts and doublings".into(),
        stage: Box::new(|baton| {
            let table = Table::new(1000, SMALLEST);
            Growing {
                keys: [key_for(&table, 16, 1), key_for(&table, 16, 15)],
                table,
                baton,
                linked: AtomicUsize::new(0),
            }
        }),
        acts: vec![
            ("up", |growing| growing.act(0)),
            ("down", |growing| growing.act(1)),
        ],
        verify: |growing| {
            assert_eq!(growing.linked.load(Ordering::SeqCst), 2);
            let is_found = |bytes: &[u8; 4]| finds(&growing.table, bytes);
            assert!(growing.keys.iter().all(is_found));
        },
        steps_are_known: true,
    };
    let report = play
        .explore(Way::Classes)
        .unwrap_or_else(|shown| panic!("{shown}"));
    assert!(report.schedules > 500, "{report:?}");
}

// N-4
fn a_key_is_linked_once_while_the_table_grows_under_eight_threads() {
    const THREADS: usize = 8;
    const KEYS: u32 = 2_000;
    for _ in 0..5 {
        let table = Table::new(KEYS as usize, SMALLEST);
        let linked = AtomicUsize::new(0);
        let start = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for number in 0..KEYS {
                        if insert(&table, &Silent, &number.to_be_bytes(), &mut Work::default()) {
                            table.grow(linked.fetch_add(1, Ordering::Relaxed) + 1);
                        }
                    }
                });
            }
        });
        assert_eq!(linked.into_inner(), KEYS as usize);
        assert_eq!(table.buckets(), 2048);
        assert!((0..KEYS).all(|number| finds(&table, &number.to_be_bytes())));
    }
}

// N-44: an insert fills its bucket and, at most, the ancestors that nobody has touched; none of them is long.
fn no_insert_does_more_than_a_bounded_work_while_it_grows_to_200_000_keys() {
    for (shape, keys, pages_max) in [(TableShape::default(), 200_000, 4), (SMALLEST, 20_000, 8)] {
        let table = Table::new(200_000, shape);
        let (mut most, mut total) = (Work::default(), Work::default());
        for number in 0..keys {
            let bytes = usize::to_be_bytes(number);
            let mut work = Work::default();
            assert!(insert(&table, &Silent, &bytes, &mut work));
            table.grow(number + 1);
            most.pages_made = most.pages_made.max(work.pages_made);
            most.buckets_split = most.buckets_split.max(work.buckets_split);
            most.nodes_moved = most.nodes_moved.max(work.nodes_moved);
            total.buckets_split += work.buckets_split;
            total.nodes_moved += work.nodes_moved;
        }
        println!("most work of one insert: {most:?}, of all {total:?}");
        assert_eq!(table.buckets(), keys.next_power_of_two());
        assert!(most.pages_made <= pages_max, "{most:?}");
        assert!(
            most.buckets_split <= 18 && most.nodes_moved <= 64,
            "{most:?}"
        );
        assert!(total.nodes_moved <= 2 * keys, "{total:?}");
    }
}

// N-43
fn a_table_never_grows_past_its_bound() {
    let table = Table::new(100, SMALLEST);
    for _ in 0..20 {
        table.grow(usize::MAX);
    }
    assert_eq!(table.buckets(), 128);
    let nothing = Table::new(0, SMALLEST);
    nothing.grow(usize::MAX);
    assert_eq!(nothing.buckets(), 1);
    assert!(insert(&nothing, &Silent, b"k", &mut Work::default()));
}

// N-45: the hash is keyed anew for each table, so nobody can send keys that fall into one bucket.
fn two_tables_hash_one_key_differently() {
    let (one, other) = (Table::new(8, SMALLEST), Table::new(8, SMALLEST));
    assert_ne!(one.hash(&SCOPE, key(b"k")), other.hash(&SCOPE, key(b"k")));
    assert_eq!(one.hash(&SCOPE, key(b"k")), one.hash(&SCOPE, key(b"k")));
}

// N-43: on this thread's stack, as it is.
fn a_chain_of_a_million_nodes_is_dropped_without_recursion() {
    let record = Arc::new(Record::new(PRINT, 0));
    let mut chain = Chain::new(true);
    for number in 0..1_000_000_u32 {
        chain.link(Node::new(
            0,
            &SCOPE,
            key(&number.to_be_bytes()),
            Arc::clone(&record),
        ));
    }
    drop(chain);
    assert_eq!(Arc::strong_count(&record), 1, "every node is gone");
}

// N-15: hashes are 64 bits, digests 256; two keys that share a hash lie in one chain and stay apart.
fn keys_that_share_a_hash_stay_apart() {
    let record = || Arc::new(Record::new(PRINT, 0));
    let mut chain = Chain::new(true);
    let names: [(&ScopeDigest, &[u8]); 3] = [(&SCOPE, b"k"), (&OTHER_SCOPE, b"k"), (&SCOPE, b"kk")];
    for (number, (scope, bytes)) in names.into_iter().enumerate() {
        assert!(chain.find(7, scope, key(bytes)).is_none());
        chain.link(Node::new(7, scope, key(bytes), record()));
        assert_eq!(chain.nodes().count(), number + 1);
    }
    for (scope, bytes) in names {
        let found = chain.find(7, scope, key(bytes));
        assert!(found.is_some_and(|node| node.scope() == scope && node.key() == bytes));
        let found = chain.find_mut(7, scope, key(bytes)).map(|node| &*node);
        assert!(found.is_some_and(|node| node.scope() == scope && node.key() == bytes));
        assert!(chain.find(8, scope, key(bytes)).is_none());
    }
}

fn moving_and_unlinking_leave_the_rest_in_order() {
    let record = Arc::new(Record::new(PRINT, 0));
    let numbers = |chain: &Chain| chain.nodes().map(|node| node.key()[0]).collect::<Vec<_>>();
    for kept in 0..64_u8 {
        let (mut chain, mut moved) = (Chain::new(true), Chain::new(false));
        for number in (1..=6).rev() {
            chain.link(Node::new(
                u64::from(number),
                &SCOPE,
                key(&[number]),
                Arc::clone(&record),
            ));
        }
        let fits = |node: &Node| kept >> (node.key()[0] - 1) & 1 == 1;
        let all: Vec<u8> = (1..=6).collect();
        let (gone, left): (Vec<u8>, Vec<u8>) = all
            .iter()
            .partition(|number| kept >> (**number - 1) & 1 == 1);
        assert_eq!(chain.move_into(&mut moved, fits), gone.len());
        assert_eq!(numbers(&chain), left);
        assert_eq!(
            numbers(&moved),
            gone.iter().rev().copied().collect::<Vec<_>>()
        );
        if let Some(first) = left.first() {
            let node = chain.unlink(|node| node.key()[0] == *first);
            assert_eq!(node.map(|node| node.key()[0]), Some(*first));
            assert_eq!(numbers(&chain), left[1..]);
        }
        assert!(chain.unlink(|node| node.key()[0] == 99).is_none());
    }
}

// N-43: what KEY_OVERHEAD_BYTES is counted on.
fn a_node_takes_104_bytes_and_a_bucket_32() {
    assert_eq!(size_of::<Node>(), 104);
    assert_eq!(size_of::<RwLock<Chain>>(), 32);
}

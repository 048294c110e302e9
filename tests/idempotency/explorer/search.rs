//! Which schedule comes next: a depth-first walk through all choices of who goes on, free of threads and clocks.
//!
//! A node is a moment at which somebody has to go on. The first choice there is whoever ran before, so most steps need no
//! change of threads; a finished schedule is followed by the one that differs from it in its last choice that has another
//! left. Every schedule is thus played once, in an order that is the same in each run: its number names it.
//!
//! `Way::Classes` leaves out what would tell nothing new (sleep sets, Godefroid 1996). Two schedules are of one class if
//! they differ only in the order of neighbouring steps that commute (footprint.rs): they end alike. When all that begins
//! with a step of A at a node has been played, a later choice of B there lets A sleep: as long as only steps are made that
//! commute with A's, making A's step now would give a schedule of a class that was played when A went first. A wakes with
//! the first step that does not commute. Where all who could go on are asleep, what is left is of classes played before:
//! it is played to its end without choices, and not counted. So of each class exactly one schedule is counted.
//!
//! A thread whose lock is taken is not chosen again before a step has touched that lock; where nobody is left to choose,
//! all are tried once more before it is called a deadlock. So no deadlock is missed, and none is guessed.

use super::footprint::Footprint;
use crate::harness::random::Random;

/// Threads at most.
pub const THREADS_MAX: usize = 5;

/// Which schedules are played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Every one.
    All,
    /// One of each class.
    Classes,
    /// Those in which a thread that could go on is held up for another at most so often.
    Preemptions(usize),
    /// So many, drawn.
    Drawn(usize),
    /// The one in which these take the steps.
    Given(Vec<usize>),
}

/// What is to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    GoOn(usize),
    /// Everybody who has not ended waits for somebody else.
    Deadlock,
}

pub struct Search {
    way: Way,
    random: Option<Random>,
    /// The choices of the running schedule, and beyond `at` those of the one before that it shares.
    nodes: Vec<Node>,
    at: usize,
    /// From here on it was all played before.
    is_repeat: bool,
    /// Schedules, repeats not counted.
    pub played: u64,
    pub repeats: u64,
}

/// A set of threads, a bit for each.
type Threads = u8;

/// Something about each of some threads.
type Of<T> = [Option<T>; THREADS_MAX];

#[derive(Clone, Debug)]
struct Node {
    /// Who has not ended.
    alive: Threads,
    /// Who ran before, unless that was the last step of its act.
    current: Option<usize>,
    chosen: usize,
    /// What the chosen one's step touched.
    did: Footprint,
    /// Chosen here before, and all that came of it was played.
    played: Threads,
    /// What the next step of each sleeper touches.
    asleep: Of<Footprint>,
    /// What those wait for who found it taken, here or earlier.
    barred: Of<Footprint>,
    /// Who found it taken here.
    tried: Threads,
    /// How often the turn was taken from one that could go on, before this node.
    preemptions: usize,
    is_repeat: bool,
}

impl Search {
    pub fn new(way: Way) -> Search {
        Search {
            random: matches!(way, Way::Drawn(_)).then(Random::new),
            way,
            nodes: Vec::new(),
            at: 0,
            is_repeat: false,
            played: 0,
            repeats: 0,
        }
    }

    /// Whether the running schedule is of a class that was played before.
    pub fn is_repeat(&self) -> bool {
        self.is_repeat
    }

    /// The running schedule's, if it has one that is the same in each run.
    pub fn number(&self) -> Option<u64> {
        let is_in_order = !matches!(self.way, Way::Drawn(_) | Way::Given(_));
        is_in_order.then_some(self.played + 1)
    }

    /// Who goes on, of those that have not ended.
    pub fn choose(&mut self, alive: Threads, current: Option<usize>) -> Choice {
        if let Some(node) = self.nodes.get(self.at) {
            assert_eq!(node.alive, alive, "the play is not the same each time");
            return Choice::GoOn(node.chosen);
        }
        let node = Node {
            alive,
            current: current.filter(|current| has(alive, *current)),
            is_repeat: self.is_repeat,
            ..self.nodes.last().map_or_else(Node::first, Node::next)
        };
        self.nodes.push(node);
        self.pick()
    }

    /// The chosen one found its way barred: another goes on.
    pub fn refused(&mut self, by: Footprint) -> Choice {
        let node = &mut self.nodes[self.at];
        node.tried |= 1 << node.chosen;
        node.barred[node.chosen] = Some(by);
        self.pick()
    }

    /// The chosen one has made its step.
    pub fn did(&mut self, footprint: Footprint) {
        self.nodes[self.at].did = match self.way {
            Way::Classes => footprint,
            _ => Footprint::ALL, // nothing is taken for granted
        };
        self.at += 1;
    }

    /// The schedule has ended. Whether there is another one.
    pub fn next(&mut self) -> bool {
        if std::mem::take(&mut self.is_repeat) {
            self.repeats += 1;
        } else {
            self.played += 1;
        }
        self.at = 0;
        match &self.way {
            Way::All | Way::Classes | Way::Preemptions(_) => self.has_another(),
            Way::Drawn(schedules) => {
                self.nodes.clear();
                self.played < *schedules as u64
            }
            Way::Given(_) => false,
        }
    }

    fn has_another(&mut self) -> bool {
        while let Some(node) = self.nodes.last_mut() {
            node.played |= 1 << node.chosen;
            if self.way == Way::Classes {
                node.asleep[node.chosen] = Some(node.did);
            }
            if let Some(next) = node.open(&self.way) {
                node.chosen = next;
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    /// Chooses at the last node.
    fn pick(&mut self) -> Choice {
        let node = self.nodes.last_mut().expect("a node was made, or tried");
        let free = node.alive & !all_in(&node.barred);
        let choice = match (&self.way, &mut self.random) {
            (Way::Given(threads), _) => {
                let given = threads.get(self.at).copied();
                given.filter(|given| has(free, *given))
            }
            (Way::Drawn(_), Some(random)) if free != 0 => {
                let threads: Vec<usize> = (0..THREADS_MAX).filter(|t| has(free, *t)).collect();
                Some(*random.pick(&threads))
            }
            _ => node.open(&self.way),
        };
        let choice = choice.or_else(|| {
            if free == 0 {
                // What bars them was seen at an earlier node; before this is called a deadlock, all are tried again.
                return node.first_of(node.alive & !node.tried);
            }
            // Asleep, or played from here.
            self.is_repeat |= matches!(self.way, Way::Classes | Way::All | Way::Preemptions(_));
            node.first_of(free)
        });
        choice.map_or(Choice::Deadlock, |chosen| {
            node.chosen = chosen;
            Choice::GoOn(chosen)
        })
    }
}

impl Node {
    fn first() -> Node {
        Node {
            alive: 0,
            current: None,
            chosen: 0,
            did: Footprint::default(),
            played: 0,
            asleep: [None; THREADS_MAX],
            barred: [None; THREADS_MAX],
            tried: 0,
            preemptions: 0,
            is_repeat: false,
        }
    }

    /// The node after the chosen one's step.
    fn next(&self) -> Node {
        let lasting = |mut of: Of<Footprint>| {
            of[self.chosen] = None;
            of.map(|touched| touched.filter(|touched| touched.commutes_with(self.did)))
        };
        Node {
            asleep: lasting(self.asleep),
            barred: lasting(self.barred),
            preemptions: self.preemptions + usize::from(self.preempts(self.chosen)),
            ..Node::first()
        }
    }

    /// The next choice that leads to something new.
    fn open(&self, way: &Way) -> Option<usize> {
        if self.is_repeat {
            return None;
        }
        let mut open = self.alive & !self.played & !all_in(&self.asleep) & !all_in(&self.barred);
        if let Way::Preemptions(most) = way
            && self.preemptions == *most
        {
            let at_no_cost = |thread: &usize| !self.preempts(*thread);
            open &= (0..THREADS_MAX)
                .filter(at_no_cost)
                .fold(0, |set, thread| set | 1 << thread);
        }
        self.first_of(open)
    }

    fn first_of(&self, threads: Threads) -> Option<usize> {
        let current = self.current.filter(|current| has(threads, *current));
        current.or_else(|| (0..THREADS_MAX).find(|thread| has(threads, *thread)))
    }

    /// Whether to choose this one holds up another that could go on. Who could not has been tried by then: it comes first.
    fn preempts(&self, thread: usize) -> bool {
        let held_up = self.current.filter(|current| *current != thread);
        held_up.is_some_and(|current| self.barred[current].is_none())
    }
}

fn has(threads: Threads, thread: usize) -> bool {
    threads >> thread & 1 == 1
}

fn all_in(of: &Of<Footprint>) -> Threads {
    (0..THREADS_MAX)
        .filter(|thread| of[*thread].is_some())
        .fold(0, |set, thread| set | 1 << thread)
}

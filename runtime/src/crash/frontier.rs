//! The NVM images that outages can leave: which are known, and which still have to be recovered.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::vec::Vec;

use super::golden::Golden;
use super::image::{Digest, Image};
use super::patch::Patch;
use super::pending::Pending;
use super::rng::Rng;
use super::tear::{self, Grain, Tear, Thoroughness};

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub depth: u32,
    pub states: u64,
    pub reorder: bool,
    pub tears: Thoroughness,
    /// Commits equal to the golden run's after the first such one that a recovery is still followed over.
    pub settle: usize,
    /// Outages are tried up to this event of the golden run.
    pub until: usize,
    /// Also outages in recoveries.
    pub further: bool,
}

/// The outages that led to an image, last first.
pub(crate) struct Trail {
    pub write: u32,
    pub at: u32,
    pub len: u32,
    pub tear: Tear,
    /// Last commit of the golden run before it.
    pub commit: Option<u32>,
    pub before: Option<Rc<Trail>>,
}

/// An image that an outage left.
pub(crate) struct State {
    key: Digest,
    /// The moment of the golden run that the patch applies to: an index into its events.
    pub base: u32,
    pub patch: Patch,
    pub trail: Rc<Trail>,
    pub depth: u32,
    clean: bool,
    /// Last commit of the golden run before the outage.
    pub commit: Option<u32>,
}

/// Digests are random already.
#[derive(Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64 ^ (value >> 64) as u64;
    }
}

/// A map with digests as keys.
pub(crate) type DigestMap<T> = HashMap<Digest, T, BuildHasherDefault<Identity>>;

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub cuts: u64,
    pub tears: u64,
    pub reorderings: u64,
    pub states: u64,
    pub unexplored: u64,
    pub depth: u32,
}

/// Known images and those to recover. An outage that leaves a known image needs no second look, because recovery sees
/// NVM and nothing else: that is what makes outages during recovery affordable to every depth.
pub(crate) struct Frontier {
    pub limits: Limits,
    seed: u64,
    pub counts: Counts,
    /// Least number of outages that lead to an image.
    known: DigestMap<u32>,
    found: Vec<State>,
}

impl Frontier {
    pub(crate) fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            seed,
            counts: Counts::default(),
            known: DigestMap::default(),
            found: Vec::new(),
        }
    }

    /// The images found since the last call, in the order of the golden run.
    pub(crate) fn round(&mut self) -> Vec<State> {
        let mut round = core::mem::take(&mut self.found);
        round.sort_by_key(|state| state.base);
        round
    }

    /// Whether this image is still to be recovered, now that its turn has come.
    pub(crate) fn due(&mut self, state: &State) -> bool {
        if self
            .known
            .get(&state.key)
            .is_some_and(|&depth| depth < state.depth)
        {
            // It was found again with fewer outages, and recovered then.
            return false;
        }
        if state.depth > self.limits.depth {
            self.counts.unexplored += 1;
            return false;
        }
        self.counts.states += 1;
        self.counts.depth = self.counts.depth.max(state.depth);
        true
    }

    /// Whether an image with this digest is new, or new at this depth.
    fn is_new(&mut self, key: Digest, depth: u32) -> bool {
        if self.known.len() as u64 >= self.limits.states {
            // Nothing more can be remembered; what is not known is left out, and counted.
            let left_out = !self.known.contains_key(&key);
            self.counts.unexplored += u64::from(left_out);
            return false;
        }
        match self.known.entry(key) {
            Entry::Occupied(known) if *known.get() <= depth => false,
            Entry::Occupied(mut known) => {
                known.insert(depth);
                true
            }
            Entry::Vacant(new) => {
                new.insert(depth);
                true
            }
        }
    }
}

/// An execution as the frontier sees it: its image of NVM, and how it came here.
pub(crate) struct Walk {
    pub image: Image,
    pub base: u32,
    patch: Patch,
    pub trail: Option<Rc<Trail>>,
    pub depth: u32,
    /// All outages so far were between two writes. One write that leaves garbage is tried per sequence of outages: with
    /// more of them the images would be without number, and they are for the random schedules.
    clean: bool,
    pub commit: Option<u32>,
    pub writes: u64,
    pub settled: usize,
    pending: Pending,
}

impl Walk {
    pub(crate) fn new(image: Image) -> Self {
        let pending = Pending::new(image.bytes().len());
        Self {
            image,
            base: 0,
            patch: Patch::default(),
            trail: None,
            depth: 0,
            clean: true,
            commit: None,
            writes: 0,
            settled: 0,
            pending,
        }
    }

    /// Starts a recovery from a state; `base` is the image that its patch applies to.
    pub(crate) fn resume(&mut self, base: &Image, state: State) {
        self.image.clone_from(base);
        state.patch.apply(&mut self.image);
        self.base = state.base;
        self.patch = state.patch;
        self.trail = Some(state.trail);
        self.depth = state.depth;
        self.clean = state.clean;
        self.commit = state.commit;
        self.writes = 0;
        self.settled = 0;
        self.pending.settle();
    }

    /// All of NVM is as in the golden run before its event `base`.
    pub(crate) fn at_golden(&mut self, base: usize) {
        self.base = base as u32;
        self.patch = Patch::default();
    }

    fn context(&self, at: usize, len: usize) -> Context {
        Context {
            write: self.writes as u32,
            at: at as u32,
            len: len as u32,
            before: self.trail.clone(),
            depth: self.depth + 1,
            clean: self.clean,
            commit: self.commit,
            base: self.base,
        }
    }

    /// A write: all outages inside it, and the one right after it. `next` is the golden run's next event, if this is it.
    pub(crate) fn write(
        &mut self,
        at: usize,
        new: &[u8],
        grain: Grain,
        next: Option<usize>,
        golden: &Golden,
        frontier: &mut Frontier,
    ) {
        let mut context = self.context(at, new.len());
        let (image, patch) = (&self.image, &self.patch);
        let (mut key, mut done) = (image.key(), 0);
        for stop in tear::stops(at, new.len(), grain) {
            for (i, &byte) in new.iter().enumerate().take(stop).skip(done) {
                key = image.key_turned(key, at + i, byte);
            }
            done = stop;
            frontier.counts.tears += 1;
            if frontier.is_new(key, context.depth) {
                let patch = patch.with(at, &new[..stop]);
                frontier
                    .found
                    .push(context.state(key, patch, Tear::Prefix(stop as u32)));
            }
        }
        let old = &image.bytes()[at..at + new.len()];
        let changes = old != new;
        if self.clean {
            // The same write is always torn in the same random ways, or every repetition would lead to new images.
            let change = image.key_with(at, new) ^ image.key();
            let mut rng = Rng::new(frontier.seed ^ change as u64 ^ at as u64);
            tear::dirty(
                at,
                old,
                new,
                grain,
                frontier.limits.tears,
                &mut rng,
                &mut |torn, tear| {
                    frontier.counts.tears += 1;
                    let key = image.key_with(at, torn);
                    if frontier.is_new(key, context.depth) {
                        frontier
                            .found
                            .push(context.state(key, patch.with(at, torn), tear));
                    }
                },
            );
        }
        if frontier.limits.reorder {
            self.pending.add(&self.image, at, new);
        }
        self.image.put(at, new);
        self.writes += 1;
        frontier.counts.cuts += 1;
        if let Some(next) = next {
            self.at_golden(next);
        } else if changes {
            self.patch = self.patch.with(at, new);
        }
        let key = self.image.key();
        if frontier.is_new(key, context.depth) {
            context.base = self.base;
            // Right after a commit's last byte, the commit is done.
            context.commit = golden.commit_like(key).or(self.commit);
            frontier
                .found
                .push(context.state(key, self.patch.clone(), Tear::Clean));
        }
    }

    /// A barrier, or the end: all outages that lose writes since the last one.
    pub(crate) fn barrier(&mut self, frontier: &mut Frontier) {
        if !frontier.limits.reorder {
            return;
        }
        // Recoveries repeat regions, and may not repeat squares of them: the golden run's own are looked at closest.
        let (most, samples) = if self.depth == 0 {
            (usize::MAX, 4)
        } else {
            (64, 0)
        };
        let mut context = self.context(0, 0);
        context.write = context.write.saturating_sub(1);
        let mut rng = Rng::new(frontier.seed ^ self.image.key() as u64);
        let (pending, patch) = (&self.pending, &self.patch);
        pending.each(&mut self.image, most, samples, &mut rng, &mut |image| {
            frontier.counts.reorderings += 1;
            let key = image.key();
            if frontier.is_new(key, context.depth) {
                let patch = pending
                    .lost(image)
                    .fold(patch.clone(), |patch, (at, left)| patch.with(at, left));
                frontier
                    .found
                    .push(context.state(key, patch, Tear::Reordered));
            }
        });
        self.pending.settle();
    }
}

/// What all outages at one place have in common.
struct Context {
    write: u32,
    at: u32,
    len: u32,
    before: Option<Rc<Trail>>,
    depth: u32,
    clean: bool,
    commit: Option<u32>,
    base: u32,
}

impl Context {
    fn state(&self, key: Digest, patch: Patch, tear: Tear) -> State {
        let trail = Rc::new(Trail {
            write: self.write,
            at: self.at,
            len: self.len,
            tear,
            commit: self.commit,
            before: self.before.clone(),
        });
        let clean = self.clean && tear == Tear::Clean;
        State {
            key,
            base: self.base,
            patch,
            trail,
            depth: self.depth,
            clean,
            commit: self.commit,
        }
    }
}

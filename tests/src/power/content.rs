//! The bytes of one file, twice: as programs see them, and as they lie on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fate::Fate;
use crate::random::Random;

/// What a file system writes at once, in bytes.
pub(super) const PAGE: usize = 4096;

/// What a disk writes at once, in bytes.
const SECTOR: usize = 512;

/// A page that survives is torn once in so many times.
const TORN: u64 = 4;

/// The bytes of a page.
pub(super) type Page = Arc<[u8; PAGE]>;

/// One state of a file. Pages that are not there are zeros.
#[derive(Clone, Debug, Default)]
struct State {
    size: u64,
    pages: BTreeMap<u64, Page>,
    /// Up to where space is allocated: there a page that was never written is zeros.
    allocated: u64,
}

/// A file's bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    seen: State,
    kept: State,
    /// Pages that differ, or may.
    unsynced: BTreeSet<u64>,
}

impl State {
    fn page(&self, number: u64) -> Option<&Page> {
        self.pages.get(&number)
    }

    fn set(&mut self, number: u64, page: Option<Page>) {
        match page {
            Some(page) => self.pages.insert(number, page),
            None => self.pages.remove(&number),
        };
    }

    /// Takes away what lies behind the size.
    fn trim(&mut self) {
        let whole = self.size / PAGE as u64;
        let rest = (self.size % PAGE as u64) as usize;
        let mut behind = self.pages.split_off(&whole);
        if let Some(mut last) = behind.remove(&whole).filter(|_| rest > 0) {
            Arc::make_mut(&mut last)[rest..].fill(0);
            self.pages.insert(whole, last);
        }
    }
}

impl Content {
    /// Its size in bytes, as programs see it.
    pub(super) fn size(&self) -> u64 {
        self.seen.size
    }

    /// Up to `length` bytes at `at`; fewer at the end.
    pub(super) fn read(&self, at: u64, length: usize) -> Vec<u8> {
        let left = self.seen.size.saturating_sub(at);
        let mut bytes = vec![0; length.min(left as usize)];
        for (number, from, part) in parts(at, bytes.len()) {
            if let Some(page) = self.seen.page(number) {
                let length = part.len();
                bytes[part].copy_from_slice(&page[from..from + length]);
            }
        }
        bytes
    }

    /// Writes bytes at `at`.
    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) {
        for (number, from, part) in parts(at, bytes.len()) {
            let page = self.seen.pages.entry(number);
            let page = Arc::make_mut(page.or_insert_with(|| Arc::new([0; PAGE])));
            page[from..from + part.len()].copy_from_slice(&bytes[part]);
            self.unsynced.insert(number);
        }
        self.seen.size = self.seen.size.max(at + bytes.len() as u64);
    }

    /// Cuts the file or lets it grow by zeros.
    pub(super) fn resize(&mut self, size: u64) {
        let from = size.min(self.seen.size) / PAGE as u64;
        self.unsynced
            .extend(self.seen.pages.range(from..).map(|(number, _)| *number));
        self.seen.allocated = self.seen.allocated.min(size);
        self.seen.size = size;
        self.seen.trim();
    }

    /// Allocates space up to `end`.
    pub(super) fn allocate(&mut self, end: u64, keeps_size: bool) {
        self.seen.allocated = self.seen.allocated.max(end);
        if !keeps_size {
            self.seen.size = self.seen.size.max(end);
        }
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) {
        for number in std::mem::take(&mut self.unsynced) {
            self.kept.set(number, self.seen.page(number).cloned());
        }
        self.kept.size = self.seen.size;
        self.kept.allocated = self.seen.allocated;
    }

    /// Makes one page durable, whichever.
    pub(super) fn write_back(&mut self, random: &mut Random) {
        let which = random.below(self.unsynced.len() as u64) as usize;
        if let Some(number) = self.unsynced.iter().nth(which) {
            self.kept.set(*number, self.seen.page(*number).cloned());
        }
    }

    /// Pages of it that lie on the disk; a file that is removed leaves them behind.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.kept.pages.values()
    }

    /// Forgets what was not synced, or not all of it. `left_over` is what removed files left.
    pub(super) fn cut(&mut self, left_over: &[Page], random: &mut Random) {
        let unsynced = std::mem::take(&mut self.unsynced);
        let fate = Fate::draw(unsynced.len(), random);
        for (nth, number) in unsynced.into_iter().enumerate() {
            let before = self.before(number, left_over, random);
            let after = self.seen.page(number).cloned();
            let page = match fate.spares(nth, random) {
                false => before,
                true if random.once_in(TORN) => Some(torn(before, after, random)),
                true => after,
            };
            self.kept.set(number, page);
        }
        self.kept.size = self.some_size(random);
        if random.once_in(2) {
            self.kept.allocated = self.seen.allocated;
        }
        self.kept.trim();
        self.seen = self.kept.clone();
    }

    /// Ends with what was not synced all there, or all lost.
    pub(super) fn settle(&mut self, survives: bool) {
        if survives {
            return self.sync();
        }
        self.unsynced.clear();
        self.seen = self.kept.clone();
    }

    /// What a page held before the changes that were not synced.
    fn before(&self, number: u64, left_over: &[Page], random: &mut Random) -> Option<Page> {
        let is_new = number * PAGE as u64 >= self.kept.allocated;
        match self.kept.page(number) {
            None if is_new && !left_over.is_empty() && random.once_in(2) => {
                Some(random.one_of(left_over).clone())
            }
            page => page.cloned(),
        }
    }

    fn some_size(&self, random: &mut Random) -> u64 {
        let (before, after) = (self.kept.size, self.seen.size);
        match random.below(4) {
            0 => before,
            1 if after > before => before + random.below(after - before),
            _ => after,
        }
    }
}

/// A page of which some sectors are as before and some as after.
fn torn(before: Option<Page>, after: Option<Page>, random: &mut Random) -> Page {
    let zeros = || Arc::new([0; PAGE]);
    let (mut page, after) = (before.unwrap_or_else(zeros), after.unwrap_or_else(zeros));
    let sectors = Arc::make_mut(&mut page).chunks_mut(SECTOR);
    for (sector, new) in sectors.zip(after.chunks(SECTOR)) {
        if random.once_in(2) {
            sector.copy_from_slice(new);
        }
    }
    page
}

/// A range of bytes, page by page: number of the page, where in the page, where in the range.
fn parts(at: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let place = at + done as u64;
        let from = (place % PAGE as u64) as usize;
        let end = length.min(done + PAGE - from);
        let part = done..end;
        done = end;
        (!part.is_empty()).then_some((place / PAGE as u64, from, part))
    })
}

#[cfg(test)]
mod tests;

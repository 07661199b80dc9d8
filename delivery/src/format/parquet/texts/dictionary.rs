//! The different texts of a row group's column, in the order in which they came.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::super::writer::DICTIONARY_BYTES;
use crate::record::json::is_same;

/// Texts, and where each is.
#[derive(Default)]
pub(super) struct Dictionary {
    /// As its page has them: each behind its length.
    page: Vec<u8>,
    entries: Vec<Entry>,
    /// Places in `entries`, by hash.
    places: HashTable<u32>,
    /// Seeded by chance: who writes records cannot choose texts that collide.
    hasher: RandomState,
}

struct Entry {
    hash: u64,
    start: u32,
    length: u32,
}

impl Entry {
    fn of<'a>(&self, page: &'a [u8]) -> &'a [u8] {
        &page[self.start as usize..][..self.length as usize]
    }
}

impl Dictionary {
    /// The place of `text`, which is added if it is new. `None`: it is new, and there is no room for
    /// it.
    #[inline]
    pub(super) fn place(&mut self, text: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        let is_it = |place: &u32| {
            let entry = &self.entries[*place as usize];
            entry.hash == hash && is_same(entry.of(&self.page), text)
        };
        match self.places.find(hash, is_it) {
            Some(place) => Some(*place),
            None => self.add(text, hash),
        }
    }

    #[cold]
    fn add(&mut self, text: &[u8], hash: u64) -> Option<u32> {
        let start = self.page.len() + 4;
        if start + text.len() > DICTIONARY_BYTES {
            return None;
        }
        self.page
            .extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.page.extend_from_slice(text);
        let place = self.entries.len() as u32;
        self.entries.push(Entry {
            hash,
            start: start as u32,
            length: text.len() as u32,
        });
        let hash_of = |place: &u32| self.entries[*place as usize].hash;
        self.places.insert_unique(hash, place, hash_of);
        Some(place)
    }

    /// How many texts it has.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bits that a place needs.
    pub(super) fn width(&self) -> u8 {
        let last = self.entries.len().saturating_sub(1);
        (usize::BITS - last.leading_zeros()) as u8
    }

    /// Its texts.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| entry.of(&self.page))
    }

    /// Its texts as its page has them.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }
}

#[cfg(test)]
mod tests;

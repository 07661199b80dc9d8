//! The oracle of random programs: what was written where, what must arrive of it, and how often it
//! may.
//!
//! A line is an origin. Files that were copied, or that kept a line when they were cut, hold the
//! same origin once more. An origin must arrive as long as one file holds it that nobody took away.

use std::collections::BTreeMap;

/// How often a line may arrive that so many files hold. Until a copy is told from a log of its own,
/// each of them is one; where it is, fewer arrive, and that is within this bound.
fn at_most(holders: usize) -> usize {
    holders
}

/// A line in a file.
#[derive(Clone, Copy)]
struct Held {
    origin: usize,
    /// It may be missing: it was taken away, and perhaps before it was read.
    doomed: bool,
}

/// What was written where.
#[derive(Default)]
pub(super) struct Ledger {
    /// The text of each origin, line end included.
    origins: Vec<Vec<u8>>,
    held: Vec<Held>,
    /// Which places of `held` each name's file has.
    names: BTreeMap<String, Vec<usize>>,
    /// Files that were truncated: they do not begin as they did when they were seen first.
    truncated: Vec<String>,
    /// What was compressed, by its places.
    packed: Vec<usize>,
    /// Lines that are being written, without their end.
    open: BTreeMap<String, Vec<u8>>,
}

impl Ledger {
    pub(super) fn exists(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// How many lines a file holds.
    pub(super) fn lines(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, Vec::len)
    }

    /// Bytes of the first so many lines of a file.
    pub(super) fn size(&self, name: &str, lines: usize) -> usize {
        let held = self.names.get(name).into_iter().flatten().take(lines);
        held.map(|place| self.origins[self.held[*place].origin].len())
            .sum()
    }

    /// A new number for a line.
    pub(super) fn number(&self) -> usize {
        self.origins.len() + self.open.len()
    }

    pub(super) fn is_open(&self, name: &str) -> bool {
        self.open.contains_key(name)
    }

    /// A part of a line was written; with a line end it is whole.
    pub(super) fn wrote(&mut self, name: &str, bytes: &[u8]) {
        self.names.entry(name.to_owned()).or_default();
        let mut line = self.open.remove(name).unwrap_or_default();
        line.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            self.origins.push(line);
            let origin = self.origins.len() - 1;
            self.hold(name, origin, false);
        } else {
            self.open.insert(name.to_owned(), line);
        }
    }

    fn hold(&mut self, name: &str, origin: usize, doomed: bool) {
        self.held.push(Held { origin, doomed });
        let place = self.held.len() - 1;
        self.names.entry(name.to_owned()).or_default().push(place);
    }

    /// Nobody may be able to read any more what this file holds.
    pub(super) fn doom(&mut self, name: &str) {
        for place in self.names.get(name).into_iter().flatten() {
            self.held[*place].doomed = true;
        }
    }

    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        self.deleted(to);
        if let Some(held) = self.names.remove(from) {
            self.names.insert(to.to_owned(), held);
        }
        for name in &mut self.truncated {
            if name == from {
                *name = to.to_owned();
            }
        }
    }

    pub(super) fn deleted(&mut self, name: &str) {
        self.doom(name);
        self.names.remove(name);
        self.truncated.retain(|other| other != name);
    }

    /// Only the first lines of a file are left. They may be read once more, as what was read behind
    /// them is gone.
    pub(super) fn truncated(&mut self, name: &str, lines: usize) {
        let held = self.names.get(name).cloned().unwrap_or_default();
        let (kept, gone) = held.split_at(lines.min(held.len()));
        for place in gone {
            self.held[*place].doomed = true;
        }
        self.names.insert(name.to_owned(), Vec::new());
        for place in kept {
            let Held { origin, doomed } = self.held[*place];
            self.held[*place].doomed = true;
            self.hold(name, origin, doomed);
        }
        self.truncated.push(name.to_owned());
    }

    /// A file was copied to a new name, at which it is found or not.
    pub(super) fn copied(&mut self, from: &str, to: &str, found: bool) {
        let held = self.names.get(from).cloned().unwrap_or_default();
        self.names.insert(to.to_owned(), Vec::new());
        for place in held {
            let origin = self.held[place].origin;
            self.hold(to, origin, !found);
        }
    }

    /// A file was compressed under another name, which is no log of its own.
    pub(super) fn packed(&mut self, name: &str) {
        self.packed
            .extend(self.names.remove(name).unwrap_or_default());
        self.truncated.retain(|other| other != name);
    }

    /// Nobody knows any more what was seen: only what a pattern finds is found again.
    pub(super) fn forgotten(&mut self, found: impl Fn(&str) -> bool) {
        let unfound = self.names.iter().filter(|(name, _)| !found(name));
        let unfound = unfound.flat_map(|(_, places)| places).chain(&self.packed);
        for place in unfound {
            self.held[*place].doomed = true;
        }
    }

    pub(super) fn was_truncated(&self, name: &str) -> bool {
        self.truncated.iter().any(|other| other == name)
    }

    /// Bytes of all lines that were written, each once.
    pub(super) fn written(&self) -> usize {
        self.origins.iter().map(Vec::len).sum()
    }

    /// Holds what arrived against what was written; `bounded`: also whether it came too often.
    pub(super) fn check(
        &self,
        arrived: &BTreeMap<Vec<u8>, usize>,
        bounded: bool,
    ) -> Result<(), String> {
        let mut must = vec![false; self.origins.len()];
        let mut holders = vec![0; self.origins.len()];
        for held in &self.held {
            must[held.origin] |= !held.doomed;
            holders[held.origin] += 1;
        }
        // Equal lines of several origins (headers) are told apart by nobody.
        let mut bounds: BTreeMap<&[u8], (usize, usize)> = BTreeMap::new();
        for (origin, text) in self.origins.iter().enumerate() {
            let (least, most) = bounds.entry(text).or_default();
            *least += usize::from(must[origin]);
            *most += at_most(holders[origin]);
        }
        for (text, (least, most)) in &bounds {
            let times = arrived.get(*text).copied().unwrap_or(0);
            let line = String::from_utf8_lossy(&text[..text.len().min(12)]).into_owned();
            if times < *least {
                return Err(format!("lost: {line:?} arrived {times} times of {least}"));
            }
            if bounded && times > *most {
                return Err(format!(
                    "repeated: {line:?} arrived {times} times, {most} at most"
                ));
            }
        }
        match arrived.keys().find(|line| !bounds.contains_key(&line[..])) {
            Some(line) => Err(format!("nobody wrote {:?}", String::from_utf8_lossy(line))),
            None => Ok(()),
        }
    }
}

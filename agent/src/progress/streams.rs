//! A few streams and where each stands in a source. Hardly any source has more than one, and there
//! are many sources: a tree would take ten times the memory.

use std::ops::Index;

use standpipe_config::names::StreamName;

use super::Standing;

/// Where each of a few streams stands, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Streams(Vec<(StreamName, Standing)>);

impl Streams {
    fn place(&self, name: &StreamName) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(name))
    }

    /// Where a stream stands.
    pub fn get(&self, name: &StreamName) -> Option<&Standing> {
        let place = self.place(name).ok()?;
        self.0.get(place).map(|(_, standing)| standing)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &StreamName) -> Option<&mut Standing> {
        let place = self.place(name).ok()?;
        self.0.get_mut(place).map(|(_, standing)| standing)
    }

    /// Whether a stream reads this source.
    pub fn contains_key(&self, name: &StreamName) -> bool {
        self.place(name).is_ok()
    }

    /// Adds a stream, or replaces where it stands.
    pub fn insert(&mut self, name: StreamName, standing: Standing) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = standing,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name, standing));
            }
        }
    }

    /// Takes a stream out.
    pub fn remove(&mut self, name: &StreamName) -> Option<Standing> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).1)
    }

    /// All streams, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&StreamName, &Standing)> {
        self.0.iter().map(|(name, standing)| (name, standing))
    }

    /// Where all of them stand.
    pub fn values(&self) -> impl Iterator<Item = &Standing> {
        self.0.iter().map(|(_, standing)| standing)
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Standing> {
        self.0.iter_mut().map(|(_, standing)| standing)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Index<&StreamName> for Streams {
    type Output = Standing;

    fn index(&self, name: &StreamName) -> &Standing {
        match self.place(name) {
            Ok(place) | Err(place) => &self.0[place].1,
        }
    }
}

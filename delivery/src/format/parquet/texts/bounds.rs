//! The least and the greatest text of a chunk, by which readers skip it.

use parquet::data_type::ByteArray;
use parquet::file::statistics::ValueStatistics;

/// Longer bounds are cut, in bytes; the `parquet` crate's number.
const LONGEST: usize = 64;

/// The least and the greatest of the texts that were added.
#[derive(Default)]
pub(super) struct Bounds {
    both: Option<(Vec<u8>, Vec<u8>)>,
}

impl Bounds {
    #[inline]
    pub(super) fn add(&mut self, text: &[u8]) {
        match &mut self.both {
            None => self.both = Some((text.to_vec(), text.to_vec())),
            Some((least, _)) if text < &least[..] => replace(least, text),
            Some((_, greatest)) if text > &greatest[..] => replace(greatest, text),
            Some(_) => {}
        }
    }

    /// As the file has them, for a chunk with so many nulls.
    pub(super) fn statistics(self, nulls: u64) -> ValueStatistics<ByteArray> {
        let (least, greatest) = self.both.unzip();
        let low = least.as_deref().map(below);
        let high = greatest.as_deref().and_then(above);
        let (is_least, is_greatest) = (low == least, high == greatest);
        let as_array = |bound: Option<Vec<u8>>| bound.map(ByteArray::from);
        ValueStatistics::new(as_array(low), as_array(high), None, Some(nulls), false)
            .with_min_is_exact(is_least)
            .with_max_is_exact(is_greatest)
    }
}

/// Keeps the room of `bound`: where texts come in order, each is the greatest.
fn replace(bound: &mut Vec<u8>, text: &[u8]) {
    bound.clear();
    bound.extend_from_slice(text);
}

/// What is short and not greater than `text`.
fn below(text: &[u8]) -> Vec<u8> {
    start(text).as_bytes().to_vec()
}

/// What is short and not less than `text`; `None`: nothing is.
fn above(text: &[u8]) -> Option<Vec<u8>> {
    let start = start(text);
    if start.len() == text.len() {
        return Some(text.to_vec());
    }
    start.char_indices().rev().find_map(|(at, last)| {
        let next = char::from_u32(u32::from(last) + 1)?;
        Some(format!("{}{next}", &start[..at]).into_bytes())
    })
}

/// As much of `text` as fits, in whole characters.
fn start(text: &[u8]) -> &str {
    let text = &text[..text.len().min(LONGEST)];
    match std::str::from_utf8(text) {
        Ok(whole) => whole,
        Err(cut) => std::str::from_utf8(&text[..cut.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;

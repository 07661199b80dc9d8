//! A chunk of a column of texts under construction: values become places in a dictionary, each hashed
//! once, and its bounds are those of the dictionary.
//!
//! The `parquet` crate writes every other column. Of texts its writer compares each value with the
//! least and the greatest one, hashes it, and packs its place bit by bit, which was two fifths of a
//! conversion.

use arrow_array::{Array as _, StringArray};
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use bounds::Bounds;
use dictionary::Dictionary;
use pages::Pages;

pub(super) use codec::Codec;

mod bounds;
mod codec;
mod dictionary;
mod hybrid;
mod pages;

/// Rows of a page at most: while they wait, each takes five bytes of memory in every column.
const PAGE_ROWS: usize = 32 * 1024;

/// Texts of one row group.
pub(super) struct Texts {
    descriptor: ColumnDescPtr,
    /// Bytes of a page's values from which it is ended.
    page_size: usize,
    dictionary: Dictionary,
    /// The least and the greatest of those that are not in the dictionary.
    bounds: Bounds,
    /// The page under construction: 1 for a value, 0 for a null.
    levels: Vec<u8>,
    values: Values,
    nulls: u64,
    rows: u64,
    pages: Pages,
}

/// The values of a page.
enum Values {
    /// Their places in the dictionary.
    Places(Vec<u32>),
    /// Themselves, each behind its length: the column does not repeat.
    Plain(Vec<u8>),
}

impl Texts {
    pub(super) fn new(descriptor: ColumnDescPtr, page_size: usize) -> Self {
        Self {
            descriptor,
            page_size,
            dictionary: Dictionary::default(),
            bounds: Bounds::default(),
            levels: Vec::new(),
            values: Values::Places(Vec::new()),
            nulls: 0,
            rows: 0,
            pages: Pages::default(),
        }
    }

    /// Appends values and nulls.
    pub(super) fn write(&mut self, texts: &StringArray, codec: &mut Codec) -> Result<()> {
        let mut from = 0;
        while from < texts.len() {
            let room = PAGE_ROWS - self.levels.len();
            let until = texts.len().min(from + room);
            from = match self.values {
                Values::Places(_) => self.place(texts, from, until),
                Values::Plain(_) => self.copy(texts, from, until),
            };
            let is_given_up = from < until && matches!(self.values, Values::Places(_));
            let is_full = self.levels.len() == PAGE_ROWS || self.page_bytes() >= self.page_size;
            if is_given_up || is_full {
                self.end_page(codec)?;
            }
            if is_given_up {
                self.values = Values::Plain(Vec::new());
            }
        }
        Ok(())
    }

    /// About how many bytes it will take in the file.
    pub(super) fn bytes(&self) -> usize {
        self.pages.bytes() + self.dictionary.page().len() + self.page_bytes()
    }

    /// Ends the chunk: how it stands in the file, and what the file says of it.
    pub(super) fn finish(mut self, codec: &mut Codec) -> Result<(Bytes, ColumnCloseResult)> {
        self.end_page(codec)?;
        let mut bounds = self.bounds;
        self.dictionary.values().for_each(|text| bounds.add(text));
        let statistics = Statistics::ByteArray(bounds.statistics(self.nulls));
        self.pages.add_dictionary(&self.dictionary, codec)?.finish(
            self.descriptor,
            self.rows,
            statistics,
            codec,
        )
    }

    /// Appends rows by their place in the dictionary; the first row that is not appended, which is
    /// before `until` if the dictionary is full.
    fn place(&mut self, texts: &StringArray, from: usize, until: usize) -> usize {
        let Values::Places(places) = &mut self.values else {
            return from;
        };
        for (row, text) in rows(texts, from, until) {
            let Some(text) = text else {
                self.levels.push(0);
                continue;
            };
            let Some(place) = self.dictionary.place(text) else {
                return row;
            };
            places.push(place);
            self.levels.push(1);
        }
        until
    }

    /// Appends rows as they are; the first row that is not appended, which is before `until` if the
    /// page is full.
    fn copy(&mut self, texts: &StringArray, from: usize, until: usize) -> usize {
        let Values::Plain(plain) = &mut self.values else {
            return from;
        };
        for (row, text) in rows(texts, from, until) {
            let Some(text) = text else {
                self.levels.push(0);
                continue;
            };
            if plain.len() >= self.page_size {
                return row;
            }
            plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
            plain.extend_from_slice(text);
            self.bounds.add(text);
            self.levels.push(1);
        }
        until
    }

    fn page_bytes(&self) -> usize {
        match &self.values {
            Values::Places(places) => places.len() * usize::from(self.dictionary.width()) / 8,
            Values::Plain(plain) => plain.len(),
        }
    }

    fn end_page(&mut self, codec: &mut Codec) -> Result<()> {
        let rows = self.levels.len();
        if rows == 0 {
            return Ok(());
        }
        let mut page = vec![0; 4];
        hybrid::encode(&self.levels, 1, &mut page);
        let levels = page.len() as u32 - 4;
        page[..4].copy_from_slice(&levels.to_le_bytes());
        let (encoding, values) = match &mut self.values {
            Values::Places(places) => {
                let width = self.dictionary.width();
                page.push(width);
                hybrid::encode(places, width, &mut page);
                let values = places.len();
                places.clear();
                (Encoding::RLE_DICTIONARY, values)
            }
            Values::Plain(plain) => {
                page.append(plain);
                let values = self.levels.iter().filter(|level| **level == 1).count();
                (Encoding::PLAIN, values)
            }
        };
        self.levels.clear();
        self.rows += rows as u64;
        self.nulls += (rows - values) as u64;
        self.pages.add(page, rows as u32, encoding, codec)
    }
}

/// Rows with their values, as bytes.
fn rows(
    texts: &StringArray,
    from: usize,
    until: usize,
) -> impl Iterator<Item = (usize, Option<&[u8]>)> {
    let (bytes, nulls) = (texts.value_data(), texts.nulls());
    let ends = texts.value_offsets()[from..=until].windows(2);
    (from..until).zip(ends).map(move |(row, ends)| {
        let is_null = nulls.is_some_and(|nulls| nulls.is_null(row));
        (
            row,
            (!is_null).then(|| &bytes[ends[0] as usize..ends[1] as usize]),
        )
    })
}

#[cfg(test)]
mod tests;

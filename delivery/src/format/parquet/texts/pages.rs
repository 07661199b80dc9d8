//! The pages of a chunk, as they will stand in the file.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::codec::Codec;
use super::dictionary::Dictionary;

/// Pages, compressed.
pub(super) struct Pages {
    dictionary: Vec<u8>,
    data: Vec<u8>,
    /// Bytes of all of them before compression.
    uncompressed: usize,
    index: OffsetIndexBuilder,
    kinds: Vec<PageEncodingStats>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            dictionary: Vec::new(),
            data: Vec::new(),
            uncompressed: 0,
            index: OffsetIndexBuilder::new(),
            kinds: Vec::new(),
        }
    }
}

impl Pages {
    /// Bytes so far.
    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Appends a page of so many rows: their levels and, in `encoding`, their values.
    pub(super) fn add(
        &mut self,
        content: Vec<u8>,
        rows: u32,
        encoding: Encoding,
        codec: &mut Codec,
    ) -> Result<()> {
        let length = content.len();
        let page = Page::DataPage {
            buf: codec.compress(content)?.into(),
            num_values: rows,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let start = self.data.len();
        let written = write(&mut self.data, CompressedPage::new(page, length))?;
        self.index.append_row_count(i64::from(rows));
        let bytes = (self.data.len() - start) as i32;
        self.index.append_offset_and_size(start as i64, bytes);
        self.count(&written, encoding);
        Ok(())
    }

    /// Puts the dictionary before the other pages, if one of them has places in it.
    pub(super) fn add_dictionary(
        mut self,
        dictionary: &Dictionary,
        codec: &mut Codec,
    ) -> Result<Self> {
        let mut encodings = self.kinds.iter().map(|kind| kind.encoding);
        if !encodings.any(|encoding| encoding == Encoding::RLE_DICTIONARY) {
            return Ok(self);
        }
        let page = Page::DictionaryPage {
            buf: codec.compress(dictionary.page().to_vec())?.into(),
            num_values: dictionary.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let page = CompressedPage::new(page, dictionary.page().len());
        let written = write(&mut self.dictionary, page)?;
        self.count(&written, Encoding::PLAIN);
        Ok(self)
    }

    /// All pages together, and what the file says of them.
    pub(super) fn finish(
        self,
        descriptor: ColumnDescPtr,
        rows: u64,
        statistics: Statistics,
        codec: &Codec,
    ) -> Result<(Bytes, ColumnCloseResult)> {
        let all = [&self.dictionary[..], &self.data].concat();
        let mut encodings: Vec<_> = self.kinds.iter().map(|kind| kind.encoding).collect();
        encodings.push(Encoding::RLE);
        let metadata = ColumnChunkMetaData::builder(descriptor)
            .set_encodings(encodings)
            .set_compression(codec.compression())
            .set_num_values(rows as i64)
            .set_total_compressed_size(all.len() as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_data_page_offset(0)
            .set_page_encoding_stats(self.kinds)
            .set_statistics(statistics)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: all.len() as u64,
            rows_written: rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(self.index.build()),
        };
        let close = close.update_dictionary_location(self.dictionary.len())?;
        Ok((all.into(), close))
    }

    fn count(&mut self, page: &PageWriteSpec, encoding: Encoding) {
        self.uncompressed += page.uncompressed_size;
        let is_known = |kind: &&mut PageEncodingStats| {
            (kind.page_type, kind.encoding) == (page.page_type, encoding)
        };
        match self.kinds.iter_mut().find(is_known) {
            Some(kind) => kind.count += 1,
            None => self.kinds.push(PageEncodingStats {
                page_type: page.page_type,
                encoding,
                count: 1,
            }),
        }
    }
}

/// Appends a page behind its header.
fn write(pages: &mut Vec<u8>, page: CompressedPage) -> Result<PageWriteSpec> {
    let mut out = TrackedWrite::new(pages);
    let mut writer = SerializedPageWriter::new(&mut out);
    let written = writer.write_page(page)?;
    writer.close()?;
    Ok(written)
}

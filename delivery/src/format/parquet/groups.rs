//! A Parquet file, row group by row group: columns of texts by [`Texts`], all others by the `parquet`
//! crate's writer.

use std::io::Write;

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{FieldRef, SchemaRef};
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, LogicalType};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterVersion;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescriptor;

use super::texts::{Codec, Texts};
use super::writer::{GROUP_BYTES, GROUP_ROWS};

/// A file under construction.
pub(super) struct Groups<W: Write> {
    file: SerializedFileWriter<W>,
    theirs: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    codec: Codec,
    /// The columns of the group that was begun; none if none was.
    columns: Vec<Column>,
    rows: usize,
}

/// A column of a row group.
enum Column {
    Texts(Box<Texts>),
    /// Several where it is nested.
    Theirs(Vec<ArrowColumnWriter>),
}

impl<W: Write + Send> Groups<W> {
    /// Goes on with a file to which nothing but its beginning was written. Its batches have `schema`.
    pub(super) fn new(
        file: SerializedFileWriter<W>,
        schema: SchemaRef,
        compression: Compression,
    ) -> Result<Self> {
        Ok(Self {
            theirs: ArrowRowGroupWriterFactory::new(&file, schema.clone()),
            file,
            schema,
            codec: Codec::new(compression)?,
            columns: Vec::new(),
            rows: 0,
        })
    }

    /// Appends rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = self.room().min(batch.num_rows() - from);
            self.append(&batch.slice(from, rows))?;
            from += rows;
            if self.rows == GROUP_ROWS || self.bytes() >= GROUP_BYTES {
                self.end_group()?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(&mut self) -> Result<&W> {
        self.end_group()?;
        self.file.finish()?;
        Ok(self.file.inner())
    }

    /// How many rows the group still takes, as long as they are like those that it has.
    fn room(&self) -> usize {
        let bytes = self.bytes().checked_div(self.rows).unwrap_or(0);
        let left = GROUP_BYTES.saturating_sub(self.bytes());
        let rows = left.checked_div(bytes).unwrap_or(GROUP_ROWS);
        rows.clamp(1, GROUP_ROWS - self.rows)
    }

    /// About how many bytes the group has.
    fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.columns.is_empty() {
            self.begin_group()?;
        }
        let fields = self.schema.fields().iter().zip(batch.columns());
        for ((field, array), column) in fields.zip(&mut self.columns) {
            column.write(field, array, &mut self.codec)?;
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    fn begin_group(&mut self) -> Result<()> {
        let group = self.file.flushed_row_groups().len();
        let theirs = self.theirs.create_column_writers(group)?;
        let properties = self.file.properties();
        let is_ours = |column: &ColumnDescriptor| {
            is_flat_text(column)
                && properties.writer_version() == WriterVersion::PARQUET_1_0
                && properties.dictionary_enabled(column.path())
        };
        let schema = self.file.schema_descr();
        for (leaf, (column, theirs)) in schema.columns().iter().zip(theirs).enumerate() {
            if is_ours(column) {
                let page_size = properties.column_data_page_size_limit(column.path());
                let texts = Texts::new(column.clone(), page_size);
                self.columns.push(Column::Texts(Box::new(texts)));
                continue;
            }
            let is_next = schema.get_column_root_idx(leaf) == self.columns.len();
            match self.columns.last_mut() {
                Some(Column::Theirs(leaves)) if !is_next => leaves.push(theirs),
                _ => self.columns.push(Column::Theirs(vec![theirs])),
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        self.rows = 0;
        if self.columns.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in self.columns.drain(..) {
            match column {
                Column::Texts(texts) => {
                    let (bytes, close) = texts.finish(&mut self.codec)?;
                    group.append_column(&bytes, close)?;
                }
                Column::Theirs(leaves) => {
                    for leaf in leaves {
                        leaf.close()?.append_to_row_group(&mut group)?;
                    }
                }
            }
        }
        group.close()?;
        Ok(())
    }
}

impl Column {
    fn write(&mut self, field: &FieldRef, array: &ArrayRef, codec: &mut Codec) -> Result<()> {
        match self {
            Self::Texts(texts) => match array.as_string_opt() {
                Some(array) => texts.write(array, codec),
                None => Err(ParquetError::General(format!(
                    "the column {} is not of texts",
                    field.name()
                ))),
            },
            Self::Theirs(leaves) => {
                let arrays = compute_leaves(field, array)?;
                let mut both = leaves.iter_mut().zip(&arrays);
                both.try_for_each(|(leaf, array)| leaf.write(array))
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.bytes(),
            Self::Theirs(leaves) => {
                let bytes = leaves.iter().map(|leaf| leaf.get_estimated_total_bytes());
                bytes.sum()
            }
        }
    }
}

/// Whether a column is of texts, nullable, and in no list and no object.
fn is_flat_text(column: &ColumnDescriptor) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::String))
        && (column.max_rep_level(), column.max_def_level()) == (0, 1)
        && column.path().parts().len() == 1
}

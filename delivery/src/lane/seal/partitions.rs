//! Sealing partitions: one file after the other becomes an object, so that memory stays the same
//! however many there are, and row groups as large as they can be.

use standpipe_config::settings::delivery::{Format, RawCompression};

use crate::format::parquet::Columnar;

use super::{Content, Partition, SealError, Sealing, Written, rows_of};
use crate::lane::batch::{ObjectFile, RowsFile};
use crate::lane::partitions::{PartitionFile, Partitions};

impl Sealing<'_> {
    /// Files of partitions.
    pub(super) fn partitions(&mut self, partitions: Partitions) -> Result<(), SealError> {
        for file in partitions.into_files() {
            let content = self.close(file)?;
            if let Some(format) = Columnar::of(&self.plan.format) {
                self.sync_later(&content);
                let bytes = content.kept.first().map_or(0, |rows| rows.size);
                let schema = self.schema(format)?.clone();
                let mut object = ObjectFile::create(content.id, schema, &mut self.draft)?;
                object.grow(bytes)?;
                self.encoded(content, object)?;
                continue;
            }
            match &self.plan.format {
                Format::Raw(raw) if raw.compression != RawCompression::None => {
                    let compressed = self.compressed(content)?;
                    self.sync_later(&compressed);
                    self.data(compressed)?;
                }
                // What was spooled is the object.
                _ => {
                    self.sync_later(&content);
                    self.data(content)?;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, file: PartitionFile) -> Result<Content, SealError> {
        let finished = file.rows.close()?;
        let written = Written::new(file.id, (file.data, file.index), &finished);
        Ok(Content {
            partition: Some(Partition {
                name: file.name,
                time: file.time,
            }),
            ..Content::of(written, file.share)
        })
    }

    /// Writes rows once more, as the object that they become.
    fn compressed(&mut self, content: Content) -> Result<Content, SealError> {
        let mut rows = rows_of(self.spool, &content.kept)?;
        let mut object = RowsFile::create(self.spool, &mut self.draft, self.plan.shape())?;
        while rows.advance()? {
            if let Some(row) = rows.row() {
                object.writer.append(&row)?;
            }
        }
        Ok(Content {
            partition: content.partition,
            ..Content::of(object.close()?, content.share)
        })
    }

    fn sync_later(&mut self, content: &Content) {
        let names = content.kept.iter().map(|file| file.name.clone());
        self.unsynced.extend(names.zip(["data", "index"]));
    }
}

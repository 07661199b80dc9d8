//! ZIP, as Firehose writes it: an archive with one deflated entry, whose name is a UUID.
//!
//! Written as a stream: sizes and checksum stand behind the entry, and nothing is gone back to. The
//! name derives from the first row, and there is no time in it, so that the same rows make the same
//! bytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take, Write};

use flate2::bufread::DeflateDecoder;
use ring::digest::{Context, SHA256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::{DEFLATE_LEVEL, Output};
use crate::record::{Row, uuid};

/// What the entry of an archive without a row is called.
const NOTHING: &str = "empty";

/// Writes an archive.
pub(in crate::record::rows) struct Writer {
    zip: ZipWriter<StreamWriter<Valve>>,
    name: Option<String>,
    begun: bool,
}

/// `ZipWriter` completes what it is dropped with, and complains on standard error if that fails.
/// What is dropped is removed anyway: behind an error nothing is written any more.
struct Valve {
    output: Output,
    shut: bool,
}

impl Write for Valve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shut {
            return Ok(bytes.len());
        }
        let written = self.output.write(bytes);
        self.shut = written.is_err();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writer {
    pub(super) fn new(output: Output) -> Self {
        let valve = Valve {
            output,
            shut: false,
        };
        Self {
            zip: ZipWriter::new_stream(valve),
            name: None,
            begun: false,
        }
    }

    /// Names the entry after its first row.
    pub(super) fn name_after(&mut self, first: &Row<'_>) {
        let mut hash = Context::new(&SHA256);
        hash.update(b"standpipe archive entry 1\0");
        hash.update(&first.run.0);
        hash.update(&first.position.to_le_bytes());
        hash.update(&first.index.to_le_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        self.name = Some(uuid(&bytes));
    }

    pub(super) fn write_all(&mut self, content: &[u8]) -> io::Result<()> {
        self.begin()?;
        self.zip.write_all(content)
    }

    pub(super) fn finish(mut self) -> io::Result<Output> {
        self.begin()?;
        Ok(self.zip.finish()?.into_inner().output)
    }

    /// `None` behind an error.
    pub(super) fn output(&self) -> Option<&Output> {
        self.zip.get_ref().map(|stream| &stream.get_ref().output)
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(i64::from(DEFLATE_LEVEL)))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let name = self.name.as_deref().unwrap_or(NOTHING);
        self.zip.start_file(name, options)?;
        self.begun = true;
        Ok(())
    }
}

/// Reads the entry of an archive that [`Writer`] wrote.
pub(in crate::record::rows) type Reader = DeflateDecoder<BufReader<Take<File>>>;

/// Opens an archive. Its checksum is not looked at: a rows file has one in its index.
pub(super) fn open(mut file: File) -> io::Result<Reader> {
    let (start, size) = {
        let mut archive = ZipArchive::new(&file)?;
        let entry = archive.by_index_raw(0)?;
        let no_start = || io::Error::other("the archive does not say where its entry begins");
        (
            entry.data_start().ok_or_else(no_start)?,
            entry.compressed_size(),
        )
    };
    file.seek(SeekFrom::Start(start))?;
    Ok(DeflateDecoder::new(BufReader::new(file.take(size))))
}

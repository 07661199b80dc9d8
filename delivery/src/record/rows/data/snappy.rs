//! Snappy in blocks, in the two layouts that Firehose writes. Neither is the framing format of
//! Snappy itself, and no library has them.
//!
//! ```text
//! snappy-java  82 'S' 'N' 'A' 'P' 'P' 'Y' 00   version i32 = 1   compatible i32 = 1     big-endian
//!              then blocks   length of the packed bytes i32   packed
//! hadoop       blocks        length of the content u32   length of the packed bytes u32   packed
//! ```

use std::io::{self, Read, Write};

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

/// How a snappy-java stream begins: magic, version, oldest compatible version.
const HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// How blocks are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    Java,
    Hadoop,
}

impl Layout {
    /// Bytes of content in a block. 32 KiB is what snappy-java writes; of Hadoop's readers each
    /// has a buffer of 256 KiB into which a block must fit, packed too.
    const fn block(self) -> usize {
        match self {
            Self::Java => 32 * 1024,
            Self::Hadoop => 128 * 1024,
        }
    }
}

/// Writes blocks.
pub(in crate::record::rows) struct Writer<W> {
    out: W,
    layout: Layout,
    content: Vec<u8>,
    packed: Vec<u8>,
    encoder: Encoder,
    begun: bool,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, layout: Layout) -> Self {
        Self {
            out,
            layout,
            content: Vec::with_capacity(layout.block()),
            packed: vec![0; max_compress_len(layout.block())],
            encoder: Encoder::new(),
            begun: false,
        }
    }

    pub(super) fn write_all(&mut self, mut content: &[u8]) -> io::Result<()> {
        while !content.is_empty() {
            let room = self.layout.block() - self.content.len();
            let (now, later) = content.split_at(room.min(content.len()));
            self.content.extend_from_slice(now);
            content = later;
            if self.content.len() == self.layout.block() {
                self.write_block()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.content.is_empty() {
            self.write_block()?;
        }
        self.begin()?;
        Ok(self.out)
    }

    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun && self.layout == Layout::Java {
            self.out.write_all(&HEADER)?;
        }
        self.begun = true;
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        self.begin()?;
        let packed = self.encoder.compress(&self.content, &mut self.packed)?;
        // A block is far from 4 GiB.
        if self.layout == Layout::Hadoop {
            let length = self.content.len() as u32;
            self.out.write_all(&length.to_be_bytes())?;
        }
        self.out.write_all(&(packed as u32).to_be_bytes())?;
        self.out.write_all(&self.packed[..packed])?;
        self.content.clear();
        Ok(())
    }
}

/// Reads what [`Writer`] wrote.
pub(in crate::record::rows) struct Reader<R> {
    from: R,
    layout: Layout,
    packed: Vec<u8>,
    content: Vec<u8>,
    at: usize,
    begun: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R, layout: Layout) -> Self {
        Self {
            from,
            layout,
            packed: Vec::new(),
            content: Vec::new(),
            at: 0,
            begun: false,
        }
    }

    /// Reads the next block; `false` at the end.
    fn read_block(&mut self) -> io::Result<bool> {
        if !self.begun && self.layout == Layout::Java {
            let mut header = [0; HEADER.len()];
            self.from.read_exact(&mut header)?;
            if header != HEADER {
                return Err(damaged("it does not begin as a snappy-java stream"));
            }
        }
        self.begun = true;
        let Some(first) = self.length()? else {
            return Ok(false);
        };
        let packed = match self.layout {
            Layout::Java => first,
            Layout::Hadoop => self.length()?.ok_or_else(|| damaged("a block is torn"))?,
        };
        if packed > max_compress_len(self.layout.block()) {
            return Err(damaged("a block is longer than any that is written"));
        }
        self.packed.resize(packed, 0);
        self.from.read_exact(&mut self.packed)?;
        let length = decompress_len(&self.packed)?;
        let is_other = self.layout == Layout::Hadoop && length != first;
        if length > self.layout.block() || is_other {
            return Err(damaged("a block has another length than it says"));
        }
        self.content.resize(length, 0);
        Decoder::new().decompress(&self.packed, &mut self.content)?;
        self.at = 0;
        Ok(true)
    }

    /// A length; `None` where the file ends before it.
    fn length(&mut self) -> io::Result<Option<usize>> {
        let mut bytes = [0; 4];
        let mut read = 0;
        while read < bytes.len() {
            match self.from.read(&mut bytes[read..])? {
                0 if read == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => read += more,
            }
        }
        Ok(Some(u32::from_be_bytes(bytes) as usize))
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.content.len() {
            if !self.read_block()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.content.len() - self.at);
        buffer[..length].copy_from_slice(&self.content[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

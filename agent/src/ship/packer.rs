//! What packing one request leaves to the next: a compressor's tables and a body's memory are dear
//! to get from the system again and again.

use std::io;

use bytes::Bytes;
use standpipe_config::faults;
use zstd::bulk::Compressor;

/// zstd's fastest: nine times smaller at 700 MB/s (`dependencies` measurements).
const LEVEL: i32 = 1;

/// Compresses the requests of one stream.
pub struct Packer {
    compressor: Compressor<'static>,
    spent: Vec<u8>,
}

impl Packer {
    /// A packer that has packed nothing.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(LEVEL)?,
            spent: Vec::new(),
        })
    }

    /// Compresses a body. Blocks for as long as that takes the processor.
    pub fn pack(&mut self, body: Vec<u8>) -> io::Result<Bytes> {
        faults::takes_time("compress");
        let packed = self.compressor.compress(&body)?;
        self.spent = body;
        Ok(packed.into())
    }

    /// The memory of the last body, for another one.
    pub fn spent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spent)
    }
}

//! Streams of a column: encoded values, compressed as they come.

use std::io;

use super::codec::{BLOCK, Codec};
use super::runs::{Bits, Bytes, Integers};
use super::{FinishedStream, Stripe};

/// Numbers of the kinds of streams.
pub(super) const PRESENT: u64 = 0;
pub(super) const DATA: u64 = 1;
pub(super) const LENGTH: u64 = 2;
pub(super) const SECONDARY: u64 = 5;

/// One stream of the open stripe.
#[derive(Default)]
pub(super) struct Stream {
    /// What was not compressed yet: less than a block between two batches.
    pub(super) open: Vec<u8>,
    blocks: Vec<Vec<u8>>,
    packed: u64,
}

impl Stream {
    /// Compresses whole blocks.
    pub(super) fn settle(&mut self, codec: &mut Codec) -> io::Result<()> {
        let whole = self.open.len() / BLOCK * BLOCK;
        for block in self.open[..whole].chunks(BLOCK) {
            let packed = codec.pack_block(block)?;
            self.packed += packed.len() as u64;
            self.blocks.push(packed);
        }
        self.open.drain(..whole);
        Ok(())
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.packed + self.open.len() as u64
    }

    /// Moves all of it into `stripe`, as a stream of the column that is being finished.
    pub(super) fn finish(
        &mut self,
        kind: u64,
        stripe: &mut Stripe,
        codec: &mut Codec,
    ) -> io::Result<()> {
        let Self { open, blocks, .. } = std::mem::take(self);
        let mut blocks = blocks;
        if !open.is_empty() {
            blocks.push(codec.pack(&open)?);
        }
        stripe.streams.push(FinishedStream {
            kind,
            column: stripe.encodings.len() as u64 - 1,
            blocks,
        });
        Ok(())
    }
}

/// A stream of integers.
pub(super) struct IntegerStream {
    runs: Integers,
    pub(super) stream: Stream,
}

impl IntegerStream {
    pub(super) fn signed() -> Self {
        Self {
            runs: Integers::new(true),
            stream: Stream::default(),
        }
    }

    /// Of lengths and the like, which are never negative.
    pub(super) fn unsigned() -> Self {
        Self {
            runs: Integers::new(false),
            stream: Stream::default(),
        }
    }

    pub(super) fn push(&mut self, value: i64) {
        self.runs.push(value, &mut self.stream.open);
    }

    pub(super) fn finish(
        &mut self,
        kind: u64,
        stripe: &mut Stripe,
        codec: &mut Codec,
    ) -> io::Result<()> {
        self.runs.end(&mut self.stream.open);
        self.stream.finish(kind, stripe, codec)
    }
}

/// A stream of bytes that may repeat.
#[derive(Default)]
pub(super) struct ByteStream {
    runs: Bytes,
    pub(super) stream: Stream,
}

impl ByteStream {
    pub(super) fn push(&mut self, value: u8) {
        self.runs.push(value, &mut self.stream.open);
    }

    pub(super) fn finish(
        &mut self,
        kind: u64,
        stripe: &mut Stripe,
        codec: &mut Codec,
    ) -> io::Result<()> {
        self.runs.end(&mut self.stream.open);
        self.stream.finish(kind, stripe, codec)
    }
}

/// A stream of booleans.
#[derive(Default)]
pub(super) struct BitStream {
    bits: Bits,
    pub(super) stream: Stream,
}

impl BitStream {
    pub(super) fn push(&mut self, value: bool) {
        self.bits.push(value, &mut self.stream.open);
    }

    /// Forgets what it holds.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn finish(
        &mut self,
        kind: u64,
        stripe: &mut Stripe,
        codec: &mut Codec,
    ) -> io::Result<()> {
        self.bits.end(&mut self.stream.open);
        self.stream.finish(kind, stripe, codec)
    }
}

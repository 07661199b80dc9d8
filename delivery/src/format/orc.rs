//! Writes ORC files (<https://orc.apache.org/specification/ORCv1/>, file version 0.12): columns of
//! record batches, stripe by stripe.
//!
//! Ours, because the one library that writes ORC (orc-rust 0.9) panics on ordinary integers: where
//! some of a run are wider than the others it subtracts the larger width from the smaller one
//! (`write_patched_base`). And from 2^30 on, as seconds since 1970 are, it writes integers of 32 bits
//! so that other readers take them for negative ones.
//!
//! What is written is plain: integers as runs, deltas or packed bits, never "patched base", which
//! writers keep getting wrong; texts without dictionaries; no row index and no Bloom filters. The
//! same rows give the same bytes.
//!
//! ```text
//! ORC | stripe: streams of all columns, footer | … | statistics | footer | postscript | its length
//! ```
//!
//! A stream is compressed in blocks of [`BLOCK`] bytes as soon as it has one, so that an open
//! stripe takes little more of memory than it will take of the file.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use standpipe_config::settings::delivery::{Column, ColumnType, Orc};

use codec::{BLOCK, Codec};
use column::ColumnWriter;
use message::Message;
use statistics::Statistics;

mod codec;
mod column;
mod message;
mod runs;
mod statistics;
mod stream;
mod values;

/// What a file begins with, and its postscript names.
const MAGIC: &[u8] = b"ORC";

/// The version of the format: 0.12.
const VERSION: [u64; 2] = [0, 12];

/// Who wrote it: none of the writers whose mistakes readers know.
const WRITER: u64 = u32::MAX as u64;

/// Which mistakes of earlier writers it does not make: statistics of times are UTC (ORC-517).
const WRITER_VERSION: u64 = 7;

/// An ORC file under construction.
pub(super) struct Writer<W> {
    out: W,
    /// Bytes written.
    at: u64,
    codec: Codec,
    /// Bytes at which a stripe ends.
    stripe_size: u64,
    columns: Vec<ColumnWriter>,
    /// A type for each column, nested ones too, the record itself first.
    types: Vec<Message>,
    /// Rows of the open stripe.
    rows: u64,
    /// All rows before it.
    rows_before: u64,
    stripes: Vec<Message>,
    /// Of each stripe, those of all columns.
    statistics: Vec<Vec<Statistics>>,
}

/// A stripe that is being finished: what its columns add to it, in the order of `types`.
#[derive(Default)]
struct Stripe {
    streams: Vec<FinishedStream>,
    /// Of each column, how it is encoded.
    encodings: Vec<u64>,
    statistics: Vec<Statistics>,
}

/// A stream as it stands in the file.
struct FinishedStream {
    kind: u64,
    column: u64,
    blocks: Vec<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    /// Begins a file of these columns.
    pub(super) fn new(mut out: W, columns: &[Column], settings: &Orc) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let record = ColumnType::Struct(columns.to_vec());
        let mut types = Vec::new();
        describe(&record, &mut types);
        Ok(Self {
            out,
            at: MAGIC.len() as u64,
            codec: Codec::of(settings.compression)?,
            stripe_size: settings.stripe_size,
            columns: columns.iter().map(|c| ColumnWriter::new(&c.kind)).collect(),
            types,
            rows: 0,
            rows_before: 0,
            stripes: Vec::new(),
            statistics: Vec::new(),
        })
    }

    /// Adds rows: arrays of the columns' types, in their order.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let all = 0..batch.num_rows();
        let all = std::slice::from_ref(&all);
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.append(array, all, &mut self.codec)?;
        }
        self.rows += batch.num_rows() as u64;
        let bytes: u64 = self.columns.iter().map(ColumnWriter::bytes).sum();
        if bytes >= self.stripe_size {
            self.end_stripe()?;
        }
        Ok(())
    }

    /// Ends the file, and gives back where it was written.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.end_stripe()?;
        }
        let metadata = self.codec.pack(&self.metadata().into_bytes())?;
        let footer = self.codec.pack(&self.footer().into_bytes())?;
        let postscript = self.postscript(metadata.len(), footer.len()).into_bytes();
        // It has some twenty bytes.
        let length = [postscript.len() as u8];
        for part in [&metadata[..], &footer, &postscript, &length] {
            self.out.write_all(part)?;
        }
        Ok(self.out)
    }

    fn end_stripe(&mut self) -> io::Result<()> {
        let mut stripe = Stripe::default();
        stripe.add_record(self.rows);
        for column in &mut self.columns {
            column.finish(&mut stripe, &mut self.codec)?;
        }
        let start = self.at;
        let mut footer = Message::default();
        for stream in std::mem::take(&mut stripe.streams) {
            let length = stream.blocks.iter().map(|block| block.len() as u64).sum();
            for block in stream.blocks {
                self.out.write_all(&block)?;
            }
            self.at += length;
            let described = Message::default()
                .number(1, stream.kind)
                .number(2, stream.column)
                .number(3, length);
            footer = footer.message(1, &described);
        }
        for encoding in &stripe.encodings {
            footer = footer.message(2, &Message::default().number(1, *encoding));
        }
        // The zone of timestamps, which readers move to their own.
        let footer = footer.bytes(3, b"UTC").into_bytes();
        let footer = self.codec.pack(&footer)?;
        self.out.write_all(&footer)?;
        let information = Message::default()
            .number(1, start)
            .number(2, 0)
            .number(3, self.at - start)
            .number(4, footer.len() as u64)
            .number(5, self.rows);
        self.at += footer.len() as u64;
        self.stripes.push(information);
        self.statistics.push(stripe.statistics);
        self.rows_before += std::mem::take(&mut self.rows);
        Ok(())
    }

    /// What each stripe holds, for readers that pass over stripes.
    fn metadata(&self) -> Message {
        let stripes = self.statistics.iter();
        stripes.fold(Message::default(), |metadata, columns| {
            metadata.message(1, &of_all(Message::default(), 1, columns))
        })
    }

    fn footer(&self) -> Message {
        let mut footer = Message::default()
            .number(1, MAGIC.len() as u64)
            .number(2, self.at);
        for stripe in &self.stripes {
            footer = footer.message(3, stripe);
        }
        for described in &self.types {
            footer = footer.message(4, described);
        }
        let mut all = vec![Statistics::default(); self.types.len()];
        for stripe in &self.statistics {
            for (sum, part) in all.iter_mut().zip(stripe) {
                sum.add(part);
            }
        }
        let footer = footer.number(6, self.rows_before);
        of_all(footer, 7, &all).number(8, 0).number(9, WRITER)
    }

    fn postscript(&self, metadata: usize, footer: usize) -> Message {
        Message::default()
            .number(1, footer as u64)
            .number(2, self.codec.number())
            .number(3, BLOCK as u64)
            .packed(4, &VERSION)
            .number(5, metadata as u64)
            .number(6, WRITER_VERSION)
            .bytes(8000, MAGIC)
    }
}

impl Stripe {
    /// The record itself has no streams.
    fn add_record(&mut self, rows: u64) {
        self.encodings.push(column::DIRECT);
        self.statistics.push(Statistics::of(rows));
    }
}

fn of_all(message: Message, field: u64, columns: &[Statistics]) -> Message {
    columns.iter().fold(message, |message, column| {
        message.message(field, &column.message())
    })
}

/// Adds the type of a column and those within it; which number it has.
fn describe(kind: &ColumnType, types: &mut Vec<Message>) -> u64 {
    let place = types.len();
    types.push(Message::default());
    let described = Message::default().number(1, column::kind(kind));
    let described = match kind {
        ColumnType::Decimal(precision, scale) => described
            .number(5, u64::from(*precision))
            .number(6, scale.unsigned_abs().into()),
        ColumnType::List(element) => described.packed(2, &[describe(element, types)]),
        ColumnType::Map(value) => {
            let key = describe(&ColumnType::String, types);
            described.packed(2, &[key, describe(value, types)])
        }
        ColumnType::Struct(columns) => {
            let within: Vec<_> = columns.iter().map(|c| describe(&c.kind, types)).collect();
            let names = columns.iter().map(|column| column.name.as_bytes());
            names.fold(described.packed(2, &within), |message, name| {
                message.bytes(3, name)
            })
        }
        _ => described,
    };
    types[place] = described;
    place as u64
}

#[cfg(test)]
mod tests;

//! The columns of the open stripe. Of what is null, and of all within it, nothing is written but
//! that it is null.

use std::io;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
};
use arrow_array::{Array, ArrayRef};
use standpipe_config::settings::delivery::ColumnType;

use super::Stripe;
use super::codec::Codec;
use super::message::{varint, zigzag_wide};
use super::statistics::{Span, Statistics};
use super::stream::{
    BitStream, ByteStream, DATA, IntegerStream, LENGTH, PRESENT, SECONDARY, Stream,
};
use super::values::{each, integers, lengths_of, of, texts, times};

/// Number of the encoding of what has no second version.
pub(super) const DIRECT: u64 = 0;

/// Number of the encoding of what consists of runs of integers.
const DIRECT_V2: u64 = 2;

/// A column under construction.
pub(super) struct ColumnWriter {
    present: BitStream,
    values: Values,
    statistics: Statistics,
}

enum Values {
    Boolean(BitStream),
    Byte(ByteStream),
    Small(IntegerStream),
    Int(IntegerStream),
    Single(Stream),
    Double(Stream),
    Decimal(Stream, IntegerStream),
    String(Stream, IntegerStream),
    Timestamp(IntegerStream, IntegerStream),
    Date(IntegerStream),
    List(IntegerStream, Box<ColumnWriter>),
    Map(IntegerStream, Box<[ColumnWriter; 2]>),
    Struct(Vec<ColumnWriter>),
}

/// The number of a column's type. Of what has less than 64 bits, its width counts.
pub(super) fn kind(kind: &ColumnType) -> u64 {
    match kind {
        ColumnType::Boolean => 0,
        ColumnType::Small(8) => 1,
        ColumnType::Small(16) => 2,
        ColumnType::Small(_) => 3,
        ColumnType::Int => 4,
        ColumnType::Single => 5,
        ColumnType::Double => 6,
        ColumnType::String => 7,
        // One without a zone, as Hive's is: what was written as UTC reads as UTC.
        ColumnType::Timestamp => 9,
        ColumnType::List(_) => 10,
        ColumnType::Map(_) => 11,
        ColumnType::Struct(_) => 12,
        ColumnType::Decimal(..) => 14,
        ColumnType::Date => 15,
    }
}

impl ColumnWriter {
    pub(super) fn new(kind: &ColumnType) -> Self {
        let lengths = IntegerStream::unsigned;
        let values = match kind {
            ColumnType::Boolean => Values::Boolean(BitStream::default()),
            ColumnType::Small(8) => Values::Byte(ByteStream::default()),
            ColumnType::Small(_) => Values::Small(IntegerStream::signed()),
            ColumnType::Int => Values::Int(IntegerStream::signed()),
            ColumnType::Single => Values::Single(Stream::default()),
            ColumnType::Double => Values::Double(Stream::default()),
            ColumnType::Decimal(..) => Values::Decimal(Stream::default(), IntegerStream::signed()),
            ColumnType::String => Values::String(Stream::default(), lengths()),
            ColumnType::Timestamp => Values::Timestamp(IntegerStream::signed(), lengths()),
            ColumnType::Date => Values::Date(IntegerStream::signed()),
            ColumnType::List(element) => Values::List(lengths(), Box::new(Self::new(element))),
            ColumnType::Map(value) => {
                let within = [Self::new(&ColumnType::String), Self::new(value)];
                Values::Map(lengths(), Box::new(within))
            }
            ColumnType::Struct(columns) => {
                Values::Struct(columns.iter().map(|c| Self::new(&c.kind)).collect())
            }
        };
        Self {
            present: BitStream::default(),
            values,
            statistics: Statistics::default(),
        }
    }

    /// Appends the rows of `array` in these ranges.
    pub(super) fn append(
        &mut self,
        array: &ArrayRef,
        rows: &[Range<usize>],
        codec: &mut Codec,
    ) -> io::Result<()> {
        let valid = self.mark(array, rows);
        self.statistics.values += valid.iter().map(|range| range.len() as u64).sum::<u64>();
        let span = self.values.append(array, &valid, codec)?;
        self.statistics.span = self.statistics.span.with(span);
        self.present.stream.settle(codec)
    }

    /// Notes which rows are null; ranges of those that are not.
    fn mark(&mut self, array: &ArrayRef, rows: &[Range<usize>]) -> Vec<Range<usize>> {
        let Some(nulls) = array.nulls() else {
            let count = rows.iter().map(|range| range.len()).sum();
            (0..count).for_each(|_| self.present.push(true));
            return rows.to_vec();
        };
        let mut valid = Vec::new();
        for range in rows {
            let nulls = nulls.slice(range.start, range.len());
            nulls
                .iter()
                .for_each(|is_there| self.present.push(is_there));
            self.statistics.has_null |= nulls.null_count() > 0;
            let slices = nulls.valid_slices();
            valid.extend(slices.map(|(from, to)| range.start + from..range.start + to));
        }
        valid
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.present.stream.bytes() + self.values.bytes()
    }

    /// Moves all of it into `stripe`; it is empty again.
    pub(super) fn finish(&mut self, stripe: &mut Stripe, codec: &mut Codec) -> io::Result<()> {
        stripe.encodings.push(self.values.encoding());
        let statistics = std::mem::take(&mut self.statistics);
        match statistics.has_null {
            true => self.present.finish(PRESENT, stripe, codec)?,
            // All are there.
            false => self.present.clear(),
        }
        stripe.statistics.push(statistics);
        self.values.finish(stripe, codec)
    }
}

impl Values {
    /// Appends the rows in these ranges, none of which is null; the span of their values.
    fn append(
        &mut self,
        array: &ArrayRef,
        rows: &[Range<usize>],
        codec: &mut Codec,
    ) -> io::Result<Span> {
        let mut span = Span::Unknown;
        match self {
            Self::Boolean(bits) => {
                let array = array.as_boolean();
                for row in each(rows) {
                    bits.push(array.value(row));
                    span = span.with(Span::Booleans(array.value(row).into()));
                }
                bits.stream.settle(codec)?;
            }
            Self::Byte(bytes) => {
                for value in of::<Int32Type>(array, rows) {
                    // It was read as a number of eight bits.
                    bytes.push(value as u8);
                    span = span.with(Span::Integers(value.into(), value.into()));
                }
                bytes.stream.settle(codec)?;
            }
            Self::Small(numbers) => {
                let values = of::<Int32Type>(array, rows).map(i64::from);
                span = integers(numbers, values, Span::Integers, codec)?;
            }
            Self::Int(numbers) => {
                span = integers(numbers, of::<Int64Type>(array, rows), Span::Integers, codec)?;
            }
            Self::Date(days) => {
                let values = of::<Date32Type>(array, rows).map(i64::from);
                span = integers(days, values, Span::Dates, codec)?;
            }
            Self::Single(numbers) => {
                for value in of::<Float32Type>(array, rows) {
                    numbers.open.extend_from_slice(&value.to_le_bytes());
                    span = span.with(Span::Doubles(value.into(), value.into()));
                }
                numbers.settle(codec)?;
            }
            Self::Double(numbers) => {
                for value in of::<Float64Type>(array, rows) {
                    numbers.open.extend_from_slice(&value.to_le_bytes());
                    span = span.with(Span::Doubles(value, value));
                }
                numbers.settle(codec)?;
            }
            Self::Decimal(digits, scales) => {
                let scale = array.as_primitive::<Decimal128Type>().scale();
                for value in of::<Decimal128Type>(array, rows) {
                    varint(zigzag_wide(value), &mut digits.open);
                    scales.push(scale.into());
                }
                digits.settle(codec)?;
                scales.stream.settle(codec)?;
            }
            Self::String(bytes, lengths) => span = texts(bytes, lengths, (array, rows), codec)?,
            Self::Timestamp(seconds, parts) => {
                span = times(seconds, parts, (array, rows), codec)?;
            }
            Self::List(..) | Self::Map(..) | Self::Struct(_) => self.within(array, rows, codec)?,
        }
        Ok(span)
    }

    /// Appends what lies within rows.
    fn within(
        &mut self,
        array: &ArrayRef,
        rows: &[Range<usize>],
        codec: &mut Codec,
    ) -> io::Result<()> {
        match self {
            Self::List(lengths, element) => {
                let list = array.as_list::<i32>();
                let elements = lengths_of(list.value_offsets(), rows, lengths);
                lengths.stream.settle(codec)?;
                element.append(list.values(), &elements, codec)
            }
            Self::Map(lengths, within) => {
                let map = array.as_map();
                let entries = lengths_of(map.value_offsets(), rows, lengths);
                lengths.stream.settle(codec)?;
                let [keys, values] = &mut **within;
                keys.append(map.keys(), &entries, codec)?;
                values.append(map.values(), &entries, codec)
            }
            Self::Struct(columns) => {
                let arrays = array.as_struct().columns();
                let mut columns = columns.iter_mut().zip(arrays);
                columns.try_for_each(|(column, array)| column.append(array, rows, codec))
            }
            _ => Ok(()),
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Boolean(bits) => bits.stream.bytes(),
            Self::Byte(bytes) => bytes.stream.bytes(),
            Self::Small(numbers) | Self::Int(numbers) | Self::Date(numbers) => {
                numbers.stream.bytes()
            }
            Self::Single(numbers) | Self::Double(numbers) => numbers.bytes(),
            Self::Decimal(bytes, numbers) | Self::String(bytes, numbers) => {
                bytes.bytes() + numbers.stream.bytes()
            }
            Self::Timestamp(seconds, parts) => seconds.stream.bytes() + parts.stream.bytes(),
            Self::List(lengths, element) => lengths.stream.bytes() + element.bytes(),
            Self::Map(lengths, within) => {
                lengths.stream.bytes() + within.iter().map(ColumnWriter::bytes).sum::<u64>()
            }
            Self::Struct(columns) => columns.iter().map(ColumnWriter::bytes).sum(),
        }
    }

    fn encoding(&self) -> u64 {
        match self {
            Self::Boolean(_) | Self::Byte(_) | Self::Single(_) | Self::Double(_) => DIRECT,
            Self::Struct(_) => DIRECT,
            _ => DIRECT_V2,
        }
    }

    fn finish(&mut self, stripe: &mut Stripe, codec: &mut Codec) -> io::Result<()> {
        match self {
            Self::Boolean(bits) => bits.finish(DATA, stripe, codec),
            Self::Byte(bytes) => bytes.finish(DATA, stripe, codec),
            Self::Small(numbers) | Self::Int(numbers) | Self::Date(numbers) => {
                numbers.finish(DATA, stripe, codec)
            }
            Self::Single(numbers) | Self::Double(numbers) => numbers.finish(DATA, stripe, codec),
            Self::Decimal(digits, scales) => {
                digits.finish(DATA, stripe, codec)?;
                scales.finish(SECONDARY, stripe, codec)
            }
            Self::String(bytes, lengths) => {
                bytes.finish(DATA, stripe, codec)?;
                lengths.finish(LENGTH, stripe, codec)
            }
            Self::Timestamp(seconds, parts) => {
                seconds.finish(DATA, stripe, codec)?;
                parts.finish(SECONDARY, stripe, codec)
            }
            Self::List(lengths, element) => {
                lengths.finish(LENGTH, stripe, codec)?;
                element.finish(stripe, codec)
            }
            Self::Map(lengths, within) => {
                lengths.finish(LENGTH, stripe, codec)?;
                let mut within = within.iter_mut();
                within.try_for_each(|column| column.finish(stripe, codec))
            }
            Self::Struct(columns) => {
                let mut columns = columns.iter_mut();
                columns.try_for_each(|column| column.finish(stripe, codec))
            }
        }
    }
}

//! Values of arrays on their way into streams.

use std::io;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{ArrayRef, ArrowPrimitiveType};

use super::codec::Codec;
use super::statistics::Span;
use super::stream::{IntegerStream, Stream};

/// From 1970 to 2015, from which timestamps count, in seconds.
const EPOCH: i64 = 1_420_070_400;

/// The rows of some ranges, one by one.
pub(super) fn each(rows: &[Range<usize>]) -> impl Iterator<Item = usize> + '_ {
    rows.iter().cloned().flatten()
}

/// The values of these rows.
pub(super) fn of<'a, T: ArrowPrimitiveType>(
    array: &'a ArrayRef,
    rows: &'a [Range<usize>],
) -> impl Iterator<Item = T::Native> + 'a {
    let values = array.as_primitive::<T>().values();
    rows.iter()
        .flat_map(|range| &values[range.clone()])
        .copied()
}

pub(super) fn integers(
    stream: &mut IntegerStream,
    values: impl Iterator<Item = i64>,
    span: fn(i64, i64) -> Span,
    codec: &mut Codec,
) -> io::Result<Span> {
    let mut all = Span::Unknown;
    for value in values {
        stream.push(value);
        all = all.with(span(value, value));
    }
    stream.stream.settle(codec)?;
    Ok(all)
}

pub(super) fn texts(
    bytes: &mut Stream,
    lengths: &mut IntegerStream,
    (array, rows): (&ArrayRef, &[Range<usize>]),
    codec: &mut Codec,
) -> io::Result<Span> {
    let array = array.as_string::<i32>();
    let mut total = 0;
    for within in lengths_of(array.value_offsets(), rows, lengths) {
        total += within.len() as i64;
        bytes.open.extend_from_slice(&array.value_data()[within]);
    }
    bytes.settle(codec)?;
    lengths.stream.settle(codec)?;
    Ok(Span::Texts(total))
}

/// Seconds since 2015, and what is left in nanoseconds. Before 1970 the seconds are those towards
/// 1970, from which readers step back where there is a rest (ORC-763); so the last second before
/// 1970 has no fractions, and what would need one was refused before.
pub(super) fn times(
    seconds: &mut IntegerStream,
    parts: &mut IntegerStream,
    (array, rows): (&ArrayRef, &[Range<usize>]),
    codec: &mut Codec,
) -> io::Result<Span> {
    let mut all = Span::Unknown;
    for value in of::<TimestampMillisecondType>(array, rows) {
        let rest = value.rem_euclid(1000);
        let whole = value.div_euclid(1000) + i64::from(value < 0 && rest > 0);
        seconds.push(whole - EPOCH);
        parts.push(nanoseconds(rest));
        all = all.with(Span::Times(value, value));
    }
    seconds.stream.settle(codec)?;
    parts.stream.settle(codec)?;
    Ok(all)
}

/// Milliseconds as nanoseconds without the zeros at their end, of which the lowest three bits say
/// how many they are: none, or one less than there were.
fn nanoseconds(milliseconds: i64) -> i64 {
    if milliseconds == 0 {
        return 0;
    }
    let (mut digits, mut zeros) = (milliseconds, 6);
    while digits % 10 == 0 {
        digits /= 10;
        zeros += 1;
    }
    digits << 3 | (zeros - 1)
}

/// Writes how long each of these rows is; ranges of what they hold.
pub(super) fn lengths_of(
    offsets: &[i32],
    rows: &[Range<usize>],
    lengths: &mut IntegerStream,
) -> Vec<Range<usize>> {
    for row in each(rows) {
        lengths.push(i64::from(offsets[row + 1]) - i64::from(offsets[row]));
    }
    let bounds = rows.iter().filter(|range| !range.is_empty());
    let bounds = bounds.map(|range| offsets[range.start] as usize..offsets[range.end] as usize);
    bounds.collect()
}

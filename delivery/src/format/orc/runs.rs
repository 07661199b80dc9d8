//! Run length encodings of ORC: integers (version 2), bytes, and booleans as bits of bytes.

use super::message::{varint, zigzag};

/// From here on a value that repeats is a run.
const SHORTEST_RUN: usize = 3;

/// Values of a run of integers, or of a stretch of different ones, at most.
const MOST_INTEGERS: usize = 512;

/// Runs of integers up to here have a form of their own.
const SHORT_RUN: usize = 10;

/// Bytes of a run, or of a stretch of different ones, at most.
const MOST_BYTES: usize = 128;

// The forms of integers, as a run's first byte begins.
const SHORT_REPEAT: u8 = 0b0000_0000;
const DIRECT: u8 = 0b0100_0000;
const DELTA: u8 = 0b1100_0000;

/// Tells runs of one value from stretches of different ones.
struct Splitter<T> {
    held: Vec<T>,
    /// How often the last value stands at the end of what is held. If that makes a run, nothing
    /// else is held.
    repeats: usize,
    most: usize,
}

impl<T: Copy + PartialEq> Splitter<T> {
    fn new(most: usize) -> Self {
        Self {
            held: Vec::with_capacity(most),
            repeats: 0,
            most,
        }
    }

    /// Takes one more value. What is complete by that goes to `write`: equal values, or different
    /// ones.
    fn push(&mut self, value: T, mut write: impl FnMut(&[T])) {
        let repeats = self.held.last() == Some(&value);
        if !repeats && self.repeats >= SHORTEST_RUN {
            self.end(&mut write);
        }
        self.repeats = if repeats { self.repeats + 1 } else { 1 };
        self.held.push(value);
        let others = self.held.len() - self.repeats;
        if self.repeats == SHORTEST_RUN && others > 0 {
            write(&self.held[..others]);
            self.held.drain(..others);
        }
        if self.held.len() == self.most {
            self.end(write);
        }
    }

    fn end(&mut self, mut write: impl FnMut(&[T])) {
        if !self.held.is_empty() {
            write(&self.held);
        }
        self.held.clear();
        self.repeats = 0;
    }
}

/// Whether values that came from a [`Splitter`] are a run: a stretch of others has no three equal
/// ones at its beginning.
fn is_run<T: PartialEq>(values: &[T]) -> bool {
    matches!(values, [first, second, third, ..] if first == second && second == third)
}

/// Integers.
pub(super) struct Integers {
    splitter: Splitter<i64>,
    signed: bool,
}

impl Integers {
    /// `signed`: some may be negative.
    pub(super) fn new(signed: bool) -> Self {
        Self {
            splitter: Splitter::new(MOST_INTEGERS),
            signed,
        }
    }

    pub(super) fn push(&mut self, value: i64, out: &mut Vec<u8>) {
        let signed = self.signed;
        self.splitter
            .push(value, |values| integers(values, signed, out));
    }

    /// Writes what is still held.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        let signed = self.signed;
        self.splitter.end(|values| integers(values, signed, out));
    }
}

fn integers(values: &[i64], signed: bool, out: &mut Vec<u8>) {
    let Some(&first) = values.first() else { return };
    let encoded = |value: i64| if signed { zigzag(value) } else { value as u64 };
    if !is_run(values) {
        let largest = values.iter().fold(0, |all, value| all | encoded(*value));
        let direct = Width::of(largest);
        return match Deltas::of(values) {
            Some(deltas) if deltas.width.bits < direct.bits => {
                deltas.write(encoded(first), values, out);
            }
            _ => {
                header(DIRECT | direct.code << 1, values.len(), out);
                pack(values.iter().map(|value| encoded(*value)), direct, out);
            }
        };
    }
    if values.len() > SHORT_RUN {
        header(DELTA, values.len(), out);
        varint(encoded(first).into(), out);
        return varint(0, out);
    }
    let bytes = encoded(first).to_be_bytes();
    let empty = encoded(first).leading_zeros() as usize / 8;
    let bytes = &bytes[empty.min(bytes.len() - 1)..];
    let (width, count) = (bytes.len() - 1, values.len() - SHORTEST_RUN);
    out.push(SHORT_REPEAT | (width as u8) << 3 | count as u8);
    out.extend_from_slice(bytes);
}

/// The first two bytes of all forms but the shortest: nine bits for how many values there are.
fn header(form: u8, count: usize, out: &mut Vec<u8>) {
    let [high, low] = (count as u16 - 1).to_be_bytes();
    out.extend_from_slice(&[form | high, low]);
}

/// What lies between values that only grow, or only shrink.
struct Deltas {
    first: i64,
    /// Of all that follow the first one; no bits if they all equal it.
    width: Width,
}

impl Deltas {
    /// `None` where they do not only grow or only shrink, or too far at once.
    fn of(values: &[i64]) -> Option<Self> {
        let [first, second, rest @ ..] = values else {
            return None;
        };
        let first_delta = second.checked_sub(*first).filter(|delta| *delta != 0)?;
        let (mut before, mut all, mut is_fixed) = (*second, 0, true);
        for value in rest {
            let delta = value.checked_sub(before)?;
            if delta != 0 && (delta < 0) != (first_delta < 0) {
                return None;
            }
            is_fixed &= delta == first_delta;
            all |= delta.unsigned_abs();
            before = *value;
        }
        let width = match is_fixed {
            true => Width { bits: 0, code: 0 },
            // One bit has the code of none.
            false => Width::of(all.max(0b10)),
        };
        Some(Self {
            first: first_delta,
            width,
        })
    }

    fn write(&self, base: u64, values: &[i64], out: &mut Vec<u8>) {
        header(DELTA | self.width.code << 1, values.len(), out);
        varint(base.into(), out);
        varint(zigzag(self.first).into(), out);
        if self.width.bits > 0 {
            let rest = values[1..].windows(2);
            let deltas = rest.map(|pair| pair[1].abs_diff(pair[0]));
            pack(deltas, self.width, out);
        }
    }
}

/// How many bits each value of a stretch has, and the code for it.
#[derive(Clone, Copy)]
struct Width {
    bits: u32,
    code: u8,
}

impl Width {
    /// The least one that holds `value`. Beyond 24 bits not every width can be written.
    fn of(value: u64) -> Self {
        let needed = 64 - value.leading_zeros();
        let (bits, code) = match needed {
            0 | 1 => (1, 0),
            2..=24 => (needed, needed as u8 - 1),
            25 | 26 => (26, 24),
            27 | 28 => (28, 25),
            29 | 30 => (30, 26),
            31 | 32 => (32, 27),
            33..=40 => (40, 28),
            41..=48 => (48, 29),
            49..=56 => (56, 30),
            _ => (64, 31),
        };
        Self { bits, code }
    }
}

/// Packs values that fit `width`, the highest bits first; the last byte is filled with zeros.
fn pack(values: impl Iterator<Item = u64>, width: Width, out: &mut Vec<u8>) {
    // At most seven bits are left of a value, so 71 are held; what was written is shifted out.
    let (mut held, mut bits) = (0_u128, 0);
    for value in values {
        held = held << width.bits | u128::from(value);
        bits += width.bits;
        while bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    if bits > 0 {
        out.push((held << (8 - bits)) as u8);
    }
}

/// Bytes.
pub(super) struct Bytes(Splitter<u8>);

impl Default for Bytes {
    fn default() -> Self {
        Self(Splitter::new(MOST_BYTES))
    }
}

impl Bytes {
    pub(super) fn push(&mut self, value: u8, out: &mut Vec<u8>) {
        self.0.push(value, |values| bytes(values, out));
    }

    /// Writes what is still held.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.0.end(|values| bytes(values, out));
    }
}

fn bytes(values: &[u8], out: &mut Vec<u8>) {
    if is_run(values) {
        out.push((values.len() - SHORTEST_RUN) as u8);
        out.push(values[0]);
    } else {
        out.push((values.len() as u8).wrapping_neg());
        out.extend_from_slice(values);
    }
}

/// Booleans: the first one is the highest bit of the first byte.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Bytes,
    held: u8,
    count: u32,
}

impl Bits {
    pub(super) fn push(&mut self, value: bool, out: &mut Vec<u8>) {
        self.held = self.held << 1 | u8::from(value);
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(self.held, out);
            self.count = 0;
        }
    }

    /// Writes what is still held.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            self.bytes.push(self.held << (8 - self.count), out);
            self.count = 0;
        }
        self.bytes.end(out);
    }
}

#[cfg(test)]
mod tests;

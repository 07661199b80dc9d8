use proptest::prelude::*;

use super::*;

fn encoded(values: &[i64], signed: bool) -> Vec<u8> {
    let (mut runs, mut out) = (Integers::new(signed), Vec::new());
    values.iter().for_each(|value| runs.push(*value, &mut out));
    runs.end(&mut out);
    out
}

/// A reader as the specification has it, for what is written here.
struct Reader<'a> {
    bytes: &'a [u8],
    signed: bool,
}

impl Reader<'_> {
    fn all(mut self) -> Vec<i64> {
        let mut all = Vec::new();
        while !self.bytes.is_empty() {
            self.run(&mut all);
        }
        all
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().unwrap();
        self.bytes = rest;
        *first
    }

    fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }

    fn meant(&self, value: u64) -> i64 {
        match self.signed {
            true => signed(value),
            false => value as i64,
        }
    }

    fn packed(&mut self, count: usize, width: u32) -> Vec<u64> {
        let (mut held, mut bits) = (0_u128, 0);
        let mut values = Vec::new();
        while values.len() < count {
            if bits < width {
                held = held << 8 | u128::from(self.byte());
                bits += 8;
                continue;
            }
            bits -= width;
            values.push((held >> bits) as u64 & (u64::MAX >> (64 - width)));
        }
        values
    }

    fn run(&mut self, all: &mut Vec<i64>) {
        let first = self.byte();
        if first & DELTA == SHORT_REPEAT {
            let width = usize::from(first >> 3 & 7) + 1;
            let value = (0..width).fold(0, |value, _| value << 8 | u64::from(self.byte()));
            let count = usize::from(first & 7) + SHORTEST_RUN;
            return all.extend(std::iter::repeat_n(self.meant(value), count));
        }
        let code = first >> 1 & 31;
        let width = match code {
            0..=23 => u32::from(code) + 1,
            24..=27 => 26 + 2 * u32::from(code - 24),
            _ => 40 + 8 * u32::from(code - 28),
        };
        let count = (usize::from(first & 1) << 8 | usize::from(self.byte())) + 1;
        if first & DELTA == DIRECT {
            let values = self.packed(count, width);
            return all.extend(values.into_iter().map(|value| self.meant(value)));
        }
        assert_eq!(first & DELTA, DELTA);
        let base = self.varint();
        let base = self.meant(base);
        let delta = signed(self.varint());
        let deltas = match code {
            0 => vec![delta.unsigned_abs(); count - 2],
            _ => self.packed(count - 2, width),
        };
        all.push(base);
        let mut value = base;
        for (at, step) in std::iter::once(delta.unsigned_abs())
            .chain(deltas)
            .enumerate()
        {
            assert!(at < MOST_INTEGERS);
            value = match delta < 0 {
                true => value.wrapping_sub(step as i64),
                false => value.wrapping_add(step as i64),
            };
            all.push(value);
        }
    }
}

fn signed(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The examples of the specification.
#[test]
fn integers_are_written_as_the_specification_says() {
    assert_eq!(encoded(&[10_000; 5], false), [0x0a, 0x27, 0x10]);
    assert_eq!(
        encoded(&[23_713, 43_806, 57_005, 48_879], false),
        [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef]
    );
    let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29];
    // In the specification four bits each, of which three are enough.
    assert_eq!(
        encoded(&primes, false),
        [0xc4, 0x09, 0x02, 0x02, 0x4a, 0x28, 0xa6]
    );
    assert_eq!(encoded(&[7; 300], false), [0xc1, 0x2b, 0x07, 0x00]);
}

#[test]
fn bytes_and_booleans_are_written_as_the_specification_says() {
    let bytes = |values: &[u8]| {
        let (mut runs, mut out) = (Bytes::default(), Vec::new());
        values.iter().for_each(|value| runs.push(*value, &mut out));
        runs.end(&mut out);
        out
    };
    assert_eq!(bytes(&[0; 100]), [0x61, 0x00]);
    assert_eq!(bytes(&[0x44, 0x45]), [0xfe, 0x44, 0x45]);
    assert_eq!(bytes(&[0; 128 + 5]), [0x7d, 0x00, 0x02, 0x00]);
    let (mut bits, mut out) = (Bits::default(), Vec::new());
    for at in 0..8 {
        bits.push(at == 0, &mut out);
    }
    bits.end(&mut out);
    assert_eq!(out, [0xff, 0x80]);
}

/// Values of many widths, runs, and values that grow, as they are found in tables.
fn values() -> impl Strategy<Value = Vec<i64>> {
    let narrow = (0_u32..64, any::<i64>()).prop_map(|(shift, value)| value >> shift);
    let stretch = prop_oneof![
        prop::collection::vec(narrow.clone(), 1..700),
        (narrow.clone(), 1_usize..700).prop_map(|(value, count)| vec![value; count]),
        (narrow.clone(), narrow, 1_usize..700).prop_map(|(first, step, count)| {
            let at = |at: usize| first.wrapping_add(step.wrapping_mul(at as i64));
            (0..count).map(at).collect()
        }),
        prop::collection::vec(any::<i64>(), 1..700).prop_map(|mut values| {
            values.sort_unstable();
            values
        }),
    ];
    prop::collection::vec(stretch, 0..6).prop_map(|stretches| stretches.concat())
}

proptest! {
    #[test]
    fn integers_read_back(values in values()) {
        let bytes = encoded(&values, true);
        let reader = Reader { bytes: &bytes, signed: true };
        prop_assert_eq!(reader.all(), values.clone());
        let lengths: Vec<_> = values.iter().map(|value| value & i64::MAX).collect();
        let bytes = encoded(&lengths, false);
        let reader = Reader { bytes: &bytes, signed: false };
        prop_assert_eq!(reader.all(), lengths);
    }
}

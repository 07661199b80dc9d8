use proptest::prelude::*;

use super::*;

/// A reader, as the format is described.
fn decode(mut bytes: &[u8], width: u8, count: usize) -> Vec<u64> {
    let mut values = Vec::new();
    while values.len() < count {
        let (mut header, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            bytes = &bytes[1..];
            header |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if header & 1 == 0 {
            let (value, rest) = bytes.split_at(usize::from(width).div_ceil(8));
            let value = value
                .iter()
                .rev()
                .fold(0, |all, byte| all << 8 | u64::from(*byte));
            values.extend(std::iter::repeat_n(value, header >> 1));
            bytes = rest;
            continue;
        }
        let (packed, rest) = bytes.split_at((header >> 1) * usize::from(width));
        let bit = |at: usize| u64::from(packed[at / 8] >> (at % 8) & 1);
        for value in 0..(header >> 1) * GROUP {
            let first = value * usize::from(width);
            values.push((0..usize::from(width)).fold(0, |all, at| all | bit(first + at) << at));
        }
        bytes = rest;
    }
    assert!(bytes.is_empty());
    values.truncate(count);
    values
}

#[test]
fn runs_and_packed_bits_stand_as_the_format_says() {
    let mut out = Vec::new();
    // The example of the format: 0 to 7 in three bits.
    encode(&[0_u8, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
    assert_eq!(out, [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    out.clear();
    encode(&[1_u8; 100], 1, &mut out);
    assert_eq!(out, [200, 1, 1]);
    out.clear();
    encode(&[0_u32; 5], 0, &mut out);
    assert_eq!(out, [3]);
}

proptest! {
    #[test]
    fn values_read_back(width in 0..=32_u8, parts in prop::collection::vec((any::<u32>(), 1..40_usize), 0..40)) {
        let mask = ((1_u64 << width) - 1) as u32;
        let repeated = |(value, count): &(u32, usize)| std::iter::repeat_n(value & mask, *count);
        let alike: Vec<u32> = parts.iter().flat_map(repeated).collect();
        let different: Vec<u32> = parts.iter().map(|(value, _)| value & mask).collect();
        for values in [&different[..], &alike, &[&alike[..], &different, &alike].concat()] {
            let mut out = Vec::new();
            encode(values, width, &mut out);
            let found = decode(&out, width, values.len());
            prop_assert!(found.iter().copied().eq(values.iter().map(|value| u64::from(*value))));
        }
    }
}

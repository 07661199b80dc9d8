//! Parquet's hybrid of runs and packed bits, in which it keeps what is a small number.
//! Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, "Run Length Encoding /
//! Bit-Packing Hybrid".

/// So many values are packed together, and are worth a run where they are equal.
const GROUP: usize = 8;

/// Appends `values`, which need `width` bits each, of 32 at most.
pub(super) fn encode<T: Copy + Eq + Into<u64>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while at < values.len() {
        let rest = &values[at..];
        let run = rest.iter().take_while(|value| **value == rest[0]).count();
        if run < GROUP {
            at += GROUP.min(rest.len());
            continue;
        }
        pack(&values[packed..at], width, out);
        repeat(rest[0].into(), run, width, out);
        at += run;
        packed = at;
    }
    pack(&values[packed..], width, out);
}

/// A run of `value`.
fn repeat(value: u64, run: usize, width: u8, out: &mut Vec<u8>) {
    number(run << 1, out);
    let bytes = usize::from(width).div_ceil(8);
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

/// Values bit by bit, the last group filled up with zeros.
fn pack<T: Copy + Into<u64>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    number(groups << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    out.reserve(end - out.len());
    let (mut waiting, mut bits) = (0_u64, 0);
    for value in values {
        waiting |= (*value).into() << bits;
        bits += u32::from(width);
        if bits >= 32 {
            out.extend_from_slice(&(waiting as u32).to_le_bytes());
            waiting >>= 32;
            bits -= 32;
        }
    }
    let bytes = bits.div_ceil(8) as usize;
    out.extend_from_slice(&waiting.to_le_bytes()[..bytes]);
    out.resize(end, 0);
}

/// An unsigned LEB128.
fn number(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests;

//! Messages of Protocol Buffers, as far as the tail of an ORC file needs them: two dozen fields,
//! for which generated code would be more than this.

/// A message under construction.
#[derive(Clone, Default, Debug)]
pub(super) struct Message(Vec<u8>);

// How a field is written: a number, eight bytes, or so many bytes.
const NUMBER: u64 = 0;
const EIGHT: u64 = 1;
const BYTES: u64 = 2;

impl Message {
    /// Adds a `uint64`, `uint32`, `bool` or `enum`.
    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        self.key(field, NUMBER);
        varint(value.into(), &mut self.0);
        self
    }

    /// Adds a `sint64`.
    pub(super) fn signed(self, field: u64, value: i64) -> Self {
        self.number(field, zigzag(value))
    }

    /// Adds a `double`.
    pub(super) fn double(mut self, field: u64, value: f64) -> Self {
        self.key(field, EIGHT);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Adds `bytes` or a `string`.
    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.key(field, BYTES);
        varint(bytes.len() as u128, &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a packed list of numbers.
    pub(super) fn packed(self, field: u64, values: &[u64]) -> Self {
        let mut list = Vec::new();
        values.iter().for_each(|v| varint((*v).into(), &mut list));
        self.bytes(field, &list)
    }

    /// Adds another message.
    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u64, written: u64) {
        varint((field << 3 | written).into(), &mut self.0);
    }
}

/// Appends a number, seven bits a byte, the lowest ones first.
pub(super) fn varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A signed number as an unsigned one that is small where it is near 0.
pub(super) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// As [`zigzag`], for 128 bits.
pub(super) fn zigzag_wide(value: i128) -> u128 {
    (value << 1 ^ value >> 127) as u128
}

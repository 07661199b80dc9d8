//! How much the values are that a part of a query gives: counted as bytes of JSON, as a number of times
//! the record and a number of bytes more.

/// The longest text in which a number of the processor's is written, and a boolean or null.
pub(super) const NUMBER: u64 = 400;
pub(super) const WORD: u64 = 5;

/// A bound in bytes: so many times the record, and more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Size {
    pub(super) times: u64,
    pub(super) more: u64,
}

impl Size {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            more: self.more.saturating_add(other.more),
        }
    }

    pub(super) fn by(self, factor: u64) -> Self {
        Self {
            times: self.times.saturating_mul(factor),
            more: self.more.saturating_mul(factor),
        }
    }

    pub(super) fn is_within(self, most: Self) -> bool {
        self.times <= most.times && self.more <= most.more
    }
}

/// All values that a term gives, or is asked of, for one record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    /// Of all together, as JSON.
    pub(super) bytes: Size,
    pub(super) count: Size,
    /// Whether there may be several where the term is asked of one.
    pub(super) spread: bool,
    /// Whether each is a number.
    pub(super) are_numbers: bool,
}

impl Values {
    /// One value of at most so many bytes for each that there is.
    pub(super) fn each(self, bytes: u64) -> Self {
        Self {
            bytes: self.count.by(bytes),
            spread: false,
            are_numbers: false,
            ..self
        }
    }

    /// What two terms give, one after the other or one of them.
    pub(super) fn or(self, other: Self, asked: Self) -> Self {
        let spread = self.spread || other.spread;
        Self {
            bytes: self.bytes.and(other.bytes),
            count: match spread {
                true => self.count.and(other.count),
                false => asked.count,
            },
            spread,
            are_numbers: self.are_numbers && other.are_numbers,
        }
    }
}

/// A number for each value, which may have as many digits as that had.
pub(super) fn numeral(of: Values) -> Values {
    Values {
        bytes: of.bytes.and(of.count.by(NUMBER)),
        are_numbers: true,
        ..of.each(0)
    }
}

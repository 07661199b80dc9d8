//! What readers are told of a column, so that they can pass over stripes.

use super::message::Message;

/// What is known of the values of a column, in a stripe or in the file.
#[derive(Clone, Default, Debug)]
pub(super) struct Statistics {
    /// Values that are not null.
    pub(super) values: u64,
    pub(super) has_null: bool,
    pub(super) span: Span,
}

/// Between which bounds the values lie, where that is kept.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) enum Span {
    #[default]
    Unknown,
    Integers(i64, i64),
    Doubles(f64, f64),
    /// Days since 1970.
    Dates(i64, i64),
    /// Milliseconds since 1970, UTC.
    Times(i64, i64),
    /// Bytes of all texts together.
    Texts(i64),
    /// How often it is true.
    Booleans(u64),
}

impl Statistics {
    /// So many values of which nothing else is known.
    pub(super) fn of(values: u64) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }

    /// Adds what is known of other values of the column.
    pub(super) fn add(&mut self, other: &Self) {
        self.values += other.values;
        self.has_null |= other.has_null;
        self.span = self.span.with(other.span);
    }

    pub(super) fn message(&self) -> Message {
        let message = Message::default().number(1, self.values);
        let bounds = |least, most| Message::default().signed(1, least).signed(2, most);
        let message = match self.span {
            Span::Unknown => message,
            Span::Integers(least, most) => message.message(2, &bounds(least, most)),
            Span::Doubles(least, most) => {
                message.message(3, &Message::default().double(1, least).double(2, most))
            }
            Span::Texts(bytes) => message.message(4, &Message::default().signed(3, bytes)),
            Span::Booleans(count) => message.message(5, &Message::default().packed(1, &[count])),
            Span::Dates(least, most) => message.message(7, &bounds(least, most)),
            Span::Times(least, most) => {
                message.message(9, &Message::default().signed(3, least).signed(4, most))
            }
        };
        message.number(10, self.has_null.into())
    }
}

impl Span {
    /// The span of these values and those.
    pub(super) fn with(self, other: Self) -> Self {
        use Span::*;
        match (self, other) {
            (Unknown, known) | (known, Unknown) => known,
            (Integers(a, b), Integers(c, d)) => Integers(a.min(c), b.max(d)),
            (Doubles(a, b), Doubles(c, d)) => Doubles(a.min(c), b.max(d)),
            (Dates(a, b), Dates(c, d)) => Dates(a.min(c), b.max(d)),
            (Times(a, b), Times(c, d)) => Times(a.min(c), b.max(d)),
            (Texts(a), Texts(b)) => Texts(a.saturating_add(b)),
            (Booleans(a), Booleans(b)) => Booleans(a + b),
            // A column has one type.
            (span, _) => span,
        }
    }
}

//! Columns under construction, which can be cut back: so a record that fails half-way leaves no
//! trace in any of them (rule 14).

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMillisecondType,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, ListArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{
    BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::{ArrowError, FieldRef};
use standpipe_config::settings::delivery::{ColumnType, JsonSerDe};

use super::coerce::{Fill, misfit};
use super::failure::Wrong;
use super::names::Keys;
use super::schema::element;
use super::time::Times;
use crate::record::json::{Scanner, Token};

use maps::Map;
pub(super) use structs::{Placed, Struct};

mod maps;
mod structs;

/// The cells of one column.
#[derive(Debug)]
pub(super) struct Cells {
    valid: Valid,
    values: Values,
}

/// Which cells are null. Most columns have few or no nulls, or nothing else: for a value there is just
/// a length to count.
#[derive(Default, Debug)]
struct Valid {
    length: usize,
    /// Where the nulls are, in order.
    nulls: Vec<usize>,
}

impl Valid {
    fn push(&mut self) {
        self.length += 1;
    }

    fn push_null(&mut self) {
        self.nulls.push(self.length);
        self.length += 1;
    }

    fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        while self.nulls.last().is_some_and(|null| *null >= length) {
            self.nulls.pop();
        }
    }

    fn take(&mut self) -> Option<NullBuffer> {
        let length = std::mem::take(&mut self.length);
        if self.nulls.is_empty() {
            return None;
        }
        let mut bits = BooleanBufferBuilder::new(length);
        bits.append_n(length, true);
        self.nulls
            .drain(..)
            .for_each(|null| bits.set_bit(null, false));
        Some(NullBuffer::new(bits.finish()))
    }
}

/// The values, with something in the place of each null.
#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Small {
        bits: u8,
        values: Vec<i32>,
    },
    Int(Vec<i64>),
    Single(Vec<f32>),
    Double(Vec<f64>),
    Decimal {
        precision: u8,
        scale: i8,
        values: Vec<i128>,
    },
    String {
        bytes: Vec<u8>,
        ends: Ends,
    },
    Timestamp(Vec<i64>, Arc<Times>),
    Date(Vec<i32>),
    List(Box<List>),
    Map(Box<Map>),
    Struct(Box<Struct>),
}

/// How what is read becomes cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Which keys belong to which columns.
    pub(super) keys: Keys,
    /// How times are written.
    pub(super) times: Arc<Times>,
}

impl Reading {
    /// As the settings say for a declared schema.
    pub(super) fn of(json: &JsonSerDe) -> Self {
        Self {
            keys: Keys::of(json),
            times: Arc::new(Times::of(json)),
        }
    }
}

#[derive(Debug)]
struct List {
    ends: Ends,
    cells: Cells,
    field: FieldRef,
}

/// Where each cell of a string or list column ends; begins with a 0, as arrow has it. What arrives
/// before a column is taken stays far below 2 GiB (`encode`).
#[derive(Debug)]
struct Ends(Vec<i32>);

impl Ends {
    fn new() -> Self {
        Self(vec![0])
    }

    fn push(&mut self, end: usize) {
        self.0.push(end as i32);
    }

    /// Cuts back to `length` cells; where these end.
    fn truncate(&mut self, length: usize) -> usize {
        self.0.truncate(length + 1);
        self.0.last().map_or(0, |&end| end as usize)
    }

    fn take(&mut self) -> OffsetBuffer<i32> {
        let ends = renewed(&mut self.0);
        self.0.push(0);
        OffsetBuffer::new(ScalarBuffer::from(ends))
    }
}

impl Cells {
    /// An empty column.
    pub(super) fn new(kind: &ColumnType, reading: &Reading) -> Self {
        let values = match kind {
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::Small(bits) => Values::Small {
                bits: *bits,
                values: Vec::new(),
            },
            ColumnType::Int => Values::Int(Vec::new()),
            ColumnType::Single => Values::Single(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Decimal(precision, scale) => Values::Decimal {
                precision: *precision,
                scale: *scale,
                values: Vec::new(),
            },
            ColumnType::String => Values::String {
                bytes: Vec::new(),
                ends: Ends::new(),
            },
            ColumnType::Timestamp => Values::Timestamp(Vec::new(), reading.times.clone()),
            ColumnType::Date => Values::Date(Vec::new()),
            ColumnType::List(kind) => Values::List(Box::new(List {
                ends: Ends::new(),
                cells: Cells::new(kind, reading),
                field: Arc::new(element(kind)),
            })),
            ColumnType::Map(kind) => Values::Map(Box::new(Map::new(kind, reading))),
            ColumnType::Struct(columns) => Values::Struct(Box::new(Struct::new(columns, reading))),
        };
        Self {
            valid: Valid::default(),
            values,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.valid.length
    }

    /// Cuts back to `length` cells, whatever was left half-way behind them.
    pub(super) fn truncate(&mut self, length: usize) {
        self.valid.truncate(length);
        match &mut self.values {
            Values::Boolean(values) => values.truncate(length),
            Values::Int(values) | Values::Timestamp(values, _) => values.truncate(length),
            Values::Small { values, .. } => values.truncate(length),
            Values::Single(values) => values.truncate(length),
            Values::Double(values) => values.truncate(length),
            Values::Decimal { values, .. } => values.truncate(length),
            Values::Date(values) => values.truncate(length),
            Values::String { bytes, ends } => bytes.truncate(ends.truncate(length)),
            Values::List(list) => list.cells.truncate(list.ends.truncate(length)),
            Values::Map(map) => map.truncate(length),
            Values::Struct(columns) => columns.truncate(length),
        }
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(false),
            Values::Int(values) | Values::Timestamp(values, _) => values.push(0),
            Values::Small { values, .. } => values.push(0),
            Values::Single(values) => values.push(0.0),
            Values::Double(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Date(values) => values.push(0),
            Values::String { bytes, ends } => ends.push(bytes.len()),
            Values::List(list) => list.ends.push(list.cells.len()),
            Values::Map(map) => map.append_null(),
            Values::Struct(columns) => columns.append_nulls(),
        }
        self.valid.push_null();
    }

    /// Appends the value that `token` begins. `false`: a part of it did not fit, and is null here.
    /// On an error, what was appended is to be cut back.
    pub(super) fn append<'a>(
        &mut self,
        token: Token<'a>,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<bool, Wrong<'a>> {
        if token == Token::Null {
            self.append_null();
            return Ok(true);
        }
        let mut whole = true;
        match &mut self.values {
            Values::Boolean(values) => values.push(fill.boolean(token)?),
            Values::Small { bits, values } => values.push(fill.small(token, *bits)?),
            Values::Int(values) => values.push(fill.int(token)?),
            Values::Single(values) => values.push(fill.single(token)?),
            Values::Double(values) => values.push(fill.double(token)?),
            Values::Decimal {
                precision,
                scale,
                values,
            } => values.push(fill.decimal(token, *precision, *scale)?),
            Values::Timestamp(values, times) => values.push(fill.timestamp(token, times)?),
            Values::Date(values) => values.push(fill.date(token)?),
            Values::String { bytes, ends } => {
                bytes.extend_from_slice(fill.string(token, scanner)?.as_bytes());
                ends.push(bytes.len());
            }
            Values::List(list) => whole = list.append(token, scanner, fill)?,
            Values::Map(map) => whole = map.append(token, scanner, fill)?,
            Values::Struct(columns) if token == Token::Object => {
                whole = columns.append(self.valid.length, scanner, fill)?;
            }
            Values::Struct(_) => return misfit(token, "an object"),
        }
        self.valid.push();
        Ok(whole)
    }

    /// Appends the next value if it is of the kind and in the form in which the column's values mostly
    /// are. `false`: nothing was done.
    #[inline]
    pub(super) fn append_usual(&mut self, scanner: &mut Scanner<'_>) -> bool {
        if scanner.null() {
            self.append_null();
            return true;
        }
        let appended = match &mut self.values {
            Values::String { bytes, ends } => scanner.plain_text().map(|text| {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }),
            Values::Int(values) => scanner.short_integer().map(|value| values.push(value)),
            // What lies before 1970 may be no time of ORC.
            Values::Timestamp(values, times) => {
                let since_1970 = |time: &i64| *time >= 0;
                let time = scanner.plain(|text| times.of_text(text).filter(since_1970));
                time.map(|time| values.push(time))
            }
            _ => None,
        };
        if appended.is_some() {
            self.valid.push();
        }
        appended.is_some()
    }

    /// Appends text to a string column.
    pub(super) fn append_text(&mut self, text: &str) {
        if let Values::String { bytes, ends } = &mut self.values {
            bytes.extend_from_slice(text.as_bytes());
            ends.push(bytes.len());
            self.valid.push();
        }
    }

    /// The column so far, as arrow has it; it is empty again.
    pub(super) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let length = self.valid.length;
        let nulls = self.valid.take();
        Ok(match &mut self.values {
            Values::Boolean(values) => {
                let values = BooleanBuffer::from(renewed(values));
                Arc::new(BooleanArray::new(values, nulls))
            }
            Values::Small { values, .. } => primitive::<Int32Type>(values, nulls)?,
            Values::Int(values) => primitive::<Int64Type>(values, nulls)?,
            Values::Single(values) => primitive::<Float32Type>(values, nulls)?,
            Values::Decimal {
                precision,
                scale,
                values,
            } => {
                let values = ScalarBuffer::from(renewed(values));
                let array = PrimitiveArray::<Decimal128Type>::try_new(values, nulls)?;
                Arc::new(array.with_precision_and_scale(*precision, *scale)?)
            }
            Values::Double(values) => primitive::<Float64Type>(values, nulls)?,
            Values::Date(values) => primitive::<Date32Type>(values, nulls)?,
            Values::Timestamp(values, _) => {
                let values = ScalarBuffer::from(renewed(values));
                let array = PrimitiveArray::<TimestampMillisecondType>::try_new(values, nulls)?;
                Arc::new(array.with_timezone("UTC"))
            }
            Values::String { bytes, ends } => {
                let bytes = Buffer::from_vec(renewed(bytes));
                Arc::new(StringArray::try_new(ends.take(), bytes, nulls)?)
            }
            Values::List(list) => {
                let (field, ends) = (list.field.clone(), list.ends.take());
                Arc::new(ListArray::try_new(field, ends, list.cells.take()?, nulls)?)
            }
            Values::Map(map) => Arc::new(map.take(nulls)?),
            Values::Struct(columns) => {
                let (fields, arrays) = columns.take()?;
                Arc::new(StructArray::try_new_with_length(
                    fields, arrays, nulls, length,
                )?)
            }
        })
    }
}

impl List {
    fn append<'a>(
        &mut self,
        token: Token<'a>,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<bool, Wrong<'a>> {
        let mut whole = true;
        match token {
            Token::List => {
                let mut first = true;
                while scanner.next_element(&mut first)? {
                    fill.count(1)?;
                    let token = scanner.value()?;
                    whole &= self.cells.append(token, scanner, fill)?;
                }
            }
            // OpenX: what stands where a list is expected is a list of one.
            _ if fill.coerces() => whole = self.cells.append(token, scanner, fill)?,
            _ => return misfit(token, "a list"),
        }
        self.ends.push(self.cells.len());
        Ok(whole)
    }
}

/// Takes the values and leaves room for as many: the next batch will be like this one.
fn renewed<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = Vec::with_capacity(values.len());
    std::mem::replace(values, room)
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let values = ScalarBuffer::from(renewed(values));
    Ok(Arc::new(PrimitiveArray::<T>::try_new(values, nulls)?))
}

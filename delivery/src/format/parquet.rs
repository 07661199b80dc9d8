//! JSON records as rows of a Parquet file; of an ORC file too, which only its writer tells apart.
//!
//! A batch's records are collected as compact rows ([`crate::record::rows`]) and encoded here in
//! one go, at the seal. One JSON object is one row; a record may hold several. A record is the unit
//! of failure (rule 14): if one object of it cannot be converted, nothing of it is.
//!
//! With a declared schema, a value that does not fit its column fails its record, and conversions
//! are those of Firehose's OpenX deserializer. With an inferred one, only what is not a JSON object
//! fails; what fits no column goes to the side column [`REST`] (rule 22).
//!
//! The way of a record: `json`'s scanner → `table` (columns that can be cut back, so
//! that a record that fails half-way leaves no trace) → arrow arrays → `file`, which is Parquet's
//! (`writer` says how it is written; `groups` writes it, columns of texts by `texts`) or that of
//! [`orc`](super::orc). It is synchronous and bound by the processor; memory is bounded by the constants
//! of `encode` and `writer`, and by the size of ORC's stripes.

pub use columnar::Columnar;
pub use encode::{EncodeError, Encoded, OnFailed, encode, reserve_for};
pub use failure::ConversionError;
pub use file::WriteError;
pub use sample::first_rows;
pub use schema::{SchemaError, StreamSchema};

mod cells;
mod coerce;
mod columnar;
mod encode;
mod failure;
mod file;
mod groups;
mod infer;
mod names;
mod sample;
mod schema;
mod table;
mod texts;
mod time;
mod writer;

/// The column of an inferred schema that takes what fits no other: null, or the text of a JSON
/// object. A key in it stands for the whole value under that key; where only a part of a nested
/// value did not fit, its other parts are in their columns too.
pub const REST: &str = "_rest";

#[cfg(test)]
mod tests;

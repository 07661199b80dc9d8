//! Which files of columns records become, and how records are read for them.

use standpipe_config::settings::delivery::{Format, JsonSerDe, Orc, Parquet, Schema};

/// A format whose files have columns.
#[derive(Clone, Copy, Debug)]
pub enum Columnar<'a> {
    /// Parquet.
    Parquet(&'a Parquet),
    /// ORC.
    Orc(&'a Orc),
}

impl<'a> Columnar<'a> {
    /// The format, if its files have columns.
    pub fn of(format: &'a Format) -> Option<Self> {
        match format {
            Format::Raw(_) => None,
            Format::Parquet(parquet) => Some(Self::Parquet(parquet)),
            Format::Orc(orc) => Some(Self::Orc(orc)),
        }
    }

    /// The columns that the settings ask for.
    pub fn schema(self) -> &'a Schema {
        match self {
            Self::Parquet(parquet) => &parquet.schema,
            Self::Orc(orc) => &orc.schema,
        }
    }

    /// How records are read.
    pub(super) fn json(self) -> &'a JsonSerDe {
        match self {
            Self::Parquet(parquet) => &parquet.json,
            Self::Orc(orc) => &orc.json,
        }
    }
}

impl<'a> From<&'a Parquet> for Columnar<'a> {
    fn from(parquet: &'a Parquet) -> Self {
        Self::Parquet(parquet)
    }
}

impl<'a> From<&'a Orc> for Columnar<'a> {
    fn from(orc: &'a Orc) -> Self {
        Self::Orc(orc)
    }
}

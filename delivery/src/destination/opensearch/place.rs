//! Which cluster and index, and how to get in: what the checkpoint keeps of it (rule 16), and what
//! a record is called there.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use standpipe_config::names::{Arrival, LaneId};
use standpipe_config::secret::SecretSource;
use standpipe_config::settings::delivery::{self as settings, DocumentIds, Rotation};

use super::field;
use crate::record::Row;

/// A cluster and an index there, and who asks. Never a secret: only where it is to be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Addresses of the cluster's nodes.
    pub nodes: Vec<String>,
    /// The index, its beginning where the name rotates, or the data stream.
    pub index: String,
    /// What is appended to it.
    pub rotation: Rotation,
    /// Whether it is a data stream.
    pub is_data_stream: bool,
    /// Where documents have their ids from.
    pub ids: DocumentIds,
    /// The field whose value is the routing.
    pub routing: Option<String>,
    /// The ingest pipeline.
    pub pipeline: Option<String>,
    /// Who asks.
    pub access: Access,
    /// Certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// An index template to put there.
    pub template: Option<PathBuf>,
    /// How long the cluster may take over a bulk request, in milliseconds.
    pub timeout: u64,
    /// How long a file is tried again, in milliseconds.
    pub retry: u64,
}

/// Who asks, secrets by reference.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nobody says.
    Open,
    /// A user with a password.
    Basic {
        /// The user.
        user: String,
        /// Where the password is to be found.
        password: SecretSource,
    },
    /// Where the API key is to be found.
    ApiKey(SecretSource),
    /// An AWS key that signs.
    SigV4 {
        /// `es` or `aoss`.
        service: String,
        /// The region.
        region: String,
        /// The key's id and where its secret is to be found; `None`: whom the AWS chain finds.
        key: Option<(String, SecretSource)>,
    },
}

/// What a record is called in the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// The index, alias or data stream it is sent to.
    pub index: String,
    /// Its id; `None`: the cluster's.
    pub id: Option<String>,
    /// Its routing, where one is set.
    pub routing: Option<String>,
    /// Its version, where the last one of an id is to stay.
    pub version: Option<u64>,
}

impl Place {
    /// What the settings say.
    pub fn of(found: &settings::OpenSearchDestination) -> Self {
        Self {
            nodes: found.nodes.clone(),
            index: found.index.clone(),
            rotation: found.rotation,
            is_data_stream: found.is_data_stream,
            ids: found.ids.clone(),
            routing: found.routing.clone(),
            pipeline: found.pipeline.clone(),
            access: Access::of(&found.access),
            ca: found.ca.clone(),
            template: found.template.clone(),
            timeout: found.timeout.as_millis() as u64,
            retry: found.retry.as_millis() as u64,
        }
    }

    /// Whether both are one place, whoever asks there: what is sent there has the same names, and
    /// a node is in both.
    pub fn is_place(&self, other: &Self) -> bool {
        let names = |place: &Self| {
            let Self {
                index,
                rotation,
                is_data_stream,
                ids,
                routing,
                pipeline,
                ..
            } = place.clone();
            (index, rotation, is_data_stream, ids, routing, pipeline)
        };
        let known = |node: &String| other.nodes.contains(node);
        names(self) == names(other) && self.nodes.iter().any(known)
    }

    /// How long the cluster may take over a bulk request.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    /// How long a file is tried again.
    pub fn retry(&self) -> Duration {
        Duration::from_millis(self.retry)
    }

    /// What a row is called. `Err`: why it can be called nothing.
    pub fn document(&self, lane: LaneId, row: &Row<'_>) -> Result<Document, String> {
        let routing = match &self.routing {
            Some(name) => field::find(row.bytes, name)?,
            None => None,
        };
        let (id, version) = match &self.ids {
            DocumentIds::None => (None, None),
            DocumentIds::Position => (Some(position_id(lane, row)), None),
            DocumentIds::Field(name) => (Some(field_id(row, name)?), Some(version(row)?)),
        };
        Ok(Document {
            index: self.index_of(row.arrival)?,
            id,
            routing,
            version,
        })
    }

    /// What a row is called, as far as it can be told: for the line of one that is refused.
    pub fn document_at_best(&self, lane: LaneId, row: &Row<'_>) -> Document {
        self.document(lane, row).unwrap_or_else(|_| Document {
            index: self.index_of(row.arrival).unwrap_or_default(),
            id: None,
            routing: None,
            version: None,
        })
    }

    /// The index for a record that arrived then.
    pub fn index_of(&self, arrival: Arrival) -> Result<String, String> {
        let wrong = |e| format!("the arrival {} ms is no time: {e}", arrival.0);
        let time = Timestamp::from_millisecond(arrival.0).map_err(wrong)?;
        let time = time.to_zoned(TimeZone::UTC).datetime();
        let index = &self.index;
        Ok(match self.rotation {
            Rotation::None => index.clone(),
            Rotation::Hour => format!("{index}-{}", time.strftime("%Y-%m-%d-%H")),
            Rotation::Day => format!("{index}-{}", time.strftime("%Y-%m-%d")),
            Rotation::Month => format!("{index}-{}", time.strftime("%Y-%m")),
            Rotation::IsoWeek => {
                let week = time.date().iso_week_date();
                format!("{index}-{:04}-w{:02}", week.year(), week.week())
            }
            Rotation::Week => {
                let (year, week) = sunday_week(time);
                format!("{index}-{year:04}-w{week:02}")
            }
        })
    }
}

/// Firehose's weeks: they begin on Sunday, and the first is the one with the year's first Saturday.
fn sunday_week(time: DateTime) -> (i16, i16) {
    let date = time.date();
    let to_saturday = 6 - i64::from(date.weekday().to_sunday_zero_offset());
    let saturday = date.saturating_add(jiff::Span::new().days(to_saturday));
    (saturday.year(), (saturday.day_of_year() - 1) / 7 + 1)
}

fn position_id(lane: LaneId, row: &Row<'_>) -> String {
    row.id(lane).to_string()
}

/// What OpenSearch allows of an id, in bytes.
const LONGEST_ID: usize = 512;

fn field_id(row: &Row<'_>, name: &str) -> Result<String, String> {
    match field::find(row.bytes, name)? {
        Some(id) if id.is_empty() || id.len() > LONGEST_ID => Err(format!(
            "the field {name} has {} bytes, 1 to {LONGEST_ID} are allowed of an id",
            id.len()
        )),
        Some(id) => Ok(id),
        None => Err(format!("it has no field {name}, which is to be its id")),
    }
}

/// Versions for a millisecond.
const VERSIONS: u32 = 21;

/// The version of a document whose id may come again: the last record that was accepted is to win.
///
/// It is `arrival << 21` plus the position. Within a lane both only grow, so it only grows, whatever
/// the clock does. A new lane (a `data_dir` begun anew) starts at position 0, but later: its
/// versions are higher than those of the lane before if it begins `position / 2,097,152`
/// milliseconds after the last record of that one, half a second for a billion records. It is below
/// 2⁶³ until the year 2109. A redriven record has the version it had, so that it does not replace
/// what came after it (rule 27).
fn version(row: &Row<'_>) -> Result<u64, String> {
    let arrival = u64::try_from(row.arrival.0).ok();
    let position = row.redriven.map_or(row.position, |id| id.position);
    let high = arrival.and_then(|arrival| arrival.checked_mul(1 << VERSIONS));
    let version = high.and_then(|high| high.checked_add(position));
    let fits = version.filter(|version| *version <= i64::MAX as u64);
    fits.ok_or_else(|| format!("its arrival {} ms makes no version", row.arrival.0))
}

impl Access {
    fn of(access: &settings::SearchAccess) -> Self {
        use settings::SearchAccess;
        match access {
            SearchAccess::Open => Self::Open,
            SearchAccess::Basic { user, password } => Self::Basic {
                user: user.clone(),
                password: password.source().clone(),
            },
            SearchAccess::ApiKey(key) => Self::ApiKey(key.source().clone()),
            SearchAccess::SigV4 {
                service,
                region,
                access,
            } => Self::SigV4 {
                service: service.clone(),
                region: region.clone(),
                key: access
                    .as_ref()
                    .map(|key| (key.key_id.clone(), key.secret.source().clone())),
            },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.nodes.first().map_or("", String::as_str);
        write!(f, "the index {} at {first}", self.index)
    }
}

#[cfg(test)]
mod tests;

//! The strict way through a body: whatever JSON allows is read, and whatever is wrong is said.
//!
//! Nothing is kept of a body but the data of its records, and not more of that than a call may
//! bring: what a hostile body would become as a tree is never built.

use std::borrow::Cow;
use std::fmt;

use base64_simd::STANDARD;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use standpipe_config::limits::MAX_RECORD;
use standpipe_config::records::Records;

use super::{MAX_DATA, MAX_RECORDS, Put};
use crate::ingest::firehose::exception::{Exception, Kind};
use crate::ingest::firehose::input::{broken, invalid, serialization};
use crate::ingest::firehose::operation::Operation;

/// The name of the stream, the longest that is kept of it.
const LONGEST_NAME: usize = 64;

/// Reads a body, or says all that is wrong with it.
pub(super) fn read(operation: Operation, body: &[u8]) -> Result<Put, Exception> {
    let mut found = Found {
        batch: operation == Operation::PutRecordBatch,
        ..Found::default()
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    (&mut found)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| serialization(&format!("the body cannot be read: {error}")))?;
    found.judge()
}

/// What a body said.
#[derive(Default)]
struct Found {
    batch: bool,
    stream: Option<String>,
    given: bool,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// Records, also those that were not kept.
    count: usize,
    /// Bytes of data, also of records that were not kept.
    size: usize,
    problems: Vec<String>,
    /// A member that this operation does not have.
    unknown: Option<String>,
}

impl Found {
    fn judge(mut self) -> Result<Put, Exception> {
        let name = self.check_name();
        let member = if self.batch { "records" } else { "record" };
        if !self.given {
            self.problems
                .push(broken(member, "Member must not be null"));
        } else if self.batch && self.count == 0 {
            let least = "Member must have length greater than or equal to 1";
            self.problems.push(broken(member, least));
        } else if self.count > MAX_RECORDS {
            let most = format!("Member must have length less than or equal to {MAX_RECORDS}");
            self.problems.push(broken(member, &most));
        }
        invalid(&self.problems)?;
        if let Some(name) = self.unknown {
            let message = format!("{name} is not supported by this server: leave it out");
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        if self.size > MAX_DATA {
            let message = format!(
                "Records size exceeds 4 MB limit: {} bytes of data",
                self.size
            );
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        let stream = name.ok_or_else(|| serialization("DeliveryStreamName cannot be read"))?;
        Ok(Put {
            stream,
            records: Records {
                bytes: self.bytes.into(),
                ends: self.ends,
                notes: Vec::new(),
            },
            firsts: None,
        })
    }

    fn check_name(&mut self) -> Option<standpipe_config::names::StreamName> {
        let constraint = match self.stream.as_deref() {
            None => "Member must not be null".to_owned(),
            Some("") => "Member must have length greater than or equal to 1".to_owned(),
            Some(name) if name.len() > LONGEST_NAME => {
                format!("Member must have length less than or equal to {LONGEST_NAME}")
            }
            Some(name) => match name.parse() {
                Ok(name) => return Some(name),
                Err(_) => {
                    "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+".to_owned()
                }
            },
        };
        self.problems
            .push(broken("DeliveryStreamName", &constraint));
        None
    }

    /// Where the record in hand stands, for a message. Only the first few are told.
    fn problem(&mut self, constraint: &str) {
        const TOLD: usize = 10;
        let place = match self.batch {
            true => format!("records.{}.member.data", self.count),
            false => "record.data".to_owned(),
        };
        if self.problems.len() < TOLD {
            self.problems.push(broken(&place, constraint));
        }
    }

    fn data(&mut self, text: &str) -> Result<(), &'static str> {
        const WRONG: &str = "Data is not base64 (standard alphabet, padded)";
        let padding = text.bytes().rev().take(2).filter(|b| *b == b'=').count();
        let length = (text.len() / 4 * 3).saturating_sub(padding);
        self.size = self.size.saturating_add(length);
        if length > MAX_RECORD {
            self.problem(&too_long());
            return Ok(());
        }
        if self.count > MAX_RECORDS || self.size > MAX_DATA {
            return STANDARD.check(text.as_bytes()).map_err(|_| WRONG);
        }
        STANDARD
            .decode_append(text.as_bytes(), &mut self.bytes)
            .map_err(|_| WRONG)?;
        self.ends.push(self.bytes.len() as u32);
        Ok(())
    }
}

fn too_long() -> String {
    format!("Member must have length less than or equal to {MAX_RECORD}")
}

impl<'de> DeserializeSeed<'de> for &mut Found {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let member = if self.batch { "Records" } else { "Record" };
        while let Some(Name(name)) = map.next_key()? {
            if name == "DeliveryStreamName" {
                if self.stream.is_some() {
                    return Err(A::Error::custom("DeliveryStreamName is there twice"));
                }
                let text: Option<Cow<'_, str>> = map.next_value()?;
                self.stream = text.map(|text| text.into_owned());
            } else if name == member {
                if self.given {
                    return Err(A::Error::custom("the records are there twice"));
                }
                self.given = match self.batch {
                    true => map.next_value_seed(Batch(self))?,
                    false => map.next_value_seed(One(self))?,
                };
            } else if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                self.unknown
                    .get_or_insert_with(|| name.chars().take(100).collect());
            }
        }
        Ok(())
    }
}

/// The name of a member, borrowed where nothing is escaped in it.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// `Records`; whether it is there.
struct Batch<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Batch<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while let Some(is_there) = list.next_element_seed(One(self.0))? {
            if !is_there {
                self.0.count += 1;
                self.0.problem("Member must not be null");
            }
        }
        Ok(true)
    }
}

/// One record; whether it is there.
struct One<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record, {\"Data\": BASE64}")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        self.0.count += 1;
        let mut given = false;
        while let Some(Name(name)) = map.next_key()? {
            if name == "Data" {
                let text: Option<Text<'_>> = map.next_value()?;
                if given && text.is_some() {
                    return Err(A::Error::custom("Data is there twice"));
                }
                if let Some(Text(text)) = text {
                    given = true;
                    self.0.data(&text).map_err(A::Error::custom)?;
                }
            } else if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                self.0
                    .unknown
                    .get_or_insert_with(|| name.chars().take(100).collect());
            }
        }
        if !given {
            self.0.problem("Member must not be null");
        }
        Ok(true)
    }
}

/// A text, borrowed where nothing is escaped in it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

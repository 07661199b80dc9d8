//! `ProcessingConfiguration`: the processors of a stream that was made over the wire, in the order
//! in which its maker wrote them, as that is how they are shown again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use standpipe_config::settings::delivery::Deaggregation;

use crate::ingest::firehose::exception::{Exception, Kind};
use crate::ingest::firehose::input::Input;

/// `ProcessingConfiguration`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub(super) struct Processing {
    /// `Enabled`
    enabled: bool,
    /// `Processors`, each type once.
    processors: Vec<Processor>,
}

/// As it lies on disk. Version 1 knew one processor, and had a flag for it.
#[derive(Deserialize)]
struct Kept {
    enabled: bool,
    #[serde(default)]
    appends_newline: bool,
    #[serde(default)]
    processors: Vec<Processor>,
}

impl From<Kept> for Processing {
    fn from(kept: Kept) -> Self {
        let mut processors = kept.processors;
        if kept.appends_newline {
            processors.push(Processor::AppendNewline);
        }
        Self {
            enabled: kept.enabled,
            processors,
        }
    }
}

/// What one processor does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Processor {
    /// `AppendDelimiterToRecord`: a newline behind each record that does not end in one.
    AppendNewline,
    /// `RecordDeAggregation` with `SubRecordType` JSON.
    TakeJsonApart,
    /// `RecordDeAggregation` with `SubRecordType` DELIMITED: between these.
    TakeApartAt(String),
    /// `MetadataExtraction`: the program of jq whose object has the keys of partitions.
    Extract(String),
}

/// The longest delimiter that records are taken apart at, in bytes: that of `deaggregate`.
const LONGEST_DELIMITER: usize = 64;

/// The one engine that the service knows.
const ENGINE: &str = "JQ-1.6";

const SUB_RECORDS: [&str; 2] = ["JSON", "DELIMITED"];

impl Processing {
    /// Whether a newline follows each record.
    pub(super) fn appends_newline(&self) -> bool {
        self.active()
            .any(|at_work| *at_work == Processor::AppendNewline)
    }

    /// What records are taken apart into.
    pub(super) fn deaggregation(&self) -> Option<Deaggregation> {
        self.active().find_map(|at_work| match at_work {
            Processor::TakeJsonApart => Some(Deaggregation::Json),
            Processor::TakeApartAt(text) => Some(Deaggregation::Delimited(text.clone())),
            Processor::AppendNewline | Processor::Extract(_) => None,
        })
    }

    /// The program that gives the keys of partitions.
    pub(super) fn extraction(&self) -> Option<&str> {
        self.active().find_map(|at_work| match at_work {
            Processor::Extract(program) => Some(program.as_str()),
            _ => None,
        })
    }

    fn active(&self) -> impl Iterator<Item = &Processor> {
        self.processors.iter().filter(|_| self.enabled)
    }

    /// As the service describes it.
    pub(super) fn described(&self) -> Value {
        let processors: Vec<_> = self.processors.iter().map(Processor::described).collect();
        json!({"Enabled": self.enabled, "Processors": processors})
    }
}

impl Processor {
    /// What the service calls it.
    fn name(&self) -> &'static str {
        match self {
            Self::AppendNewline => "AppendDelimiterToRecord",
            Self::TakeJsonApart | Self::TakeApartAt(_) => "RecordDeAggregation",
            Self::Extract(_) => "MetadataExtraction",
        }
    }

    fn described(&self) -> Value {
        let parameters = match self {
            // Two characters, as clients write it.
            Self::AppendNewline => vec![("Delimiter", "\\n".to_owned())],
            Self::TakeJsonApart => vec![("SubRecordType", SUB_RECORDS[0].to_owned())],
            Self::TakeApartAt(delimiter) => vec![
                ("SubRecordType", SUB_RECORDS[1].to_owned()),
                (
                    "Delimiter",
                    base64_simd::STANDARD.encode_to_string(delimiter),
                ),
            ],
            Self::Extract(program) => vec![
                ("MetadataExtractionQuery", program.clone()),
                ("JsonParsingEngine", ENGINE.to_owned()),
            ],
        };
        let parameter = |(name, value)| json!({"ParameterName": name, "ParameterValue": value});
        let parameters: Vec<_> = parameters.into_iter().map(parameter).collect();
        json!({"Type": self.name(), "Parameters": parameters})
    }
}

/// Reads it.
pub(super) fn read(input: &mut Input) -> Result<Processing, Exception> {
    let enabled = input.flag("Enabled")?.unwrap_or(false);
    let mut processors: Vec<Processor> = Vec::new();
    input.structures("Processors", |input| {
        let Some(read) = processor(input)? else {
            return Ok(());
        };
        if processors.iter().any(|other| other.name() == read.name()) {
            return Err(wrong(format!("there are two processors {}", read.name())));
        }
        processors.push(read);
        Ok(())
    })?;
    Ok(Processing {
        enabled,
        processors,
    })
}

/// `None`: it is refused later, with what else is wrong.
fn processor(input: &mut Input) -> Result<Option<Processor>, Exception> {
    input.must_be_there("Type");
    let kind = input.text("Type", 1..=64)?;
    let mut given = Parameters::read(input)?;
    let read = match kind.as_deref() {
        Some("AppendDelimiterToRecord") => appended(given.take("Delimiter"), input),
        Some("RecordDeAggregation") => Some(taken_apart(&mut given)?),
        Some("MetadataExtraction") => Some(extracted(&mut given)?),
        Some(other) => {
            input.unsupported(&format!("ProcessingConfiguration.Processors {other}"));
            return Ok(None);
        }
        None => None,
    };
    for (name, _) in given.0 {
        input.unsupported(&format!("ParameterName {name}"));
    }
    Ok(read)
}

fn appended(delimiter: Option<String>, input: &mut Input) -> Option<Processor> {
    match delimiter.as_deref() {
        // Two characters, as clients write it, or the one that is meant.
        None | Some("\\n" | "\n") => Some(Processor::AppendNewline),
        Some(other) => {
            input.unsupported(&format!("Delimiter {other:?}"));
            None
        }
    }
}

fn taken_apart(given: &mut Parameters) -> Result<Processor, Exception> {
    let kind = given.must("RecordDeAggregation", "SubRecordType")?;
    let delimiter = given.take("Delimiter");
    match (kind.as_str(), delimiter) {
        ("JSON", None) => Ok(Processor::TakeJsonApart),
        ("DELIMITED", Some(delimiter)) => delimiter_of(&delimiter).map(Processor::TakeApartAt),
        ("JSON", Some(_)) => Err(wrong(
            "Delimiter is only applicable with SubRecordType DELIMITED",
        )),
        ("DELIMITED", None) => Err(wrong(
            "Delimiter must be provided with SubRecordType DELIMITED",
        )),
        (other, _) => {
            let words = SUB_RECORDS.join(" or ");
            Err(wrong(format!("SubRecordType {other} is not {words}")))
        }
    }
}

/// On the wire it is base64.
fn delimiter_of(encoded: &str) -> Result<String, Exception> {
    let decoded = base64_simd::STANDARD.decode_to_vec(encoded);
    let bytes = decoded.map_err(|_| wrong(format!("Delimiter {encoded:?} is not base64")))?;
    match String::from_utf8(bytes) {
        Ok(text) if (1..=LONGEST_DELIMITER).contains(&text.len()) => Ok(text),
        _ => Err(wrong(format!(
            "Delimiter {encoded:?}: a text of 1 to {LONGEST_DELIMITER} bytes in UTF-8 is supported by this server, in base64"
        ))),
    }
}

fn extracted(given: &mut Parameters) -> Result<Processor, Exception> {
    const TYPE: &str = "MetadataExtraction";
    let program = given.must(TYPE, "MetadataExtractionQuery")?;
    match given.must(TYPE, "JsonParsingEngine")?.as_str() {
        ENGINE => Ok(Processor::Extract(program)),
        other => Err(wrong(format!("JsonParsingEngine {other} is not {ENGINE}"))),
    }
}

/// The parameters of a processor.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(input: &mut Input) -> Result<Self, Exception> {
        let mut given = Vec::new();
        input.structures("Parameters", |input| {
            input.must_be_there("ParameterName");
            input.must_be_there("ParameterValue");
            let name = input.text("ParameterName", 1..=256)?.unwrap_or_default();
            let value = input.text("ParameterValue", 1..=5120)?.unwrap_or_default();
            given.push((name, value));
            Ok(())
        })?;
        Ok(Self(given))
    }

    /// The value of a parameter. One that is given twice stays, and is refused.
    fn take(&mut self, name: &str) -> Option<String> {
        let found = self.0.iter().position(|(given, _)| given == name)?;
        Some(self.0.remove(found).1)
    }

    fn must(&mut self, kind: &str, name: &str) -> Result<String, Exception> {
        let missing = || wrong(format!("the processor {kind} needs the parameter {name}"));
        self.take(name).ok_or_else(missing)
    }
}

fn wrong(message: impl Into<String>) -> Exception {
    Exception::new(Kind::InvalidArgument, message)
}

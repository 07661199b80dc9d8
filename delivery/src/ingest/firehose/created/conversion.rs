//! `DataFormatConversionConfiguration`: a stream that was made over the wire delivers rows. Its
//! columns are those of a table in the Glue catalog, which is named; here it is a file of the
//! operator's (`listen.firehose.created.glue_tables`).
//!
//! What was given is kept and shown in the service's words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use standpipe_config::settings::delivery::{
    Created as Settings, Format, HiveJson, JsonSerDe, OpenXJson, Orc, OrcCompression, Parquet,
    ParquetCompression, ParquetLayout, ParquetVersion, Schema,
};

use crate::ingest::firehose::exception::{Exception, Kind};

pub(super) use read::read;

mod read;

/// `DataFormatConversionConfiguration`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Conversion {
    pub(super) enabled: bool,
    #[serde(
        rename = "SchemaConfiguration",
        skip_serializing_if = "Option::is_none"
    )]
    table: Option<Table>,
    #[serde(
        rename = "InputFormatConfiguration",
        skip_serializing_if = "Option::is_none"
    )]
    input: Option<InputFormat>,
    #[serde(
        rename = "OutputFormatConfiguration",
        skip_serializing_if = "Option::is_none"
    )]
    output: Option<OutputFormat>,
}

/// `SchemaConfiguration`: of this, database and table count, the rest is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    #[serde(rename = "RoleARN", skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

/// `InputFormatConfiguration`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct InputFormat {
    #[serde(rename = "Deserializer")]
    deserializer: Deserializer,
}

/// `Deserializer`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Deserializer {
    #[serde(rename = "OpenXJsonSerDe")]
    OpenX(OpenX),
    #[serde(rename = "HiveJsonSerDe")]
    Hive(Hive),
}

/// `OpenXJsonSerDe`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OpenX {
    #[serde(skip_serializing_if = "Option::is_none")]
    convert_dots_in_json_keys_to_underscores: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case_insensitive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column_to_json_key_mappings: Option<BTreeMap<String, String>>,
}

/// `HiveJsonSerDe`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hive {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_formats: Option<Vec<String>>,
}

/// `OutputFormatConfiguration`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct OutputFormat {
    #[serde(rename = "Serializer")]
    serializer: Serializer,
}

/// `Serializer`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Serializer {
    #[serde(rename = "ParquetSerDe")]
    Parquet(ParquetOptions),
    #[serde(rename = "OrcSerDe")]
    Orc(OrcOptions),
}

/// `ParquetSerDe`: blocks are those of HDFS, to which nothing is padded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParquetOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    block_size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_dictionary_compression: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_padding_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer_version: Option<String>,
}

/// `OrcSerDe`: what files do not have here passes with the service's default, as tools send it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrcOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_index_stride: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_padding: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    padding_tolerance: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bloom_filter_false_positive_probability: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionary_key_threshold: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format_version: Option<String>,
}

impl Conversion {
    /// As the service describes it.
    pub(super) fn described(&self) -> Value {
        json!(self)
    }

    /// What is written, with the columns that the table has now; `None`: it is switched off. Reads
    /// the table's file.
    pub(super) fn format(&self, settings: &Settings) -> Result<Option<Format>, Exception> {
        if !self.enabled {
            return Ok(None);
        }
        let missing = |member: &str| {
            wrong(format!(
                "{member} must be specified when data format conversion is enabled"
            ))
        };
        let table = self.table.as_ref();
        let table = table.ok_or_else(|| missing("SchemaConfiguration"))?;
        let input = self.input.as_ref();
        let input = input.ok_or_else(|| missing("InputFormatConfiguration"))?;
        let output = self.output.as_ref();
        let output = output.ok_or_else(|| missing("OutputFormatConfiguration"))?;
        let (Some(database), Some(name)) = (&table.database_name, &table.table_name) else {
            return Err(missing("SchemaConfiguration.DatabaseName and TableName"));
        };
        let columns = settings.table(database, name);
        let columns = columns.map_err(|why| wrong(format!("SchemaConfiguration: {why}")))?;
        let reading = (Schema::Declared(columns), input.deserializer.meant());
        Ok(Some(match &output.serializer {
            Serializer::Parquet(options) => Format::Parquet(options.meant(reading)),
            Serializer::Orc(options) => Format::Orc(options.meant(reading)),
        }))
    }
}

impl Deserializer {
    fn meant(&self) -> JsonSerDe {
        match self {
            Self::OpenX(given) => {
                let default = OpenXJson::default();
                let dots = given.convert_dots_in_json_keys_to_underscores;
                JsonSerDe::OpenX(OpenXJson {
                    case_insensitive: given.case_insensitive.unwrap_or(default.case_insensitive),
                    dots_are_underscores: dots.unwrap_or(default.dots_are_underscores),
                    keys: given
                        .column_to_json_key_mappings
                        .clone()
                        .unwrap_or_default(),
                })
            }
            Self::Hive(given) => JsonSerDe::Hive(HiveJson {
                timestamp_formats: given.timestamp_formats.clone().unwrap_or_default(),
            }),
        }
    }
}

impl ParquetOptions {
    fn meant(&self, (schema, json): (Schema, JsonSerDe)) -> Parquet {
        let default = ParquetLayout::default();
        let dictionary = self.enable_dictionary_compression;
        Parquet {
            compression: match self.compression.as_deref() {
                Some("UNCOMPRESSED") => ParquetCompression::None,
                Some("GZIP") => ParquetCompression::Gzip,
                _ => ParquetCompression::Snappy,
            },
            schema,
            json,
            layout: ParquetLayout {
                page_size: self.page_size_bytes.unwrap_or(default.page_size),
                dictionary: dictionary.unwrap_or(default.dictionary),
                version: match self.writer_version.as_deref() {
                    Some("V2") => ParquetVersion::V2,
                    _ => ParquetVersion::V1,
                },
            },
        }
    }
}

impl OrcOptions {
    fn meant(&self, (schema, json): (Schema, JsonSerDe)) -> Orc {
        Orc {
            compression: match self.compression.as_deref() {
                Some("NONE") => OrcCompression::None,
                Some("ZLIB") => OrcCompression::Zlib,
                _ => OrcCompression::Snappy,
            },
            schema,
            json,
            stripe_size: self.stripe_size_bytes.unwrap_or(Orc::default().stripe_size),
        }
    }
}

fn wrong(message: String) -> Exception {
    Exception::new(Kind::InvalidArgument, message)
}

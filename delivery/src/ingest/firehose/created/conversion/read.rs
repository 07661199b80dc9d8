//! Reading a conversion as a request writes it: shapes and ranges, and what files do not have here.

use serde_json::{Number, Value};
use standpipe_config::settings::delivery::check_timestamp_format;

use super::{
    Conversion, Deserializer, Hive, InputFormat, OpenX, OrcOptions, OutputFormat, ParquetOptions,
    Serializer, Table, wrong,
};
use crate::ingest::firehose::exception::Exception;
use crate::ingest::firehose::input::{Input, serialization, text_of};

const MIB: u64 = 1024 * 1024;

/// The service's least block and page, in bytes, and its longest of other texts.
const BLOCK: u64 = 64 * MIB;
const PAGE: u64 = 64 * 1024;
const LONGEST: usize = 1024;

/// What is held in memory has an upper bound here: those of `page_size` and `stripe_size`.
const LARGEST_PAGE: u64 = 16 * MIB;
const STRIPE: u64 = 8 * MIB;
const LARGEST_STRIPE: u64 = 64 * MIB;

/// The service's default, which tools send although nobody asked for it.
const ROW_INDEX_STRIDE: u64 = 10_000;

/// Reads it.
pub(in super::super) fn read(input: &mut Input) -> Result<Conversion, Exception> {
    let table = input.structure("SchemaConfiguration", table)?;
    let given = input.structure("InputFormatConfiguration", |input| {
        one(input, "Deserializer", deserializer)
    })?;
    let wanted = input.structure("OutputFormatConfiguration", |input| {
        one(input, "Serializer", serializer)
    })?;
    Ok(Conversion {
        enabled: input.flag("Enabled")?.unwrap_or(true),
        table,
        input: given.map(|deserializer| InputFormat { deserializer }),
        output: wanted.map(|serializer| OutputFormat { serializer }),
    })
}

/// A structure of which one member must be there.
fn one<T>(
    input: &mut Input,
    name: &str,
    read: impl FnOnce(&mut Input) -> Result<Vec<T>, Exception>,
) -> Result<T, Exception> {
    let given = input.structure(name, read)?.unwrap_or_default();
    let [one] = <[T; 1]>::try_from(given)
        .map_err(|_| wrong(format!("{name}: exactly one must be specified")))?;
    Ok(one)
}

fn table(input: &mut Input) -> Result<Table, Exception> {
    let mut text = |name: &str| input.text(name, 1..=LONGEST);
    let table = Table {
        role: text("RoleARN")?,
        catalog_id: text("CatalogId")?,
        database_name: text("DatabaseName")?,
        table_name: text("TableName")?,
        region: text("Region")?,
        version_id: text("VersionId")?,
    };
    if let Some(version) = table.version_id.as_deref().filter(|id| *id != "LATEST") {
        input.unsupported(&format!("VersionId {version}"));
    }
    Ok(table)
}

fn deserializer(input: &mut Input) -> Result<Vec<Deserializer>, Exception> {
    let openx = input.structure("OpenXJsonSerDe", |input| {
        Ok(OpenX {
            convert_dots_in_json_keys_to_underscores: input
                .flag("ConvertDotsInJsonKeysToUnderscores")?,
            case_insensitive: input.flag("CaseInsensitive")?,
            column_to_json_key_mappings: mappings(input, "ColumnToJsonKeyMappings")?,
        })
    })?;
    let hive = input.structure("HiveJsonSerDe", |input| {
        Ok(Hive {
            timestamp_formats: formats(input, "TimestampFormats")?,
        })
    })?;
    let openx = openx.map(Deserializer::OpenX);
    Ok(openx
        .into_iter()
        .chain(hive.map(Deserializer::Hive))
        .collect())
}

fn mappings(
    input: &mut Input,
    name: &str,
) -> Result<Option<std::collections::BTreeMap<String, String>>, Exception> {
    match input.take(name) {
        None => Ok(None),
        Some(Value::Object(members)) => {
            let pair = |(column, key): (String, Value)| {
                let key = text_of(name, key)?;
                match column.is_empty() || key.is_empty() {
                    true => Err(wrong(format!("{name}: an empty name"))),
                    false => Ok((column, key)),
                }
            };
            members
                .into_iter()
                .map(pair)
                .collect::<Result<_, _>>()
                .map(Some)
        }
        Some(_) => Err(serialization(&format!("{name} is not a map"))),
    }
}

fn formats(input: &mut Input, name: &str) -> Result<Option<Vec<String>>, Exception> {
    let Some(given) = input.list(name, 0..=usize::MAX)? else {
        return Ok(None);
    };
    let format = |value: Value| {
        let text = text_of(name, value)?;
        check_timestamp_format(&text).map_err(|why| wrong(format!("{name}: {why}")))?;
        Ok(text)
    };
    given
        .into_iter()
        .map(format)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn serializer(input: &mut Input) -> Result<Vec<Serializer>, Exception> {
    let parquet = input.structure("ParquetSerDe", parquet)?;
    let orc = input.structure("OrcSerDe", orc)?;
    let parquet = parquet.map(Serializer::Parquet);
    Ok(parquet
        .into_iter()
        .chain(orc.map(Serializer::Orc))
        .collect())
}

fn parquet(input: &mut Input) -> Result<ParquetOptions, Exception> {
    let options = ParquetOptions {
        block_size_bytes: input.number("BlockSizeBytes", BLOCK..=u64::MAX)?,
        page_size_bytes: input.number("PageSizeBytes", PAGE..=u64::MAX)?,
        compression: input.one_of("Compression", &["UNCOMPRESSED", "GZIP", "SNAPPY"])?,
        enable_dictionary_compression: input.flag("EnableDictionaryCompression")?,
        max_padding_bytes: input.number("MaxPaddingBytes", 0..=u64::MAX)?,
        writer_version: input.one_of("WriterVersion", &["V1", "V2"])?,
    };
    refuse_above(
        input,
        ("PageSizeBytes", options.page_size_bytes),
        LARGEST_PAGE,
    );
    refuse_above(input, ("MaxPaddingBytes", options.max_padding_bytes), 0);
    Ok(options)
}

fn orc(input: &mut Input) -> Result<OrcOptions, Exception> {
    let columns = input.list("BloomFilterColumns", 0..=usize::MAX)?;
    if columns.is_some_and(|columns| !columns.is_empty()) {
        input.unsupported("BloomFilterColumns");
    }
    let options = OrcOptions {
        stripe_size_bytes: input.number("StripeSizeBytes", STRIPE..=u64::MAX)?,
        block_size_bytes: input.number("BlockSizeBytes", BLOCK..=u64::MAX)?,
        row_index_stride: input.number("RowIndexStride", 1000..=u64::MAX)?,
        enable_padding: input.flag("EnablePadding")?,
        padding_tolerance: fraction(input, "PaddingTolerance")?,
        compression: input.one_of("Compression", &["NONE", "ZLIB", "SNAPPY"])?,
        bloom_filter_false_positive_probability: fraction(
            input,
            "BloomFilterFalsePositiveProbability",
        )?,
        dictionary_key_threshold: fraction(input, "DictionaryKeyThreshold")?,
        format_version: input.one_of("FormatVersion", &["V0_11", "V0_12"])?,
    };
    refuse_above(
        input,
        ("StripeSizeBytes", options.stripe_size_bytes),
        LARGEST_STRIPE,
    );
    let stride = options.row_index_stride;
    if stride.is_some_and(|stride| stride != ROW_INDEX_STRIDE) {
        input.unsupported("RowIndexStride other than 10000 (files have no row index)");
    }
    if options.enable_padding == Some(true) {
        input.unsupported("EnablePadding true");
    }
    let threshold = options.dictionary_key_threshold.as_ref();
    if threshold
        .and_then(Number::as_f64)
        .is_some_and(|of| of != 0.0)
    {
        input.unsupported("DictionaryKeyThreshold other than 0");
    }
    if options.format_version.as_deref() == Some("V0_11") {
        input.unsupported("FormatVersion V0_11");
    }
    Ok(options)
}

fn refuse_above(input: &mut Input, (name, given): (&str, Option<u64>), most: u64) {
    if given.is_some_and(|given| given > most) {
        input.unsupported(&format!("{name} above {most}"));
    }
}

/// Takes a number from 0 to 1.
fn fraction(input: &mut Input, name: &str) -> Result<Option<Number>, Exception> {
    let number = match input.take(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(serialization(&format!("{name} is not a number"))),
    };
    if !number
        .as_f64()
        .is_some_and(|value| (0.0..=1.0).contains(&value))
    {
        input.broken(name, "Member must have value between 0 and 1");
    }
    Ok(Some(number))
}

//! Conversions of streams that are made over the wire: shown as they were asked for, meant in the
//! words of our settings with the columns of a table, and refused where they cannot be done.

use std::path::Path;

use standpipe_config::settings::delivery::{
    Format, JsonSerDe, OrcCompression, ParquetCompression, ParquetVersion, Schema,
};

use super::*;

const TABLES: &str = "{s3: {endpoint: 'http://127.0.0.1:1'}, glue_tables: tables}";

/// A folder with the table `shop.orders` of these columns, as Glue's catalog describes it.
fn with_table(columns: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_table(folder.path(), columns);
    folder
}

fn write_table(folder: &Path, columns: &[(&str, &str)]) {
    let column = |(name, kind): &(&str, &str)| json!({"Name": name, "Type": kind});
    let columns: Vec<_> = columns.iter().map(column).collect();
    let table = json!({"Table": {"StorageDescriptor": {"Columns": columns}}});
    let shop = folder.join("tables/shop");
    std::fs::create_dir_all(&shop).unwrap();
    std::fs::write(shop.join("orders.json"), table.to_string()).unwrap();
}

/// A conversion by the table, and what differs from that.
fn conversion(more: Value) -> Value {
    let mut members = json!({
        "Enabled": true,
        "SchemaConfiguration": {
            "RoleARN": ROLE, "DatabaseName": "shop", "TableName": "orders", "Region": "eu-1",
            "VersionId": "LATEST",
        },
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    });
    let all = members.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    json!({"DataFormatConversionConfiguration": members})
}

fn reader(of: Value) -> Value {
    conversion(json!({"InputFormatConfiguration": {"Deserializer": of}}))
}

fn writer(of: Value) -> Value {
    conversion(json!({"OutputFormatConfiguration": {"Serializer": of}}))
}

fn table(more: Value) -> Value {
    let mut table = json!({"DatabaseName": "shop", "TableName": "orders"});
    let members = table.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    conversion(json!({"SchemaConfiguration": table}))
}

async fn format(door: &Firehose, name: &str) -> Format {
    let name = name.parse().unwrap();
    let kept = door.created.definition(&name).unwrap();
    let stream = door.created.stream(&name, &kept.configuration).await;
    stream.unwrap().format
}

async fn shown(door: &Firehose, name: &str) -> Value {
    let mut description = described(door, name).await.unwrap();
    description["Destinations"][0]["ExtendedS3DestinationDescription"].take()
}

fn names(schema: &Schema) -> Vec<&str> {
    match schema {
        Schema::Declared(columns) => columns.iter().map(|column| column.name.as_str()).collect(),
        Schema::Inferred => vec![],
    }
}

#[tokio::test]
async fn a_conversion_to_parquet_is_shown_and_meant_as_it_was_asked_for() {
    let folder = with_table(&[("id", "bigint"), ("what", "struct<a:int,b:string>")]);
    let door = before_streams_with(folder.path(), &["web"], TABLES).await;
    let mut wanted = conversion(json!({
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {
            "CaseInsensitive": false, "ConvertDotsInJsonKeysToUnderscores": true,
            "ColumnToJsonKeyMappings": {"what": "type"}}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {
            "BlockSizeBytes": 268_435_456, "PageSizeBytes": 65_536, "Compression": "GZIP",
            "EnableDictionaryCompression": false, "MaxPaddingBytes": 0, "WriterVersion": "V2"}}},
    }));
    wanted["CompressionFormat"] = json!("UNCOMPRESSED");
    make(&door, "orders", wanted.clone()).await;
    let found = shown(&door, "orders").await;
    let member = "DataFormatConversionConfiguration";
    assert_eq!(found[member], wanted[member]);
    let hints = json!({"SizeInMBs": 128, "IntervalInSeconds": 300});
    assert_eq!(found["BufferingHints"], hints);
    let Format::Parquet(parquet) = format(&door, "orders").await else {
        panic!("no Parquet");
    };
    assert_eq!(names(&parquet.schema), ["id", "what"]);
    assert_eq!(parquet.compression, ParquetCompression::Gzip);
    let layout = parquet.layout;
    let seen = (layout.page_size, layout.dictionary, layout.version);
    assert_eq!(seen, (65_536, false, ParquetVersion::V2));
    let JsonSerDe::OpenX(openx) = parquet.json else {
        panic!("no OpenX");
    };
    assert!(!openx.case_insensitive && openx.dots_are_underscores);
    assert_eq!(openx.keys["what"], "type");
}

#[tokio::test]
async fn a_conversion_to_orc_with_all_that_tools_send_is_kept_over_a_restart() {
    let folder = with_table(&[("id", "bigint")]);
    let door = before_streams_with(folder.path(), &["web"], TABLES).await;
    let wanted = conversion(json!({
        "InputFormatConfiguration": {"Deserializer": {"HiveJsonSerDe": {
            "TimestampFormats": ["yyyy-MM-dd'T'HH:mm:ss", "millis"]}}},
        "OutputFormatConfiguration": {"Serializer": {"OrcSerDe": {
            "BlockSizeBytes": 268_435_456, "BloomFilterFalsePositiveProbability": 0.05,
            "Compression": "ZLIB", "DictionaryKeyThreshold": 0, "EnablePadding": false,
            "FormatVersion": "V0_12", "PaddingTolerance": 0.05, "RowIndexStride": 10_000,
            "StripeSizeBytes": 8_388_608}}},
    }));
    make(&door, "orders", wanted.clone()).await;
    let name: StreamName = "orders".parse().unwrap();
    let known = door.created.shared.definitions.read_all().unwrap();
    assert_eq!(known[&name], door.created.definition(&name).unwrap());
    let found = shown(&door, "orders").await;
    let member = "DataFormatConversionConfiguration";
    assert_eq!(found[member], wanted[member]);
    let Format::Orc(orc) = format(&door, "orders").await else {
        panic!("no ORC");
    };
    assert_eq!(names(&orc.schema), ["id"]);
    let seen = (orc.compression, orc.stripe_size);
    assert_eq!(seen, (OrcCompression::Zlib, 8_388_608));
    let JsonSerDe::Hive(hive) = orc.json else {
        panic!("no Hive");
    };
    assert_eq!(hive.timestamp_formats.len(), 2);
}

#[tokio::test]
async fn an_update_reads_the_table_again_and_can_switch_the_conversion_off() {
    let folder = with_table(&[("id", "bigint")]);
    let door = before_streams_with(folder.path(), &["web"], TABLES).await;
    make(&door, "orders", conversion(json!({}))).await;
    write_table(folder.path(), &[("id", "bigint"), ("shop", "string")]);
    let same = update("orders", "1", json!({}));
    ask(&door, Operation::Update, same).await.unwrap();
    let runs_with = folder.path().join("data/streams/orders/settings.yaml");
    let runs_with = std::fs::read_to_string(runs_with).unwrap();
    assert!(runs_with.contains("shop"), "{runs_with}");
    let off = json!({"DataFormatConversionConfiguration": {"Enabled": false}});
    let off = update("orders", "2", off);
    ask(&door, Operation::Update, off).await.unwrap();
    assert!(matches!(format(&door, "orders").await, Format::Raw(_)));
    let found = shown(&door, "orders").await;
    assert_eq!(
        found["DataFormatConversionConfiguration"],
        json!({"Enabled": false})
    );
}

#[tokio::test]
async fn without_tables_a_conversion_is_refused_and_says_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let wanted = creation("orders", conversion(json!({})));
    let (kind, why) = refused(&door, Operation::Create, wanted).await;
    assert_eq!(kind, Kind::InvalidArgument);
    let part = "listen.firehose.created.glue_tables";
    assert!(why.contains(part), "{why}");
}

/// That none of these streams is made, each for a reason.
async fn are_refused(rows: &[(Value, &str)]) {
    let folder = with_table(&[("id", "bigint")]);
    let door = before_streams_with(folder.path(), &["web"], TABLES).await;
    for (more, part) in rows {
        let (_, why) = refused(&door, Operation::Create, creation("a", more.clone())).await;
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[tokio::test]
async fn a_conversion_needs_a_table_that_is_there_and_is_whole() {
    let mut twice = conversion(json!({}));
    twice["CompressionFormat"] = json!("GZIP");
    are_refused(&[
        (
            table(json!({"TableName": "others"})),
            "others.json is no table",
        ),
        (
            table(json!({"DatabaseName": "../shop"})),
            "the name \"../shop\" of the database is no name of a file",
        ),
        (table(json!({"TableName": ".orders"})), "of the table is no"),
        (
            table(json!({"TableName": null})),
            "DatabaseName and TableName",
        ),
        (
            table(json!({"VersionId": "3"})),
            "VersionId 3 is not supported",
        ),
        (
            conversion(json!({"SchemaConfiguration": null})),
            "SchemaConfiguration must be specified",
        ),
        (
            conversion(json!({"InputFormatConfiguration": null})),
            "InputFormatConfiguration must be specified",
        ),
        (
            conversion(json!({"OutputFormatConfiguration": null})),
            "OutputFormatConfiguration must be specified",
        ),
        (twice, "CompressionFormat must be UNCOMPRESSED"),
    ])
    .await;
}

#[tokio::test]
async fn what_files_do_not_have_is_refused_by_its_name() {
    let both = json!({"OpenXJsonSerDe": {}, "HiveJsonSerDe": {}});
    let parquet = |options: Value| writer(json!({"ParquetSerDe": options}));
    let orc = |options: Value| writer(json!({"OrcSerDe": options}));
    are_refused(&[
        (reader(both), "exactly one"),
        (reader(json!({})), "exactly one"),
        (
            reader(json!({"HiveJsonSerDe": {"TimestampFormats": ["yyyy-ww"]}})),
            "'w' of the pattern",
        ),
        (
            reader(json!({"OpenXJsonSerDe": {"Novelty": true}})),
            "Deserializer.OpenXJsonSerDe.Novelty",
        ),
        (parquet(json!({"Compression": "ZSTD"})), "compression"),
        (parquet(json!({"PageSizeBytes": 1})), "pageSizeBytes"),
        (
            parquet(json!({"PageSizeBytes": 33_554_432})),
            "PageSizeBytes above 16777216",
        ),
        (
            parquet(json!({"MaxPaddingBytes": 8})),
            "MaxPaddingBytes above 0",
        ),
        (orc(json!({"StripeSizeBytes": 1})), "stripeSizeBytes"),
        (
            orc(json!({"StripeSizeBytes": 134_217_728})),
            "StripeSizeBytes above 67108864",
        ),
        (orc(json!({"RowIndexStride": 1000})), "RowIndexStride other"),
        (orc(json!({"EnablePadding": true})), "EnablePadding true"),
        (
            orc(json!({"BloomFilterColumns": ["id"]})),
            "BloomFilterColumns",
        ),
        (
            orc(json!({"DictionaryKeyThreshold": 0.5})),
            "DictionaryKeyThreshold other",
        ),
        (orc(json!({"PaddingTolerance": 2})), "between 0 and 1"),
        (
            orc(json!({"FormatVersion": "V0_11"})),
            "FormatVersion V0_11",
        ),
    ])
    .await;
}

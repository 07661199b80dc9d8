"""Streams that are made over the wire with a conversion, as boto3 makes and describes them, and
what pyarrow finds in their objects.

    columns.py make ENDPOINT BUCKET   makes the streams parquet and orc, and compares what is shown
    columns.py put ENDPOINT FIRST     puts the records FIRST to FIRST + 99 into each, and one that fails
    columns.py read FOLDER            prints the rows of FOLDER/parquet and FOLDER/orc as JSON
"""

import json
import pathlib
import sys

import boto3
import pyarrow.orc
import pyarrow.parquet
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111122223333:role/fh"
SCHEMA = {
    "RoleARN": ROLE, "DatabaseName": "shop", "TableName": "orders", "Region": "eu-1",
    "VersionId": "LATEST",
}
OPENX = {"OpenXJsonSerDe": {
    "ConvertDotsInJsonKeysToUnderscores": True, "CaseInsensitive": True,
    "ColumnToJsonKeyMappings": {"at": "when"}}}
HIVE = {"HiveJsonSerDe": {"TimestampFormats": ["yyyy-MM-dd'T'HH:mm:ss"]}}
PARQUET = {"ParquetSerDe": {
    "BlockSizeBytes": 268435456, "PageSizeBytes": 1048576, "Compression": "GZIP",
    "EnableDictionaryCompression": False, "MaxPaddingBytes": 0, "WriterVersion": "V1"}}
ORC = {"OrcSerDe": {
    "StripeSizeBytes": 67108864, "BlockSizeBytes": 268435456, "RowIndexStride": 10000,
    "EnablePadding": False, "PaddingTolerance": 0.05, "Compression": "ZLIB",
    "BloomFilterFalsePositiveProbability": 0.05, "DictionaryKeyThreshold": 0,
    "FormatVersion": "V0_12"}}
KINDS = {"parquet": (OPENX, PARQUET), "orc": (HIVE, ORC)}


def client(endpoint):
    return boto3.client(
        "firehose", endpoint_url=endpoint, region_name="eu-1",
        aws_access_key_id="any", aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=60),
    )


def destination(bucket, name, **schema):
    reader, writer = KINDS[name]
    return {
        "BucketARN": f"arn:aws:s3:::{bucket}", "RoleARN": ROLE,
        "Prefix": f"{name}/", "ErrorOutputPrefix": f"errors/{name}/",
        "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 64},
        "DataFormatConversionConfiguration": {
            "Enabled": True, "SchemaConfiguration": {**SCHEMA, **schema},
            "InputFormatConfiguration": {"Deserializer": reader},
            "OutputFormatConfiguration": {"Serializer": writer}},
    }


def make(endpoint, bucket):
    firehose = client(endpoint)
    for name in KINDS:
        wanted = destination(bucket, name)
        firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=wanted)
        described = firehose.describe_delivery_stream(DeliveryStreamName=name)
        found = described["DeliveryStreamDescription"]["Destinations"][0]
        found = found["ExtendedS3DestinationDescription"]
        for member in ["DataFormatConversionConfiguration", "BufferingHints"]:
            assert found[member] == wanted[member], found
    try:
        firehose.create_delivery_stream(
            DeliveryStreamName="none",
            ExtendedS3DestinationConfiguration=destination(bucket, "orc", TableName="none"))
        raise AssertionError("a stream was made without a table")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidArgumentException", error
        assert "none.json is no table" in error.response["Error"]["Message"], error


def record(name, number):
    inner, text = {"a": number}, f"é {number}"
    time = f"2026-11-21T10:00:{number % 60:02}"
    if name == "parquet":
        return {"ID": number, "what.kind": text, "When": f"{time}Z", "inner": inner}
    return {"id": number, "what_kind": text, "at": time, "inner": inner}


def put(endpoint, first):
    firehose = client(endpoint)
    for name in KINDS:
        records = [record(name, int(first) + n) for n in range(100)] + [{"id": "no number"}]
        answer = firehose.put_record_batch(
            DeliveryStreamName=name,
            Records=[{"Data": json.dumps(record).encode()} for record in records])
        assert answer["FailedPutCount"] == 0, answer


def read(folder):
    readers = {"parquet": pyarrow.parquet.read_table, "orc": pyarrow.orc.read_table}
    found = {}
    for name, reader in readers.items():
        paths = [p for p in (pathlib.Path(folder) / name).rglob("*") if p.is_file()]
        rows = [row for path in paths for row in reader(str(path)).to_pylist()]
        for row in rows:
            row["at"] = row["at"].strftime("%Y-%m-%dT%H:%M:%S")
        found[name] = sorted(rows, key=lambda row: row["id"])
    json.dump(found, sys.stdout)


{"make": make, "put": put, "read": read}[sys.argv[1]](*sys.argv[2:])

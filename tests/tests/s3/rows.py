"""Reads the Parquet objects of a bucket with readers of other makes.

    rows.py ENDPOINT BUCKET PREFIX KEY_ID SECRET FOLDER

boto3 gets each object into FOLDER, where DuckDB reads them; pyarrow and polars ask the store
themselves. All must find the same rows, which are printed as one JSON list, sorted by id.
"""

import json
import pathlib
import sys

import boto3
import duckdb
import polars
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet

ENDPOINT, BUCKET, PREFIX, KEY_ID, SECRET, FOLDER = sys.argv[1:]
COLUMNS = ["id", "text", "single", "list", "inner"]

s3 = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
)
folder = pathlib.Path(FOLDER)
folder.mkdir(parents=True)
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
keys = [listed["Key"] for page in pages for listed in page.get("Contents", [])]
files = [str(folder / f"{number}.parquet") for number in range(len(keys))]
for key, path in zip(keys, files):
    s3.download_file(BUCKET, key, path)


def by_boto3():
    return [row for path in files for row in pyarrow.parquet.read_table(path).to_pylist()]


def by_pyarrow():
    store = pyarrow.fs.S3FileSystem(
        access_key=KEY_ID, secret_key=SECRET, region="us-east-1", scheme="http",
        endpoint_override=ENDPOINT.removeprefix("http://"),
    )
    return pyarrow.dataset.dataset(f"{BUCKET}/{PREFIX}", filesystem=store).to_table().to_pylist()


def by_polars():
    options = {
        "aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "aws_region": "us-east-1",
        "aws_endpoint_url": ENDPOINT, "aws_allow_http": "true",
    }
    paths = [f"s3://{BUCKET}/{key}" for key in keys]
    return polars.scan_parquet(paths, storage_options=options).collect().to_dicts()


def by_duckdb():
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    found = duckdb.sql(f"select {names} from read_parquet({files!r}, union_by_name=true)")
    return [dict(zip(COLUMNS, row)) for row in found.fetchall()]


def rows(found):
    found = [{name: row[name] for name in COLUMNS} for row in found]
    return sorted(found, key=lambda row: row["id"])


expected = rows(by_boto3())
for read in [by_pyarrow, by_polars, by_duckdb]:
    found = rows(read())
    assert len(found) == len(expected), (read.__name__, len(found), len(expected))
    for row, other in zip(found, expected):
        assert row == other, (read.__name__, row, other)
print(json.dumps({"objects": len(keys), "rows": expected}))

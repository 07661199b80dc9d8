"""Reads the objects of a bucket with readers of other makes, as their names and headers say.

    bodies.py ENDPOINT BUCKET KEY_ID SECRET

Prints a JSON list: key, content type, content encoding, and the lines of each object.
"""

import gzip
import io
import json
import re
import struct
import sys
import zipfile

import boto3
import pyarrow

ENDPOINT, BUCKET, KEY_ID, SECRET = sys.argv[1:]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def block(packed):
    """Inflates one Snappy block, whose length stands before it as a varint."""
    length = shift = 0
    for byte in packed:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return pyarrow.decompress(packed, decompressed_size=length, codec="snappy", asbytes=True)


def snappy_java(body):
    header, blocks = body[:16], io.BytesIO(body[16:])
    assert header == b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1), header
    while length := blocks.read(4):
        yield block(blocks.read(struct.unpack(">i", length)[0]))


def hadoop_snappy(body):
    blocks = io.BytesIO(body)
    while length := blocks.read(4):
        left = struct.unpack(">I", length)[0]
        assert left <= 256 * 1024, "no reader of Hadoop has such a buffer"
        while left:
            chunk = block(blocks.read(struct.unpack(">I", blocks.read(4))[0]))
            left -= len(chunk)
            yield chunk
        assert left == 0, left


def archive(body):
    found = zipfile.ZipFile(io.BytesIO(body))
    [name] = found.namelist()
    assert found.testzip() is None and UUID.fullmatch(name), name
    return found.read(name)


def inflate(suffix, encoding, body):
    match suffix, encoding:
        case "", None:
            return body
        case ".gz", "gzip":
            return gzip.decompress(body)
        case ".zip", "zip":
            return archive(body)
        case ".snappy", "snappy-java":
            return b"".join(snappy_java(body))
        case ".snappy", "hadoop-snappy":
            return b"".join(hadoop_snappy(body))
        case ".zst", "zstd":
            return pyarrow.CompressedInputStream(io.BytesIO(body), "zstd").read()
    raise ValueError(f"{suffix!r} does not go with {encoding!r}")


s3 = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
)
objects = []
for listed in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
    key = listed["Key"]
    found = s3.get_object(Bucket=BUCKET, Key=key)
    encoding = found.get("ContentEncoding")
    suffix = re.search(r"[0-9a-f]{12}(\.[a-z]+)?$", key)[1] or ""
    lines = inflate(suffix, encoding, found["Body"].read()).decode().splitlines()
    objects.append({"key": key, "type": found["ContentType"], "encoding": encoding, "lines": lines})
print(json.dumps(objects))

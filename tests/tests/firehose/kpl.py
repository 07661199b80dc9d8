"""What the Kinesis Producer Library would put: many records packed into one.

    kpl.py ENDPOINT WRITTEN WHOLE

Puts aggregates into the stream `web`, which takes them apart, and appends the records that must
arrive to the file WRITTEN, a line each. Puts one into `mail`, which does not: it lies in WHOLE.
Says at its end how many records `web` must have.
"""

import hashlib
import json
import sys

import boto3

ENDPOINT, WRITTEN, WHOLE = sys.argv[1:]
MARK = b"\xf3\x89\x9a\xc2"
firehose = boto3.client("firehose", endpoint_url=ENDPOINT, region_name="eu-1",
                        aws_access_key_id="any", aws_secret_access_key="any")
acknowledged = 0


def number(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number_of_it, content):
    return number(number_of_it << 3 | 2) + number(len(content)) + content


def aggregate(records):
    message = field(1, b"a key") + b"".join(
        field(3, b"\x08\x00" + field(3, record)) for record in records)
    return MARK + message + hashlib.md5(message).digest()


def wrote(records):
    global acknowledged
    acknowledged += len(records)
    with open(WRITTEN, "ab") as written:
        written.writelines(record + b"\n" for record in records)


def position(record_id):
    return int(record_id.split("-")[2])


def one():
    records = [b"one of three", b"", b"three of three"]
    answer = firehose.put_record(DeliveryStreamName="web", Record={"Data": aggregate(records)})
    wrote(records)
    return position(answer["RecordId"])


def many(first):
    """Each id names the first of what a record became."""
    packed = [b"packed %d" % i for i in range(1000)]
    tiny = [b"%d" % i for i in range(60_000)]
    damaged = MARK + b"this is damaged" + b"x" * 16
    given = [b"plain", aggregate(packed), damaged, aggregate(tiny), b"last"]
    assert len(given[3]) < 1_024_000
    answer = firehose.put_record_batch(
        DeliveryStreamName="web", Records=[{"Data": data} for data in given])
    assert answer["FailedPutCount"] == 0, answer
    found = [position(entry["RecordId"]) - first for entry in answer["RequestResponses"]]
    assert found == [3, 4, 1004, 1005, 61_005], found
    wrote([b"plain", *packed, damaged, *tiny, b"last"])


many(one())
whole = aggregate([b"never", b"taken", b"apart"])
firehose.put_record(DeliveryStreamName="mail", Record={"Data": whole})
with open(WHOLE, "wb") as file:
    file.write(whole + b"\n")
print(json.dumps({"acknowledged": acknowledged}))

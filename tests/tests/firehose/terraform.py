"""What the Terraform provider does with aws_kinesis_firehose_delivery_stream, from creation until
the stream is gone, while the daemon may be killed at any time.

    terraform.py ENDPOINT BUCKET LIST NAME…

Puts records in between and appends each to the file LIST: 1 and the record if it was acknowledged,
0 and the record if nobody knows.
"""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ENDPOINT, BUCKET, LIST, *NAMES = sys.argv[1:]
PATIENCE = 120
ROLE = "arn:aws:iam::111122223333:role/fh"
DESTINATION = "destinationId-000000000001"

client = boto3.client(
    "firehose", endpoint_url=ENDPOINT, region_name="eu-1",
    aws_access_key_id="any", aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=60),
)


def code(error):
    return error.response["Error"]["Code"]


def call(operation, done_if=lambda error: False, **members):
    """Asks until there is an answer. After a lost one, an error may say that it is done."""
    deadline, lost = time.monotonic() + PATIENCE, False
    while True:
        try:
            return getattr(client, operation)(**members)
        except ClientError as error:
            if lost and done_if(error):
                return None
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
        except BotoCoreError:
            pass
        lost = True
        if time.monotonic() > deadline:
            raise TimeoutError(operation)
        time.sleep(0.1)


def describe(name):
    """`None` if there is no such stream."""
    try:
        return call("describe_delivery_stream", DeliveryStreamName=name)["DeliveryStreamDescription"]
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return None
        raise


def until(what, is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


def destination(name, **more):
    return {
        "BucketARN": f"arn:aws:s3:::{BUCKET}", "RoleARN": ROLE,
        "Prefix": f"{name}/", "ErrorOutputPrefix": f"errors/{name}/",
        "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 1},
        "CompressionFormat": "UNCOMPRESSED", "CustomTimeZone": "UTC",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [
            {"Type": "AppendDelimiterToRecord", "Parameters": []}]},
        "S3BackupMode": "Disabled", **more,
    }


def put(name, word):
    records = [f"{name} {word} {n}" for n in range(100)]
    members = {"DeliveryStreamName": name, "Records": [{"Data": r + "\n"} for r in records]}
    fate = 0
    try:
        fate = int(client.put_record_batch(**members)["FailedPutCount"] == 0)
    except (BotoCoreError, ClientError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    with open(LIST, "a") as written:
        written.writelines(f"{fate} {record}\n" for record in records)


def tags(name):
    listed = call("list_tags_for_delivery_stream", DeliveryStreamName=name)
    return {tag["Key"]: tag["Value"] for tag in listed["Tags"]}


def create(name):
    made = call(
        "create_delivery_stream", lambda error: code(error) == "ResourceInUseException",
        DeliveryStreamName=name, DeliveryStreamType="DirectPut",
        Tags=[{"Key": "Name", "Value": name}, {"Key": "team", "Value": "web"}],
        ExtendedS3DestinationConfiguration=destination(name),
    )
    until("ACTIVE", lambda: describe(name)["DeliveryStreamStatus"] == "ACTIVE")
    found = describe(name)
    assert made is None or made["DeliveryStreamARN"] == found["DeliveryStreamARN"], found
    assert found["VersionId"] == "1" and "LastUpdateTimestamp" not in found, found
    assert tags(name) == {"Name": name, "team": "web"}, tags(name)


def encrypt(name, status, operation, **members):
    call(operation, DeliveryStreamName=name, **members)
    until(status, lambda: describe(name)["DeliveryStreamEncryptionConfiguration"]["Status"] == status)


def update(name):
    version = describe(name)["VersionId"]
    call(
        "update_destination", lambda error: code(error) == "ConcurrentModificationException",
        DeliveryStreamName=name, CurrentDeliveryStreamVersionId=version, DestinationId=DESTINATION,
        ExtendedS3DestinationUpdate=destination(name, CompressionFormat="GZIP", FileExtension=""),
    )
    found = describe(name)
    assert found["VersionId"] == str(int(version) + 1), (version, found)
    for kind in ["S3DestinationDescription", "ExtendedS3DestinationDescription"]:
        assert found["Destinations"][0][kind]["CompressionFormat"] == "GZIP", found
    assert found["LastUpdateTimestamp"] >= found["CreateTimestamp"], found


def delete(name):
    gone = ["ResourceInUseException", "ResourceNotFoundException"]
    call("delete_delivery_stream", lambda error: code(error) in gone, DeliveryStreamName=name)
    found = describe(name)
    assert found is None or found["DeliveryStreamStatus"] == "DELETING", found
    until("gone", lambda: describe(name) is None)


for name in NAMES:
    create(name)
    encrypt(name, "ENABLED", "start_delivery_stream_encryption",
            DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"})
    put(name, "first")
    call("tag_delivery_stream", DeliveryStreamName=name, Tags=[{"Key": "team", "Value": "mail"}])
    call("untag_delivery_stream", DeliveryStreamName=name, TagKeys=["Name"])
    assert tags(name) == {"team": "mail"}, tags(name)
    update(name)
    put(name, "second")
    encrypt(name, "DISABLED", "stop_delivery_stream_encryption")
    put(name, "third")
    delete(name)

"""Makes streams whose records are taken apart, one of them with partitions, and puts records of
several documents, while the daemon may be killed at any time.

    apart.py ENDPOINT BUCKET LIST

Appends each document to the file LIST: 1 and the document if it was acknowledged, 0 and the
document if nobody knows.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ENDPOINT, BUCKET, LIST = sys.argv[1:]
PATIENCE = 120
ROUNDS = 4
DELIMITER = "%%%%"
DELIMITER_BASE64 = "JSUlJQ=="

client = boto3.client(
    "firehose", endpoint_url=ENDPOINT, region_name="eu-1",
    aws_access_key_id="any", aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=60),
)


def call(operation, done="", **members):
    """Asks until there is an answer. After a lost one, an error called `done` says that it is done."""
    deadline, lost = time.monotonic() + PATIENCE, False
    while True:
        try:
            return getattr(client, operation)(**members)
        except ClientError as error:
            if lost and error.response["Error"]["Code"] == done:
                return None
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
        except BotoCoreError:
            pass
        lost = True
        if time.monotonic() > deadline:
            raise TimeoutError(operation)
        time.sleep(0.1)


def described(name):
    found = call("describe_delivery_stream", DeliveryStreamName=name)["DeliveryStreamDescription"]
    return found["VersionId"], found["Destinations"][0]["ExtendedS3DestinationDescription"]


def processor(kind, **parameters):
    parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()]
    return {"Type": kind, "Parameters": parameters}


def processing(*processors):
    newline = processor("AppendDelimiterToRecord", Delimiter="\\n")
    return {"Enabled": True, "Processors": [*processors, newline]}


def extraction(program):
    return processor("MetadataExtraction", MetadataExtractionQuery=program, JsonParsingEngine="JQ-1.6")


def create(name, **more):
    configuration = {
        "BucketARN": f"arn:aws:s3:::{BUCKET}", "RoleARN": "arn:aws:iam::111122223333:role/fh",
        "ErrorOutputPrefix": f"errors/{name}/!{{firehose:error-output-type}}/",
        "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 64}, **more,
    }
    call(
        "create_delivery_stream", "ResourceInUseException", DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration=configuration,
    )
    _, found = described(name)
    for member, value in more.items():
        assert found[member] == value, (member, found)


def update(name, **more):
    version, _ = described(name)
    call(
        "update_destination", "ConcurrentModificationException", DeliveryStreamName=name,
        CurrentDeliveryStreamVersionId=version, DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate=more,
    )


def put(name, word, document, between):
    """Records of three documents each."""
    documents = [document(f"{name} {word} {n}", n) for n in range(300)]
    records = [{"Data": between.join(documents[n:n + 3])} for n in range(0, 300, 3)]
    # Until the daemon is there.
    described(name)
    fate = 0
    try:
        answer = client.put_record_batch(DeliveryStreamName=name, Records=records)
        fate = int(answer["FailedPutCount"] == 0)
    except (BotoCoreError, ClientError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    with open(LIST, "a") as written:
        written.writelines(f"{fate} {document}\n" for document in documents)


def order(word, n):
    """One document of a hundred says no customer."""
    customer = None if n % 100 == 99 else {"id": n % 7}
    members = {"word": word, "customer": customer, "ts": 1750000000 + n % 2 * 31536000, "shop": f"s{n % 3}"}
    return json.dumps(members, separators=(",", ":"))


create(
    "orders",
    Prefix="orders/!{partitionKeyFromQuery:customer}/!{partitionKeyFromQuery:year}/",
    DynamicPartitioningConfiguration={"Enabled": True, "RetryOptions": {"DurationInSeconds": 60}},
    ProcessingConfiguration=processing(
        extraction('{customer:.customer.id,year:.ts|strftime("%Y")}'),
        processor("RecordDeAggregation", SubRecordType="JSON"),
    ),
)
create(
    "texts", Prefix="texts/",
    ProcessingConfiguration=processing(
        processor("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter=DELIMITER_BASE64)),
)
for turn in range(ROUNDS):
    put("orders", f"first {turn}", order, "\n" if turn % 2 else "")
    put("texts", f"first {turn}", lambda word, n: word, DELIMITER)
update(
    "orders", Prefix="shops/!{partitionKeyFromQuery:shop}/",
    ProcessingConfiguration=processing(
        extraction("{shop}"), processor("RecordDeAggregation", SubRecordType="JSON")),
)
for turn in range(ROUNDS):
    put("orders", f"second {turn}", order, " ")

"""Every operation, every limit and every error of the Firehose door, by boto3 and the AWS CLI.

    operations.py ENDPOINT WRITTEN

Appends each acknowledged record of the stream `web` to the file WRITTEN, a line each, and says at
its end how many were acknowledged, empty ones included.
"""

import base64
import collections
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.request

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, WRITTEN = sys.argv[1], sys.argv[2]
REGION = "eu-1"
RECORD, CALL = 1_024_000, 4 * 1024 * 1024
acknowledged = 0


def client(key, secret="secret", endpoint=ENDPOINT, **more):
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, **more)
    return boto3.client(
        "firehose", endpoint_url=endpoint, region_name=REGION, config=config,
        aws_access_key_id=key, aws_secret_access_key=secret,
    )


def fails(code, call, status=400, says="", kind=None):
    """The call fails with this code, and with the class that the client has for it."""
    try:
        answer = call()
    except ClientError as error:
        found = error.response["Error"]
        got = error.response["ResponseMetadata"]
        assert found["Code"] == code, (code, found)
        assert says in found["Message"], (says, found)
        assert got["HTTPStatusCode"] == status, (status, got)
        assert got["RequestId"], got
        assert kind is None or isinstance(error, kind), (kind, error)
    else:
        raise AssertionError(f"{code} was expected, not {answer}")


def wrote(records):
    global acknowledged
    acknowledged += len(records)
    with open(WRITTEN, "ab") as written:
        for record in records:
            written.write(record + b"\n")


def put_all(firehose, records):
    answer = firehose.put_record_batch(
        DeliveryStreamName="web", Records=[{"Data": record} for record in records]
    )
    assert answer["FailedPutCount"] == 0 and answer["Encrypted"] is False, answer
    ids = [entry["RecordId"] for entry in answer["RequestResponses"]]
    assert len(set(ids)) == len(records), ids
    wrote(records)
    return ids


def puts(writer):
    answer = writer.put_record(DeliveryStreamName="web", Record={"Data": b"one"})
    assert answer["RecordId"] and answer["Encrypted"] is False, answer
    wrote([b"one"])
    ids = put_all(writer, [b"two", b"", b"three \xc3\xa9 \x00"])
    # Lane, run, position, index: positions follow each other.
    lane, run, first, index = ids[0].split("-")
    assert ids[2] == f"{lane}-{run}-{int(first) + 2}-{index}", ids


def limits(writer):
    one = lambda data: lambda: writer.put_record(DeliveryStreamName="web", Record={"Data": data})
    many = lambda records: lambda: writer.put_record_batch(
        DeliveryStreamName="web", Records=[{"Data": data} for data in records]
    )
    put_all(writer, [b"largest " + b"x" * (RECORD - 8)])
    put_all(writer, [b"number %d of 500" % i for i in range(500)])
    large = [b"%d of a full call " % i + b"y" * (RECORD - 17 - 1) for i in range(4)]
    rest = CALL - sum(map(len, large))
    put_all(writer, large + [b"z" * rest])
    fails("ValidationException", one(b"x" * (RECORD + 1)), says="less than or equal to 1024000")
    fails("ValidationException", many([b"x"] * 501), says="less than or equal to 500")
    fails("InvalidArgumentException", many(large + [b"z" * (rest + 1)]), says="4 MB",
          kind=writer.exceptions.InvalidArgumentException)
    fails("ValidationException", lambda: writer.put_record(
        DeliveryStreamName="no stream!", Record={"Data": b"x"}), says="regular expression")
    fails("ValidationException", lambda: writer.put_record(
        DeliveryStreamName="x" * 65, Record={"Data": b"x"}), says="less than or equal to 64")


def errors(writer, operator):
    put = lambda by, stream="web": lambda: by.put_record(
        DeliveryStreamName=stream, Record={"Data": b"never stored"})
    fails("ResourceNotFoundException", put(writer, "web-none"), says="not found",
          kind=writer.exceptions.ResourceNotFoundException)
    fails("AccessDeniedException", put(writer, "mail"), says="not authorized")
    fails("AccessDeniedException", put(writer, "none"), says="not authorized")
    fails("AccessDeniedException", put(operator), says="firehose:PutRecord")
    fails("AccessDeniedException", lambda: writer.tag_delivery_stream(
        DeliveryStreamName="web", Tags=[{"Key": "a"}]), says="firehose:TagDeliveryStream")
    fails("InvalidSignatureException", put(client("WRITER", "another")), status=403)
    fails("UnrecognizedClientException", put(client("NOBODY")), status=403)
    unsigned = client("WRITER", signature_version=botocore.UNSIGNED)
    fails("MissingAuthenticationTokenException", put(unsigned), status=403)
    fails("InvalidArgumentException", lambda: raw("DescribeDeliveryStream",
          {"DeliveryStreamName": "web", "Verbose": True}), says="Verbose")
    fails("UnknownOperationException", lambda: raw("Nothing", {}))
    fails("SerializationException", lambda: raw("PutRecord", {"DeliveryStreamName": "web",
          "Record": {"Data": "no base64"}}))


def raw(operation, body):
    """A signed request that boto3 would not make."""
    text = json.dumps(body).encode()
    request = botocore.awsrequest.AWSRequest(
        "POST", ENDPOINT + "/", data=text,
        headers={"X-Amz-Target": "Firehose_20150804." + operation},
    )
    keys = botocore.credentials.Credentials("BOTH", "secret")
    botocore.auth.SigV4Auth(keys, "firehose", REGION).add_auth(request)
    sent = urllib.request.Request(ENDPOINT + "/", text, dict(request.headers))
    try:
        return json.load(urllib.request.urlopen(sent))
    except urllib.error.HTTPError as error:
        said = json.load(error)
        head = {"HTTPStatusCode": error.code, "RequestId": error.headers["x-amzn-RequestId"]}
        assert error.headers["x-amzn-ErrorType"] == said["__type"], said
        found = {"Code": said["__type"], "Message": said["message"]}
        raise ClientError({"Error": found, "ResponseMetadata": head}, operation) from None


def streams(writer, operator):
    found = operator.describe_delivery_stream(DeliveryStreamName="web", Limit=1)
    found = found["DeliveryStreamDescription"]
    assert found["DeliveryStreamStatus"] == "ACTIVE" and found["VersionId"] == "1", found
    arn = "arn:aws:firehose:eu-1:111122223333:deliverystream/web"
    assert found["DeliveryStreamARN"] == arn and found["CreateTimestamp"].year > 2020, found
    [destination] = found["Destinations"]
    extended = destination["ExtendedS3DestinationDescription"]
    assert extended["S3BackupMode"] == "Disabled", extended
    assert destination["S3DestinationDescription"]["Prefix"] == "web/", destination
    fails("ResourceNotFoundException",
          lambda: operator.describe_delivery_stream(DeliveryStreamName="none"))
    found = operator.list_delivery_streams()
    assert found["DeliveryStreamNames"] == ["mail", "web", "web-2"], found
    assert found["HasMoreDeliveryStreams"] is False
    found = operator.list_delivery_streams(Limit=1, ExclusiveStartDeliveryStreamName="mail")
    assert found["DeliveryStreamNames"] == ["web"] and found["HasMoreDeliveryStreams"], found
    found = operator.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")
    assert found["DeliveryStreamNames"] == [], found
    # A key knows of its own streams only.
    assert writer.list_delivery_streams()["DeliveryStreamNames"] == ["web", "web-2"]


def tags(operator):
    of_web = {"DeliveryStreamName": "web"}
    tags = [{"Key": f"key {i:02}", "Value": str(i)} for i in range(50)]
    operator.tag_delivery_stream(Tags=tags, **of_web)
    found = operator.list_tags_for_delivery_stream(Limit=20, **of_web)
    assert found["Tags"] == tags[:20] and found["HasMoreTags"], found
    found = operator.list_tags_for_delivery_stream(ExclusiveStartTagKey="key 19", **of_web)
    assert found["Tags"] == tags[20:] and not found["HasMoreTags"], found
    fails("LimitExceededException", lambda: operator.tag_delivery_stream(
        Tags=[{"Key": "one more"}], **of_web), kind=operator.exceptions.LimitExceededException)
    operator.untag_delivery_stream(TagKeys=[tag["Key"] for tag in tags[1:]], **of_web)
    found = operator.list_tags_for_delivery_stream(**of_web)
    assert found["Tags"] == tags[:1], found


class Choosy(http.server.BaseHTTPRequestHandler):
    """A server between client and door that fails each record when it first sees it, at times."""

    seen = collections.Counter()
    door = None

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        records = [base64.b64decode(record["Data"]) for record in asked["Records"]]
        passed = []
        for i, record in enumerate(records):
            self.seen[record] += 1
            if self.seen[record] > i % 3:
                passed.append(i)
        entries = [{"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
                   for _ in records]
        if passed:
            answer = self.door.put_record_batch(
                DeliveryStreamName=asked["DeliveryStreamName"],
                Records=[{"Data": records[i]} for i in passed],
            )
            for i, entry in zip(passed, answer["RequestResponses"]):
                entries[i] = entry
        body = json.dumps({"FailedPutCount": len(records) - len(passed), "Encrypted": False,
                           "RequestResponses": entries}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def partial_failures(writer):
    """A client that resends what failed, and only that, ends with each record once."""
    Choosy.door = writer
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Choosy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    between = client("WRITER", endpoint=f"http://127.0.0.1:{server.server_port}")
    left = [b"in parts %d" % i for i in range(300)]
    rounds = 0
    while left:
        answer = between.put_record_batch(
            DeliveryStreamName="web", Records=[{"Data": record} for record in left])
        done = list(zip(left, answer["RequestResponses"]))
        wrote([record for record, entry in done if "RecordId" in entry])
        left = [record for record, entry in done if "ErrorCode" in entry]
        assert len(left) == answer["FailedPutCount"]
        rounds += 1
    assert rounds > 1
    server.shutdown()


def command_line():
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": "BOTH", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL_FIREHOSE": ENDPOINT,
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
    }

    def aws(*arguments):
        command = [sys.executable, "-m", "awscli", "firehose", *arguments, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, (json.loads(done.stdout) if done.stdout.strip() else {}), done.stderr

    web = ("--delivery-stream-name", "web")
    code, answer, said = aws("put-record", *web, "--record", "Data=by the command line")
    assert code == 0 and answer["RecordId"], said
    wrote([b"by the command line"])
    code, answer, said = aws("put-record-batch", *web, "--records",
                             '[{"Data": "cli 1"}, {"Data": "cli 2"}]')
    assert code == 0 and answer["FailedPutCount"] == 0, said
    wrote([b"cli 1", b"cli 2"])
    code, answer, said = aws("describe-delivery-stream", *web)
    assert answer["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE", said
    code, answer, said = aws("list-delivery-streams")
    assert answer["DeliveryStreamNames"] == ["mail", "web", "web-2"], said
    code, _, said = aws("tag-delivery-stream", *web, "--tags", "Key=by,Value=cli")
    assert code == 0, said
    code, answer, said = aws("list-tags-for-delivery-stream", *web)
    assert {"Key": "by", "Value": "cli"} in answer["Tags"], (answer, said)
    code, _, said = aws("untag-delivery-stream", *web, "--tag-keys", "by")
    assert code == 0, said
    code, _, said = aws("put-record", "--delivery-stream-name", "none", "--record", "Data=x")
    assert code != 0 and "ResourceNotFoundException" in said, said


def main():
    writer, operator = client("WRITER"), client("OPERATOR")
    puts(writer)
    limits(writer)
    errors(writer, operator)
    streams(writer, operator)
    tags(operator)
    partial_failures(writer)
    command_line()
    print(json.dumps({"acknowledged": acknowledged}))


main()

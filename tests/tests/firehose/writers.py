"""Many boto3 writers at once, each of which sends a batch again until it is acknowledged.

    writers.py ENDPOINT WRITERS SECONDS FILE

Writes a line `ID ACKNOWLEDGED ATTEMPTS` for each record into FILE, and says at its end what it met.
Retries of boto3 itself are off, so that each attempt is counted.
"""

import json
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ENDPOINT, WRITERS, SECONDS, FILE = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
RECORDS = 20
# After the end each writer finishes the batch that it has in hand.
GRACE = 120

end = time.monotonic() + SECONDS
lines, lock = [], threading.Lock()
met = {"acknowledged": 0, "resent": 0, "refused": 0, "lost_replies": 0}


def client():
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"},
                    connect_timeout=10, read_timeout=60)
    return boto3.session.Session().client(
        "firehose", endpoint_url=ENDPOINT, region_name="eu-1", config=config,
        aws_access_key_id="any", aws_secret_access_key="any",
    )


def send(firehose, records):
    """The number of attempts, and whether the last was acknowledged."""
    attempts = 0
    while time.monotonic() < end + GRACE:
        attempts += 1
        try:
            answer = firehose.put_record_batch(DeliveryStreamName="web", Records=records)
            assert answer["FailedPutCount"] == 0, answer
            return attempts, True
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, error.response
            with lock:
                met["refused"] += 1
        except BotoCoreError:
            with lock:
                met["lost_replies"] += 1
        time.sleep(0.05)
    return attempts, False


def write(number):
    firehose = client()
    batch = 0
    while time.monotonic() < end:
        ids = [f"{number}-{batch}-{i}" for i in range(RECORDS)]
        attempts, done = send(firehose, [{"Data": i.encode() + b" " + b"x" * 500} for i in ids])
        with lock:
            lines.extend(f"{i} {int(done)} {attempts}\n" for i in ids)
            met["acknowledged"] += RECORDS * done
            met["resent"] += RECORDS * (attempts - 1)
        batch += 1


threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open(FILE, "w") as file:
    file.writelines(lines)
print(json.dumps(met))

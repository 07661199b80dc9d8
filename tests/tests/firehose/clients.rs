//! Every operation, limit and error, by boto3 and the AWS CLI; and a stream whose disk is full.

use standpipe_tests::ledger::Ledger;
use standpipe_tests::wait::until;
use standpipe_tests::{Folder, Outcome, Trouble, objects};

use crate::{PATIENCE, daemon, python, raw, said, script};

const KEYS: &str = r#"region: eu-1, account: "111122223333", keys: [
    {id: WRITER, secret: {file: secret}, streams: ["web*"]},
    {id: OPERATOR, secret: {file: secret}, actions: [manage]},
    {id: BOTH, secret: {file: secret}, actions: [put, manage]}]"#;

#[test]
fn boto3_and_the_command_line_find_every_operation_limit_and_error() -> Outcome {
    let Some(mut python) = python()? else {
        return Ok(());
    };
    let folder = Folder::new("firehose-clients")?;
    std::fs::write(folder.join("secret"), "secret\n")?;
    let streams = [raw("web", ""), raw("web-2", ""), raw("mail", "")].concat();
    let (mut daemon, door) = daemon(folder.path(), &streams, KEYS)?;
    daemon.up()?;
    let written = folder.join("written");
    let met = said(python.arg(script("operations.py")).arg(door).arg(&written))?;
    let acknowledged = met["acknowledged"].as_u64().unwrap_or_default();
    let books = daemon.settled("web", acknowledged, PATIENCE)?;
    assert_eq!(
        (books.accepted, books.delivered),
        (acknowledged, acknowledged)
    );
    assert_eq!(daemon.books("mail")?.accepted, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);

    let mut ledger = Ledger::new(usize::MAX);
    for line in std::fs::read(&written)?.split(|byte| *byte == b'\n') {
        if !line.is_empty() {
            ledger.wrote(line);
        }
    }
    objects::raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

/// Puts until it is refused, then again with boto3's own retries until the destination lives.
const FULL: &str = r#"
import json, os, sys
import boto3
from botocore.config import Config
endpoint, dead = sys.argv[1:]
def client(attempts):
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=60)
    return boto3.client("firehose", endpoint_url=endpoint, region_name="eu-1", config=config,
                        aws_access_key_id="any", aws_secret_access_key="any")
once, number = client(1), 0
def put(by):
    records = [{"Data": b"%d %d " % (number, i) + b"x" * 10_000} for i in range(50)]
    return by.put_record_batch(DeliveryStreamName="web", Records=records)
while True:
    try:
        assert put(once)["FailedPutCount"] == 0
        number += 1
    except once.exceptions.ServiceUnavailableException as error:
        response = error.response["ResponseMetadata"]
        assert response["HTTPStatusCode"] == 503, response
        assert int(response["HTTPHeaders"]["x-amz-retry-after"]) >= 1000, response
        assert "Slow down." in error.response["Error"]["Message"], error.response
        break
os.remove(dead)
assert put(client(20))["FailedPutCount"] == 0
print(json.dumps({"acknowledged": 50 * (number + 1)}))
"#;

#[test]
fn a_batch_that_finds_no_room_is_refused_whole_and_kept_once_when_there_is_some() -> Outcome {
    let Some(mut python) = python()? else {
        return Ok(());
    };
    let folder = Folder::new("firehose-full")?;
    let streams = raw("web", "disk: {quota: 8MiB}").replace("path: out", "path: down/out");
    let (mut daemon, door) = daemon(folder.path(), &streams, "")?;
    let dead = folder.join("down");
    std::fs::write(&dead, b"")?;
    daemon.up()?;
    let met = said(python.args(["-c", FULL, &door]).arg(&dead))?;
    let acknowledged = met["acknowledged"].as_u64().unwrap_or_default();
    let books = daemon.settled("web", acknowledged, PATIENCE)?;
    assert_eq!(books.accepted, acknowledged, "half a batch was kept");
    assert_eq!(books.delivered, acknowledged);
    let refused = until("the refusals to be counted", PATIENCE, || {
        let text = standpipe_tests::http::get(daemon.door("admin")?, "/metrics")?.ok()?;
        let text = String::from_utf8_lossy(&text.body).into_owned();
        let counted = |line: &&str| {
            line.starts_with("standpipe_requests_refused_total")
                && line.contains("door=\"firehose\"")
                && line.contains("ServiceUnavailableException")
        };
        let found = text.lines().any(|line| counted(&line));
        found.then_some(()).ok_or(Trouble(text))
    });
    refused?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

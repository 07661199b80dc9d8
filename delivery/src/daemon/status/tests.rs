use standpipe_config::names::{AgentId, Arrival, LaneId, Run};

use super::*;
use crate::lane::failed::Reason;
use crate::lane::failed::failures::Failures;
use crate::record::RecordId;
use crate::stream::{Attempts, Backup, Books, State};

fn books(accepted: u64) -> Books {
    Books {
        accepted,
        delivered: 4,
        failed: 1,
        dropped: 1,
        waiting: accepted - 6,
        redriven: 2,
    }
}

fn failures() -> Failures {
    let mut failures = Failures::default();
    let id = RecordId {
        lane: LaneId([1; 16]),
        run: Run([2; 8]),
        position: 3,
        index: 0,
    };
    let reason = Reason {
        code: "DataFormatConversion.MalformedData",
        message: "Column n: \"<b>\" is not an int",
        attempts: 1,
        ended: Arrival(23),
    };
    failures.add(id, &reason);
    failures
}

/// A status in which everything is there.
pub(in crate::daemon) fn status() -> Status {
    let stream = StreamStatus {
        state: State::Halted,
        paused: false,
        books: books(9),
        bytes: books(900),
        waiting_bytes: 894,
        oldest_waiting_seconds: 1.5,
        sealed_files: 2,
        objects_delivered: 3,
        destination: "s3".into(),
        attempts: Attempts {
            delivered: 11,
            retry: 12,
            divert: 13,
            halt: 14,
        },
        sealed_bytes: 15,
        position: 16,
        sealed_position: 17,
        failed: BTreeMap::from([("format-conversion-failed".to_owned(), 1)]),
        errors: failures(),
        disk_used: 10,
        disk_quota: 20,
        backup: Some(Backup {
            delivered: 5,
            waiting: 6,
            sealed_files: 7,
            halted: true,
        }),
        last_error: Some("no such bucket".into()),
    };
    Status {
        version: "1.2.3",
        settings: Account {
            read_at: 0,
            reloads: 3,
            refused: 1,
            last_error: Some("a.yaml is no good".into()),
        },
        memory: Memory {
            used: 18,
            limit: 19,
        },
        streams: BTreeMap::from([("web".parse().unwrap(), stream)]),
        agents: vec![Seen {
            agent: AgentId([0x20; 16]),
            host: Some("one".into()),
            stream: "web".parse().unwrap(),
            seconds_ago: 21.0,
            waiting: Some(22),
        }],
    }
}

#[test]
fn the_status_has_the_fields_that_scripts_rely_on() {
    let json = serde_json::to_value(status()).unwrap();
    let web = &json["streams"]["web"];
    assert_eq!(json["version"], "1.2.3");
    assert_eq!(web["state"], "halted");
    assert_eq!(web["books"]["waiting"], 3);
    assert_eq!(web["waiting_bytes"], 894);
    assert_eq!(web["oldest_waiting_seconds"], 1.5);
    assert_eq!(web["sealed_files"], 2);
    assert_eq!(web["last_error"], "no such bucket");
    let failed = &web["errors"]["DataFormatConversion.MalformedData"];
    assert_eq!(
        (&failed["lines"], &failed["latest"]),
        (&1.into(), &23.into())
    );
    assert_eq!(
        failed["samples"][0]["message"],
        "Column n: \"<b>\" is not an int"
    );
}

#[test]
fn before_the_streams_are_there_the_status_is_empty() {
    let json =
        serde_json::to_value(Status::of(None, &Reloads::default(), &Agents::default(), 7)).unwrap();
    assert_eq!(json["streams"], serde_json::json!({}));
    assert_eq!(json["memory"]["limit"], 7);
    assert!(json["memory"]["used"].as_u64().unwrap() > 0);
}

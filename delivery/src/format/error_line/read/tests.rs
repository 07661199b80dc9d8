//! Lines of each type read back as what was written.

use standpipe_config::names::{LaneId, Run};

use super::super::{
    Called, Failed, conversion_failed, document_refused, processing_failed, refused,
};
use super::*;
use crate::record::Row;

fn failed(bytes: &[u8]) -> Failed<'_> {
    Failed {
        lane: LaneId([7; 16]),
        row: Row {
            run: Run([1; 8]),
            position: 42,
            index: 3,
            arrival: Arrival(-5),
            stage: Stage::Transformed,
            part: None,
            redriven: None,
            bytes,
        },
        code: "Some.Code",
        message: "not \"this\"\nway",
        attempts: 4,
        ended: Arrival(9),
    }
}

#[test]
fn every_type_of_line_reads_back() {
    let failed = failed(b"a\0b\n");
    let called = Called {
        index: "docs",
        id: None,
    };
    let mut lines = [const { Vec::new() }; 4];
    conversion_failed(&failed, &mut lines[0]);
    refused(&failed, &mut lines[1]);
    processing_failed(&failed, "arn:x", &mut lines[2]);
    document_refused(&failed, called, &mut lines[3]);
    for line in &lines {
        let line = Line::read(line).unwrap();
        assert_eq!(line.id, failed.row.id(failed.lane));
        assert_eq!(line.arrival, Arrival(-5));
        assert_eq!(line.stage, Stage::Transformed);
        assert_eq!(line.ended, Arrival(9));
        assert_eq!(line.code, "Some.Code");
        assert_eq!(line.message, failed.message);
        assert_eq!(line.bytes().unwrap(), b"a\0b\n");
    }
}

/// Failed again, a redriven record is still called what it was called at first (rule 27).
#[test]
fn a_redriven_record_keeps_its_name_in_the_next_line() {
    let mut failed = failed(b"a");
    let id = RecordId {
        lane: LaneId([9; 16]),
        run: Run([8; 8]),
        position: 1,
        index: 0,
    };
    failed.row.redriven = Some(id);
    let mut line = Vec::new();
    refused(&failed, &mut line);
    assert_eq!(Line::read(&line).unwrap().id, id);
}

#[test]
fn what_is_not_ours_or_not_whole_is_said_to_be_so() {
    let mut line = Vec::new();
    refused(&failed(b"abc"), &mut line);
    let text = String::from_utf8(line).unwrap();
    let broken = [
        text[..text.len() / 2].to_owned(),
        text.replace("standpipe", "standpine"),
        text.replace("-42-3", "-42"),
        text.replace("-42-3", "-42-3-1"),
        text.replace("transformed", "converted"),
        r#"{"rawData":"YQ==","errorCode":"1","errorMessage":"x","attemptEndingTimestamp":1}"#
            .to_owned(),
        String::new(),
    ];
    for line in broken {
        assert_eq!(Line::read(line.as_bytes()), Err(NotOurs), "{line}");
    }
    let text = text.replace("YWJj", "Y*Jj");
    assert_eq!(Line::read(text.as_bytes()).unwrap().bytes(), Err(NotOurs));
}

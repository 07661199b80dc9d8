//! Attributes read back as they were written, and unknown ones are treated by their flag.

use proptest::prelude::*;

use standpipe_config::names::{Arrival, LaneId, Run};

use super::super::vocabulary::{AGENT, mark, range, source as id};
use super::*;
use crate::record::RecordId;

fn bytes_of(attributes: &[Attribute]) -> Vec<u8> {
    let mut out = Vec::new();
    attributes.iter().for_each(|a| a.put(&mut out));
    out
}

fn some_evidence(path: &str) -> Evidence {
    Evidence {
        source: id(1),
        path: path.to_owned(),
        device: 1,
        inode: 2,
        generation: 3,
        birth: -4,
        prefix_length: 5,
        prefix: Fingerprint([6; 16]),
    }
}

fn all() -> Vec<Attribute> {
    let part = Part {
        number: 3,
        last: true,
    };
    let note = |record, part, unterminated| Note {
        record,
        part,
        unterminated,
    };
    let no_tail = Range {
        tail: None,
        ..range(id(1), 2, 3, 40)
    };
    let source = Source {
        agent: AGENT,
        mark: Some(mark(id(4), 5, 6)),
        is_final: true,
        evidence: Some(Box::new(some_evidence("/var/log/ä"))),
        seen: 7,
        missing: Some(8),
    };
    let bare = Source {
        mark: None,
        is_final: false,
        evidence: None,
        missing: None,
        ..source.clone()
    };
    let reply = Reply {
        first: 1,
        accepted: 2,
    };
    let redriven = Last {
        batch: Batch {
            number: 5,
            content: Fingerprint([6; 16]),
        },
        first: 7,
        accepted: 2,
        records: 10,
        bytes: 11,
    };
    let name = |position| Name {
        id: RecordId {
            lane: LaneId([1; 16]),
            run: Run([2; 8]),
            position,
            index: 3,
        },
        arrival: Arrival(-4),
    };
    vec![
        Attribute::Range(AGENT, range(id(1), 2, 3, 40)),
        Attribute::Range(AGENT, no_tail),
        Attribute::Notes(vec![note(0, Some(part), false), note(7, None, true)]),
        Attribute::Stage(Stage::Accepted),
        Attribute::Stage(Stage::Transformed),
        Attribute::Key("key ä".to_owned()),
        Attribute::Gap(AGENT, no_tail, GapReason::Hole),
        Attribute::Identify(AGENT, some_evidence("/var/log/x")),
        Attribute::Final(AGENT, id(1), 2, 3),
        Attribute::Live(AGENT, vec![id(1), id(2)]),
        Attribute::Source(id(4), source),
        Attribute::Source(id(4), bare),
        Attribute::Known(Known {
            key: "k".to_owned(),
            reply,
            running: 3,
        }),
        Attribute::Redriven(redriven.batch, vec![name(8), name(9)]),
        Attribute::Redrive(redriven),
    ]
}

#[test]
fn attributes_read_back() {
    assert_eq!(read_all(&bytes_of(&all())), Ok(all()));
}

#[test]
fn every_gap_reason_has_its_code() {
    for reason in REASONS {
        let gap = vec![Attribute::Gap(AGENT, range(id(1), 0, 0, 1), reason)];
        assert_eq!(read_all(&bytes_of(&gap)), Ok(gap));
    }
}

#[test]
fn no_attribute_takes_more_than_is_reckoned() {
    for attribute in all() {
        let listed = match &attribute {
            Attribute::Notes(notes) => NOTE * notes.len(),
            Attribute::Key(key) => key.len(),
            Attribute::Identify(_, evidence) => evidence.path.len(),
            Attribute::Live(_, sources) => 16 * sources.len(),
            // Only in snapshots, whose size is not reckoned.
            Attribute::Source(..) | Attribute::Known(_) | Attribute::Redrive(..) => continue,
            Attribute::Redriven(_, names) => NAME * names.len(),
            _ => 0,
        };
        // A frame of records has notes beside its range.
        let two_heads = 16;
        let size = bytes_of(std::slice::from_ref(&attribute)).len() + two_heads;
        assert!(size <= FIXED + listed, "{attribute:?}: {size}");
    }
}

fn unknown(flags: u16) -> Vec<u8> {
    let mut bytes = bytes_of(&[Attribute::Stage(Stage::Transformed)]);
    bytes.extend_from_slice(&99u16.to_le_bytes());
    bytes.extend_from_slice(&flags.to_le_bytes());
    bytes.extend_from_slice(&3u32.to_le_bytes());
    bytes.extend_from_slice(b"???");
    bytes.extend_from_slice(&bytes_of(&[Attribute::Key("k".to_owned())]));
    bytes
}

#[test]
fn an_unknown_optional_attribute_is_skipped_by_its_length_rule_32() {
    let known = vec![
        Attribute::Stage(Stage::Transformed),
        Attribute::Key("k".to_owned()),
    ];
    assert_eq!(read_all(&unknown(0)), Ok(known));
}

#[test]
fn an_unknown_attribute_that_must_be_understood_is_refused() {
    let why = read_all(&unknown(MUST_KNOW)).expect_err("refused");
    assert!(
        why.contains("attribute 99") && why.contains("update"),
        "{why}"
    );
}

proptest! {
    #[test]
    fn bytes_of_others_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_all(&bytes);
    }

    #[test]
    fn what_is_cut_is_refused(place in 0usize..15, cut in 1usize..60) {
        let bytes = bytes_of(&all()[place..=place]);
        let left = bytes.len().saturating_sub(cut);
        prop_assert!(left == 0 || read_all(&bytes[..left]).is_err());
    }
}

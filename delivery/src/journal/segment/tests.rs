//! A segment's name and header.

use super::*;

fn header() -> Header {
    Header {
        lane: LaneId([1; 16]),
        id: 0xab,
        run: Run([2; 8]),
        first: 3,
        totals: Totals {
            accepted_records: 4,
            accepted_bytes: 5,
            gap_bytes: 6,
            ..Totals::default()
        },
        previous: Some(Previous { id: 7, end: 8 }),
        data: 9,
        arrival: Arrival(-10),
        running: 11,
        group: 12,
    }
}

fn file() -> PathBuf {
    path(Path::new("/j"), SEGMENT, 0xab)
}

#[test]
fn a_header_reads_back() {
    let first = Header {
        previous: None,
        ..header()
    };
    for header in [header(), first] {
        let read = Header::decode(&file(), &header.encode()).expect("reads");
        assert_eq!(read, header);
    }
}

#[test]
fn no_flipped_bit_of_a_header_passes() {
    for bit in 0..8 * HEADER {
        let mut bytes = header().encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Header::decode(&file(), &bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn a_newer_version_is_refused_with_both_numbers_rule_33() {
    let mut bytes = header().encode();
    bytes[4] = 9;
    let error = Header::decode(&file(), &bytes).expect_err("refused");
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 9,
                known: VERSION,
                ..
            }
        ),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(
        message.contains("version 9") && message.contains("up to 1"),
        "{message}"
    );
}

#[test]
fn a_header_under_another_name_is_damage() {
    let other = path(Path::new("/j"), SEGMENT, 0xac);
    let error = Header::decode(&other, &header().encode()).expect_err("refused");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn names_carry_the_id() {
    assert_eq!(file(), Path::new("/j/segment-00000000000000ab"));
    assert_eq!(file_id(&file(), SEGMENT), Some(0xab));
    assert_eq!(file_id(&file(), RECYCLED), None);
    for other in [
        "segment-ab",
        "segment-+0000000000000ab",
        "x",
        "segment-00000000000000ab.tmp",
    ] {
        assert_eq!(file_id(Path::new(other), SEGMENT), None, "{other}");
    }
}

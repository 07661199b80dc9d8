//! The head of an entry, by its bytes.

use super::*;

fn head() -> Head {
    Head {
        kind: Kind::Records,
        length: size(3, 2, 9) as u32,
        body_crc: 5,
        attributes: 3,
        segment: 6,
        run: Run([7; 8]),
        group: Group { number: 8, at: 128 },
        first: 9,
        count: 2,
        bytes: 9,
        arrival: Arrival(-10),
        running: 11,
    }
}

#[test]
fn a_head_reads_back() {
    for kind in [Kind::Records, Kind::Statement, Kind::Rest, Kind::Snapshot] {
        let head = Head { kind, ..head() };
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }
}

#[test]
fn no_flipped_bit_of_a_head_passes() {
    for bit in 0..8 * HEAD {
        let mut bytes = head().encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Head::decode(&bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn a_head_that_is_cut_is_none() {
    for length in 0..HEAD {
        assert!(Head::decode(&head().encode()[..length]).is_err());
    }
}

#[test]
fn a_length_that_does_not_hold_the_parts_is_refused() {
    let short = Head {
        length: head().length - 8,
        ..head()
    };
    let odd = Head {
        length: head().length + 1,
        ..head()
    };
    for wrong in [short, odd] {
        let read = Head::decode(&wrong.encode());
        assert_eq!(read, Err("its length does not fit its parts"));
    }
}

#[test]
fn parts_are_what_the_head_says() {
    let mut body = b"abc".to_vec();
    body.extend_from_slice(&[4, 0, 0, 0, 9, 0, 0, 0]);
    body.extend_from_slice(b"123456789----");
    let parts = head().parts(&body).expect("parts");
    assert_eq!(
        (parts.attributes, parts.bytes),
        (&b"abc"[..], &b"123456789"[..])
    );
    assert_eq!(parts.ends().collect::<Vec<_>>(), [4, 9]);
    assert!(head().parts(&body[..19]).is_none());
}

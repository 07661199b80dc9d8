use super::*;

#[test]
fn stream_names_are_firehoses() {
    for good in ["a", "web-access", "A_b.9", &"x".repeat(64)] {
        assert_eq!(good.parse::<StreamName>().unwrap().as_str(), good);
    }
    for bad in ["", ".", "..", "a/b", "a b", "é", &"x".repeat(65)] {
        assert!(bad.parse::<StreamName>().is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn ids_survive_being_written_as_text() {
    let id = SourceId::mint().unwrap();
    assert_eq!(id.to_string().parse::<SourceId>().unwrap(), id);
    assert_ne!(SourceId::mint().unwrap(), id);
    for bad in ["", "00", "zz", &"g".repeat(32), &"0".repeat(33), "é"] {
        assert!(bad.parse::<SourceId>().is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn fingerprints_tell_contents_apart() {
    assert_eq!(Fingerprint::of(b"abc"), Fingerprint::of(b"abc"));
    assert_ne!(Fingerprint::of(b"abc"), Fingerprint::of(b"abd"));
    // The published SHA-256 test vector of "abc".
    assert_eq!(
        Fingerprint::of(b"abc").to_string(),
        "ba7816bf8f01cfea414140de5dae2223"
    );
}

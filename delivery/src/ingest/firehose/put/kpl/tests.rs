//! Aggregates as the library writes them, damaged ones, and any bytes at all.

use proptest::prelude::*;

use super::*;

/// A number as Protocol Buffers write it.
fn number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn field(field: u64, content: &[u8], out: &mut Vec<u8>) {
    number(field << 3 | 2, out);
    number(content.len() as u64, out);
    out.extend_from_slice(content);
}

fn record(data: &[u8]) -> Vec<u8> {
    // Key 0, hash key 300.
    let mut record = vec![1 << 3, 0, 2 << 3, 0xac, 2];
    field(3, data, &mut record);
    field(4, b"\x0a\x01k\x12\x01v", &mut record);
    record
}

fn message(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut message = Vec::new();
    field(1, b"key", &mut message);
    field(2, b"123", &mut message);
    parts
        .iter()
        .for_each(|data| field(3, &record(data), &mut message));
    message
}

fn sealed(message: &[u8]) -> Vec<u8> {
    [&MARK[..], message, &Md5::digest(message)[..]].concat()
}

fn aggregate(parts: &[&[u8]]) -> Vec<u8> {
    let parts: Vec<_> = parts.iter().map(|part| part.to_vec()).collect();
    sealed(&message(&parts))
}

fn records(records: &[Vec<u8>]) -> Records {
    let mut builder = standpipe_config::records::Builder::default();
    records.iter().for_each(|record| builder.push_plain(record));
    builder.finish()
}

/// What records become, and where each begins.
fn apart(given: &[Vec<u8>]) -> (Vec<Vec<u8>>, Vec<u32>) {
    let (taken, firsts) = take_apart(records(given));
    let whole = Records::new(taken.bytes.clone(), taken.ends.clone(), vec![]);
    assert_eq!(whole.as_ref(), Ok(&taken));
    (taken.iter().map(|r| r.bytes.to_vec()).collect(), firsts)
}

#[test]
fn aggregates_become_records_where_they_stand() {
    let plain = b"plain".to_vec();
    let (one, many) = (aggregate(&[b"a"]), aggregate(&[b"b", b"", b"ccc"]));
    let (parts, firsts) = apart(&[plain.clone(), one, vec![], many, plain]);
    let expected: [&[u8]; 7] = [b"plain", b"a", b"", b"b", b"", b"ccc", b"plain"];
    assert_eq!(parts, expected);
    assert_eq!(firsts, [0, 1, 2, 3, 6]);
}

#[test]
fn an_aggregate_in_an_aggregate_is_data() {
    let inner = aggregate(&[b"a", b"b"]);
    assert_eq!(apart(&[aggregate(&[&inner])]).0, [inner]);
}

#[test]
fn what_is_damaged_or_holds_nothing_stays_as_it_came() {
    let whole = message(&[b"one".to_vec()]);
    let mut wrong_checksum = sealed(&whole);
    *wrong_checksum.last_mut().unwrap() ^= 1;
    let with = |more: &[u8]| sealed(&[&whole, more].concat());
    for given in [
        wrong_checksum,
        MARK.to_vec(),
        sealed(b"")[..19].to_vec(),
        sealed(b""),
        aggregate(&[]),
        // Cut off; longer than it is; a number without end; groups; keys that are numbers.
        sealed(&whole[..whole.len() - 1]),
        with(b"\x1a\x7f"),
        with(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        with(&[0x80; 11]),
        with(b"\x23\x24"),
        with(b"\x08\x01"),
        with(b"\x00\x01"),
        // Records without a key, without data, with data that are a number.
        with(b"\x1a\x03\x1a\x01x"),
        with(b"\x1a\x02\x08\x00"),
        with(b"\x1a\x04\x08\x00\x18\x01"),
    ] {
        let expected = (vec![given.clone(), b"next".to_vec()], vec![0, 1]);
        assert_eq!(apart(&[given, b"next".to_vec()]), expected);
    }
    // Fields that nobody knows are passed over.
    let later = with(b"\x28\x01\x31\x00\x00\x00\x00\x00\x00\x00\x00\x3d\x00\x00\x00\x00\x42\x01x");
    assert_eq!(apart(&[later]).0, [b"one"]);
}

#[test]
fn offsets_take_no_more_than_the_aggregate_did() {
    let smallest = b"\x1a\x04\x08\x00\x1a\x00".repeat(170_000);
    let (taken, firsts) = take_apart(records(&[sealed(&smallest)]));
    assert_eq!((taken.len(), taken.bytes.len()), (170_000, 0));
    assert_eq!(firsts, [0]);
    assert_eq!(taken.ends.capacity(), 170_000);
}

/// Aggregates in which a few bytes are others, under the right checksum.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let message = message(&[b"one".to_vec(), vec![], b"three".to_vec()]);
    let changes = prop::collection::vec((0..message.len(), any::<u8>()), 1..4);
    changes.prop_map(move |changes| {
        let mut message = message.clone();
        changes.iter().for_each(|(at, byte)| message[*at] = *byte);
        sealed(&message)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_message_is_read_or_stays_as_it_came(
        message in prop::collection::vec(any::<u8>(), 0..60), other in damaged(),
    ) {
        let (parts, firsts) = apart(&[sealed(&message), other, b"last".to_vec()]);
        prop_assert_eq!(firsts.len(), 3);
        prop_assert_eq!(&parts[firsts[2] as usize..], &[b"last".to_vec()]);
    }

    #[test]
    fn what_was_put_together_is_taken_apart(
        given in prop::collection::vec(prop::collection::vec(any::<Vec<u8>>(), 1..9), 1..5),
    ) {
        let aggregates: Vec<_> = given.iter().map(|parts| sealed(&message(parts))).collect();
        prop_assert_eq!(apart(&aggregates).0, given.concat());
    }
}

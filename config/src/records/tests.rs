use super::*;

fn note(record: u32) -> Note {
    Note {
        record,
        part: None,
        unterminated: true,
    }
}

#[test]
fn builder_and_iterator_agree() {
    let part = Some(Part {
        number: 1,
        last: true,
    });
    let mut builder = Builder::default();
    builder.push_plain(b"one");
    builder.push_plain(b"");
    builder.push(Record {
        bytes: b"three",
        part,
        unterminated: true,
    });
    let records = builder.finish();
    let seen: Vec<_> = records.iter().collect();
    assert_eq!(seen[0].bytes, b"one");
    assert_eq!(
        seen[1],
        Record {
            bytes: b"",
            part: None,
            unterminated: false
        }
    );
    assert_eq!(
        seen[2],
        Record {
            bytes: b"three",
            part,
            unterminated: true
        }
    );
    assert_eq!(
        Records::new(
            records.bytes.clone(),
            records.ends.clone(),
            records.notes.clone()
        ),
        Ok(records)
    );
}

#[test]
fn offsets_that_describe_nothing_are_refused() {
    let bytes = || Bytes::from_static(b"abc");
    assert_eq!(
        Records::new(bytes(), vec![2, 1], vec![]),
        Err(Malformed::End { record: 1, end: 1 })
    );
    assert_eq!(
        Records::new(bytes(), vec![4], vec![]),
        Err(Malformed::End { record: 0, end: 4 })
    );
    assert_eq!(
        Records::new(bytes(), vec![2], vec![]),
        Err(Malformed::Left { left: 1 })
    );
    assert_eq!(
        Records::new(bytes(), vec![3], vec![note(1)]),
        Err(Malformed::Note { record: 1 })
    );
    assert_eq!(
        Records::new(bytes(), vec![1, 3], vec![note(1), note(0)]),
        Err(Malformed::Note { record: 0 })
    );
}

#[test]
fn a_record_written_in_place_is_taken_back_where_it_is_too_long() {
    let mut builder = Builder::default();
    builder.push_plain(b"before");
    assert!(!builder.push_written(2, false, |out| out.extend_from_slice(b"xyz")));
    assert_eq!((builder.len(), builder.size()), (1, 6));
    assert!(builder.push_written(2, true, |out| out.extend_from_slice(b"xy")));
    let records = builder.finish();
    let last = records.iter().last().unwrap();
    assert_eq!((last.bytes, last.unterminated), (&b"xy"[..], true));
}

#[test]
fn a_builder_that_reuses_memory_begins_empty_in_it() {
    let mut builder = Builder::default();
    builder.push(Record {
        bytes: &[b'x'; 1000],
        part: None,
        unterminated: true,
    });
    let capacity = builder.capacity();
    let records = builder.finish();
    let held = records.clone();
    let fresh = Builder::reusing(records);
    assert_eq!(fresh.capacity(), 0, "somebody else holds the bytes");
    assert_eq!(held.bytes, [b'x'; 1000][..]);
    let again = Builder::reusing(held);
    assert_eq!(again.capacity(), capacity);
    assert_eq!(again.finish(), Records::default());
}

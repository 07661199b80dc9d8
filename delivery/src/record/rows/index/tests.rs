use proptest::prelude::*;

use super::*;

fn entry() -> impl Strategy<Value = Entry> {
    let run = prop_oneof![Just([0; 8]), Just([1; 8]), any::<[u8; 8]>()];
    let position = prop_oneof![0..5_u64, any::<u64>()];
    let index = prop_oneof![Just(0_u32), any::<u32>()];
    let part = proptest::option::of((any::<u32>(), any::<bool>()));
    let id = (
        any::<[u8; 16]>(),
        any::<[u8; 8]>(),
        any::<u64>(),
        any::<u32>(),
    );
    let rest = (
        any::<bool>(),
        any::<bool>(),
        0..=MAX_ROW,
        proptest::option::of(id),
    );
    (run, position, index, any::<i64>(), part, rest).prop_map(
        |(run, position, index, arrival, part, (transformed, gap, length, redriven))| Entry {
            run: Run(run),
            position,
            index,
            arrival: Arrival(arrival % 3),
            stage: if transformed {
                Stage::Transformed
            } else {
                Stage::Accepted
            },
            part: part.map(|(number, last)| Part { number, last }),
            redriven: redriven.map(|(lane, run, position, index)| RecordId {
                lane: LaneId(lane),
                run: Run(run),
                position,
                index,
            }),
            gap,
            length,
        },
    )
}

proptest! {
    #[test]
    fn entries_read_back_as_written(entries in prop::collection::vec(entry(), 0..50)) {
        let mut bytes = Vec::new();
        let mut before = Before::default();
        for entry in &entries {
            let start = bytes.len();
            before.write(entry, &mut bytes);
            prop_assert!(bytes.len() - start <= MAX_ENTRY);
        }
        let mut rest = &bytes[..];
        let mut before = Before::default();
        for entry in &entries {
            prop_assert_eq!(before.read(&mut rest), Some(*entry));
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn nonsense_is_no_panic(bytes: Vec<u8>) {
        let mut rest = &bytes[..];
        while Before::default().read(&mut rest).is_some() {}
        read_payload(&bytes);
    }
}

#[test]
fn a_plain_line_takes_three_bytes() {
    let mut out = Vec::new();
    let mut before = Before::default();
    let row = |position| Row {
        run: Run([7; 8]),
        position,
        index: 0,
        arrival: Arrival(1_700_000_000_000),
        stage: Stage::Accepted,
        part: None,
        redriven: None,
        bytes: &[b'x'; 200],
    };
    before.write(&Entry::of(&row(10), false), &mut out);
    let first = out.len();
    before.write(&Entry::of(&row(11), true), &mut out);
    assert_eq!(out.len() - first, 3);
}

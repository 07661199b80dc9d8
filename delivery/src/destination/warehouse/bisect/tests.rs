use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Searches among rows of which a predicate says whether a part is refused, given what was taken
/// before; what was found, and how many parts were tried.
fn search(
    rows: Range<u64>,
    patience: u32,
    refuses: impl Fn(&Range<u64>, &BTreeSet<u64>) -> bool,
) -> (Vec<Range<u64>>, usize) {
    let mut bisection = Bisection::new(rows, patience);
    let mut taken = BTreeSet::new();
    let mut tried = 0;
    while let Some(part) = bisection.next() {
        tried += 1;
        match refuses(&part, &taken) {
            true => bisection.refused("code", "no"),
            false => {
                taken.extend(part);
                bisection.taken();
            }
        }
    }
    let bad = bisection.bad().into_iter().map(|bad| bad.rows);
    (bad.collect(), tried)
}

proptest! {
    /// Exactly the bad rows are found, whatever lies beside them.
    #[test]
    fn finds_the_bad_rows_and_no_others(
        count in 0_u64..300,
        bad in prop::collection::btree_set(0_u64..300, 0..40),
    ) {
        let (found, _) = search(5..5 + count, 10_000, |part, _| {
            bad.iter().any(|row| part.contains(&(row + 5)))
        });
        let expected: Vec<_> = bad.iter().filter(|r| **r < count).map(|r| r + 5..r + 6).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn one_bad_row_among_many_takes_few_attempts() {
    let (found, tried) = search(0..100_000, 10_000, |part, _| part.contains(&77_777));
    assert_eq!(found.as_slice(), std::slice::from_ref(&(77_777..77_778)));
    assert!(tried < 40, "{tried} parts were tried");
}

/// The second of two rows with one key is refused only because the first was taken.
#[test]
fn a_row_refused_only_beside_another_is_found() {
    let key = |row: u64| row % 50;
    let clashes = |part: &Range<u64>, taken: &BTreeSet<u64>| {
        let mut keys: BTreeSet<_> = taken.iter().map(|row| key(*row)).collect();
        part.clone().any(|row| !keys.insert(key(row)))
    };
    let (found, _) = search(0..52, 10_000, clashes);
    assert_eq!(found, [50..51, 51..52]);
}

#[test]
fn patience_ends_and_the_rest_is_refused_in_parts() {
    let (found, tried) = search(0..1_000_000, 20, |_, _| true);
    assert!(tried <= 60, "{tried} parts were tried");
    let rows: u64 = found.iter().map(|rows| rows.end - rows.start).sum();
    assert_eq!(rows, 1_000_000, "{found:?}");
}

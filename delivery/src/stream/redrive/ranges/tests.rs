//! Ranges hold the numbers that were added, and no others.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn ranges(numbers: &BTreeSet<u64>) -> Ranges {
    let mut ranges = Ranges::default();
    numbers.iter().for_each(|&number| ranges.push(number));
    ranges
}

proptest! {
    #[test]
    fn a_set_of_ranges_is_a_set_of_numbers(
        one in prop::collection::btree_set(0..40_u64, 0..30),
        two in prop::collection::btree_set(0..40_u64, 0..30),
    ) {
        let mut both = ranges(&one);
        both.add(&ranges(&two));
        let expected: BTreeSet<_> = one.union(&two).copied().collect();
        prop_assert_eq!(&both, &ranges(&expected));
        prop_assert_eq!(both.len(), expected.len() as u64);
        for number in 0..41 {
            prop_assert_eq!(both.contains(number), expected.contains(&number));
        }
    }
}

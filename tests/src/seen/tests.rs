use super::*;

fn seen(numbers: &[u64]) -> Seen {
    let mut seen = Seen::default();
    numbers.iter().for_each(|number| seen.add(*number));
    seen
}

#[test]
fn each_number_once_in_any_order_settles() {
    let numbers: Vec<_> = (0..200).rev().collect();
    seen(&numbers).settle(200).unwrap();
}

#[test]
fn a_missing_one_one_too_many_and_one_twice_do_not() {
    for numbers in [&[0, 2][..], &[0, 1, 2, 3], &[0, 1, 2, 1], &[0, 1, 2, 64]] {
        assert!(seen(numbers).settle(3).is_err(), "{numbers:?}");
    }
}

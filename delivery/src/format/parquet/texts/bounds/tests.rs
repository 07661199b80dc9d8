use proptest::prelude::*;

use super::*;

/// What a file says of these texts.
fn of(texts: &[&str]) -> ValueStatistics<ByteArray> {
    let mut bounds = Bounds::default();
    texts.iter().for_each(|text| bounds.add(text.as_bytes()));
    bounds.statistics(0)
}

#[test]
fn short_bounds_are_exact_and_long_ones_are_cut() {
    let exact = of(&["b", "a", "é"]);
    assert_eq!(exact.min_opt().map(ByteArray::data), Some(&b"a"[..]));
    assert_eq!(exact.max_opt().map(ByteArray::data), Some("é".as_bytes()));
    assert!(exact.min_is_exact() && exact.max_is_exact());
    let long = "a".repeat(63) + "é";
    let cut = of(&[&long]);
    assert_eq!(
        cut.min_opt().map(ByteArray::data),
        Some(&long.as_bytes()[..63])
    );
    let above = "a".repeat(62) + "b";
    assert_eq!(cut.max_opt().map(ByteArray::data), Some(above.as_bytes()));
    assert!(!cut.min_is_exact() && !cut.max_is_exact());
    assert!(of(&[&"\u{10ffff}".repeat(20)]).max_opt().is_none());
    assert!(of(&[]).min_opt().is_none());
}

proptest! {
    #[test]
    fn bounds_hold(texts in prop::collection::vec("[a\u{7f}\u{d7ff}\u{10ffff}]{10,80}", 1..4)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = of(&texts);
        for text in texts {
            prop_assert!(found.min_opt().is_some_and(|least| least.data() <= text.as_bytes()));
            prop_assert!(found.max_opt().is_none_or(|greatest| greatest.data() >= text.as_bytes()));
        }
    }
}

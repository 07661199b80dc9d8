use proptest::prelude::*;

use super::*;

#[test]
fn an_integer_is_taken_only_if_it_is_one() {
    assert_eq!(integer("42"), Some(42));
    assert_eq!(integer("-0"), Some(0));
    assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
    assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(integer("9223372036854775808"), None);
    assert_eq!(integer("1.0"), Some(1));
    assert_eq!(integer("1e3"), Some(1000));
    assert_eq!(integer("1.9"), None);
    assert_eq!(integer("1.00000000000000000001"), None);
    assert_eq!(integer("1e19"), None);
    assert_eq!(integer("1e400"), None);
}

#[test]
fn an_integer_that_a_double_would_round_is_no_double() {
    assert_eq!(double("9007199254740992"), Some(9_007_199_254_740_992.0));
    assert_eq!(double("9007199254740993"), None);
    assert_eq!(double("100000000000000000000"), Some(1e20));
    assert_eq!(double("381342226626172350"), None);
    assert_eq!(
        double("381342226626172352"),
        Some(381_342_226_626_172_352.0)
    );
    assert_eq!(double(&"9".repeat(60)), None);
    assert_eq!(double("123456789012345678901"), None);
    assert_eq!(double("1e400"), None);
    assert_eq!(
        double("0.1234567890123456789"),
        Some(0.123_456_789_012_345_68)
    );
}

#[test]
fn a_double_that_loses_digits_is_told_from_one_that_does_not() {
    for kept in [
        "0",
        "-0.0",
        "0.1",
        "1.10",
        "1e22",
        "0.30000000000000004",
        "5e-324",
        "1.7976931348623157e308",
        "0.000",
        "100.0e-2",
        "0e99",
    ] {
        assert!(lossless_double(kept).is_some(), "{kept}");
    }
    for lost in [
        "0.3000000000000000444",
        "12345678.12345678901",
        "1e-400",
        "1e309",
        "3e-324",
        "9007199254740993",
        "18446744073709551615",
        "0.1e99999999999999999999",
    ] {
        assert!(lossless_double(lost).is_none(), "{lost}");
    }
}

#[test]
fn a_number_is_nothing_but_a_number() {
    assert!(is_number("-1.5e+3"));
    for text in [
        "", " 1", "1 ", "+1", "0x10", "1_000", "NaN", "true", "\"1\"", "1,2",
    ] {
        assert!(!is_number(text), "{text}");
    }
}

proptest! {
    #[test]
    fn every_double_and_every_integer_is_its_own_text(value in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, int: i64) {
        prop_assert_eq!(lossless_double(&format!("{value:?}")), Some(value));
        prop_assert_eq!(lossless_double(&format!("{value:e}")), Some(value));
        prop_assert_eq!(integer(&int.to_string()), Some(int));
    }

    /// What is called lossless is: its digits, read as an exact decimal, are those of the text.
    #[test]
    fn fifteen_digits_are_never_lost(digits in 1..1_000_000_000_000_000_u64, point in -40..40) {
        let text = format!("{digits}e{point}");
        let value = lossless_double(&text);
        prop_assert!(value.is_some());
        let back: f64 = format!("{:.14e}", value.unwrap()).parse().unwrap();
        prop_assert_eq!(Some(back), value);
    }
}

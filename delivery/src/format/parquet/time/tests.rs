use proptest::prelude::*;

use super::*;

#[test]
fn times_are_read_as_openx_reads_them() {
    let expected = Some(1_708_851_600_123);
    for text in [
        "2024-02-25T09:00:00.123Z",
        "2024-02-25t09:00:00.123z",
        "2024-02-25T09:00:00.123456789Z",
        "2024-02-25T10:30:00.123+01:30",
        "2024-02-25T10:30:00.123+0130",
        "2024-02-25T07:00:00.123-02",
        "2024-02-25 09:00:00.123",
        "2024-2-25 9:00:00.123",
        "2024-02-25T09:00:00.123",
        "1708851600.123",
        "1708851600123",
        "1.708851600123e12",
    ] {
        assert_eq!(timestamp(text), expected, "{text}");
    }
    let leap = timestamp("2016-12-31T23:59:60Z");
    assert_eq!(leap, timestamp("2016-12-31T23:59:59Z"));
    assert_eq!(timestamp("1969-12-31T23:59:59.999Z"), Some(-1));
    assert_eq!(timestamp("-1"), Some(-1000));
    assert_eq!(
        timestamp("9999-12-31 23:59:59.999"),
        Some(253_402_300_799_999)
    );
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "now",
        "2024-02-30T00:00:00Z",
        "2024-02-25T24:00:00Z",
        "2024-02-25T09:00Z",
        "2024-02-25",
        "2024-02-25T09:00:00.Z",
        "2024-02-25T09:00:00.1234567890Z",
        "2024-02-25T09:00:00ZZ",
        "2024-02-25T09:00:00+24:00",
        "2024-02-25T09:00:00 +01:00",
        "24-02-25T09:00:00Z",
        "1708851600123000",
        "1e400",
    ] {
        assert_eq!(timestamp(text), None, "{text}");
    }
}

#[test]
fn dates_are_days() {
    assert_eq!(date("1970-01-02"), Some(1));
    assert_eq!(date("1969-12-31"), Some(-1));
    assert_eq!(date("9999-12-31"), Some(2_932_896));
    assert_eq!(date("2024-2-9"), date("2024-02-09"));
    for text in ["2024-02-30", "2024-02-25T00:00:00Z", "19000", ""] {
        assert_eq!(date(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_millisecond_is_its_own_text(ms in -62_000_000_000_000..250_000_000_000_000_i64) {
        let text = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
        prop_assert_eq!(timestamp(&text), Some(ms), "{}", text);
    }

    #[test]
    fn nonsense_is_no_panic(text: String, digits in "[0-9:T.+Z -]{0,30}") {
        timestamp(&text);
        timestamp(&digits);
        date(&text);
    }
}

//! Times as text.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_time_is_written_as_the_library_writes_it(second in -62_167_305_600_i64..253_402_207_200) {
        let time = jiff::Timestamp::from_second(second).unwrap();
        let mut written = vec![];
        write_time(time, &mut written);
        let written = String::from_utf8(written).unwrap();
        prop_assert_eq!(written, format!("\"{time}\""));
    }
}

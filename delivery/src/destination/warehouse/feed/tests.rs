use standpipe_config::names::{Arrival, Run};
use standpipe_config::records::Part;

use super::*;
use crate::record::Stage;

/// As it stands in the object: a line that was cut is whole again, and no line ends twice.
#[test]
fn rows_as_they_are_end_where_their_lines_do() {
    let part = |number, last| Some(Part { number, last });
    let cases: [(&[u8], Option<Part>); 5] = [
        (b"one", None),
        (b"two\n", None),
        (b"thr", part(0, false)),
        (b"ee", part(1, true)),
        (b"", None),
    ];
    let mut text = Vec::new();
    for (bytes, part) in cases {
        let row = Row {
            run: Run([1; 8]),
            position: 1,
            index: 0,
            arrival: Arrival(0),
            stage: Stage::default(),
            part,
            redriven: None,
            bytes,
        };
        assert_eq!(Lines::AsTheyAre.write(&row, &mut text), Ok(()));
    }
    assert_eq!(text, b"one\ntwo\nthree\n\n");
}

//! What the tests of transforms say, in a few words each.

use standpipe_config::names::{Arrival, Run};

use crate::record::portion::Portion;
use crate::record::{Row, Stage};

/// A portion of these records, at positions from 7 on.
pub(super) fn portion(records: &[&[u8]]) -> Portion {
    let mut portion = Portion::default();
    for (position, bytes) in (7..).zip(records) {
        portion.push(&Row {
            run: Run([2; 8]),
            position,
            index: 0,
            arrival: Arrival(1_795_000_000_123),
            stage: Stage::Accepted,
            part: None,
            bytes,
        });
    }
    portion
}

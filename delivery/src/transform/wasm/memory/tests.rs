use wasmtime::ResourceLimiter as _;

use super::{ELEMENT, Memory};

#[test]
fn all_memories_and_tables_share_one_allowance() {
    let mut memory = Memory::new(100 * ELEMENT);
    let mut grow = |from, to| memory.memory_growing(from, to, None).expect("answers");
    assert!(grow(0, 40 * ELEMENT));
    assert!(grow(40 * ELEMENT, 60 * ELEMENT));
    assert!(!grow(0, 41 * ELEMENT), "a second memory");
    assert!(memory.table_growing(0, 40, None).expect("answers"));
    assert!(!memory.table_growing(40, 41, None).expect("answers"));
    assert_eq!(memory.refused(), Some(101 * ELEMENT));
}

#[test]
fn a_size_beyond_all_bounds_is_refused() {
    let mut memory = Memory::new(64);
    assert!(memory.table_growing(0, 8, None).expect("answers"));
    assert!(!memory.table_growing(8, usize::MAX, None).expect("answers"));
    assert!(!memory.memory_growing(0, usize::MAX, None).expect("answers"));
}

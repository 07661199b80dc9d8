use std::collections::BTreeSet;

use super::*;

const TRIES: u64 = 300;

/// A file of `size` bytes of `byte`, durable.
fn durable(byte: u8, size: usize) -> Content {
    let mut content = Content::default();
    content.write(0, &vec![byte; size]);
    content.sync();
    content
}

/// What a file looks like after a cut, by chance, as many tries as it takes to see everything.
fn outcomes(content: &Content, left_over: &[Page]) -> BTreeSet<Vec<u8>> {
    let once = |seed| {
        let mut content = content.clone();
        content.cut(left_over, &mut Random::seeded(seed));
        content.read(0, usize::MAX)
    };
    (0..TRIES).map(once).collect()
}

fn all(content: &Content) -> Vec<u8> {
    content.read(0, usize::MAX)
}

#[test]
fn what_was_written_is_read() {
    let mut content = Content::default();
    content.write(4000, &[1; 5000]);
    content.write(4090, &[2; 10]);
    let mut expected = vec![0; 9000];
    expected[4000..].fill(1);
    expected[4090..4100].fill(2);
    assert_eq!(all(&content), expected);
    assert_eq!(content.read(8990, 100), [1; 10]);
    assert!(content.read(9000, 1).is_empty());
}

#[test]
fn what_was_cut_off_does_not_come_back_when_the_file_grows() {
    let mut content = durable(1, 9000);
    content.resize(5000);
    content.resize(9000);
    let mut expected = vec![1; 9000];
    expected[5000..].fill(0);
    assert_eq!(all(&content), expected);
    content.sync();
    assert_eq!(outcomes(&content, &[]), BTreeSet::from([expected]));
}

#[test]
fn what_was_synced_survives() {
    let content = durable(1, 10_000);
    assert_eq!(outcomes(&content, &[]), BTreeSet::from([vec![1; 10_000]]));
}

#[test]
fn what_was_not_synced_is_there_or_not_in_any_part() {
    let mut content = Content::default();
    content.write(0, &[1; 8192]);
    let seen = outcomes(&content, &[]);
    assert!(seen.contains(&Vec::new()), "nothing of it");
    assert!(seen.contains(&vec![1; 8192]), "all of it");
    let halves = [([1; 4096], [0; 4096]), ([0; 4096], [1; 4096])];
    for (first, second) in halves {
        assert!(seen.contains(&[first, second].concat()), "one page of two");
    }
    assert!(
        seen.iter().any(|bytes| bytes.len() % 512 > 0),
        "a size between"
    );
}

#[test]
fn a_page_that_is_overwritten_may_be_torn_by_sectors() {
    let mut content = durable(1, 4096);
    content.write(0, &[2; 4096]);
    let seen = outcomes(&content, &[]);
    assert!(seen.contains(&vec![1; 4096]) && seen.contains(&vec![2; 4096]));
    let torn = seen
        .iter()
        .filter(|bytes| bytes.contains(&1) && bytes.contains(&2));
    assert!(torn.clone().count() > 10, "{}", torn.count());
    for bytes in torn {
        for sector in bytes.chunks(512) {
            assert!(
                sector.iter().all(|byte| *byte == sector[0]),
                "a sector is whole"
            );
        }
    }
}

#[test]
fn what_was_cut_off_may_come_back_until_the_sync() {
    let mut content = durable(1, 5000);
    content.resize(0);
    assert!(outcomes(&content, &[]).contains(&vec![1; 5000]));
    content.sync();
    assert_eq!(outcomes(&content, &[]), BTreeSet::from([Vec::new()]));
}

#[test]
fn what_a_removed_file_left_may_show_where_nothing_was_allocated() {
    let left_over = [Arc::new([9; PAGE])];
    let mut content = Content::default();
    content.write(0, &[1; 4096]);
    assert!(outcomes(&content, &left_over).contains(&vec![9; 4096]));
    let mut content = Content::default();
    content.allocate(4096, false);
    content.sync();
    content.write(0, &[1; 4096]);
    let seen = outcomes(&content, &left_over);
    assert!(
        !seen.iter().any(|bytes| bytes.contains(&9)),
        "what is allocated is zeros"
    );
}

#[test]
fn a_page_that_was_written_back_may_survive_as_it_was_then() {
    let mut content = durable(1, 4096);
    content.write(0, &[2; 4096]);
    content.write_back(&mut Random::seeded(1));
    content.write(0, &[3; 4096]);
    let seen = outcomes(&content, &[]);
    assert!(seen.contains(&vec![2; 4096]) && seen.contains(&vec![3; 4096]));
    assert!(!seen.contains(&vec![1; 4096]));
}

#[test]
fn space_that_is_allocated_ahead_does_not_show() {
    let mut content = durable(1, 100);
    content.allocate(1 << 20, true);
    assert_eq!(content.size(), 100);
    content.allocate(8192, false);
    assert_eq!(content.size(), 8192);
    content.sync();
    assert_eq!(content.read(99, 3), [1, 0, 0]);
}

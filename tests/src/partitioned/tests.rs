use super::*;

const SPREAD: Spread = Spread {
    customers: 2,
    days: 2,
};

/// A folder with the records below `end` where they belong.
fn laid_out(end: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..end {
        let record = SPREAD.record(number, ",\"k\":1");
        let (path, line) = match SPREAD.folder(number) {
            Some(own) => (folder.path().join("data").join(own), record),
            None => {
                let raw = STANDARD.encode_to_string(&record);
                let line = format!("{{\"rawData\":\"{raw}\"}}");
                (folder.path().join("errors"), line)
            }
        };
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(format!("{number}")), format!("{line}\n")).unwrap();
    }
    folder
}

fn found(folder: &Path, end: u64) -> Outcome {
    let mut found = Found::new(SPREAD);
    found.data(&folder.join("data"))?;
    found.errors(&folder.join("errors"))?;
    found.settle(end)
}

#[test]
fn what_lies_where_it_belongs_is_found() {
    for end in [101, 102, 103, 205] {
        let folder = laid_out(end);
        found(folder.path(), end).unwrap();
        assert!(found(folder.path(), end + 1).is_err(), "one is missing");
    }
}

#[test]
fn what_lies_elsewhere_or_twice_is_told() {
    let folder = laid_out(110);
    let data = folder.path().join("data");
    std::fs::copy(
        data.join("c0000/2026-02-02/2"),
        data.join("c0000/2026-02-02/again"),
    )
    .unwrap();
    assert!(
        found(folder.path(), 110)
            .unwrap_err()
            .0
            .contains("twice: [2]")
    );
    std::fs::rename(
        data.join("c0000/2026-02-02/again"),
        data.join("c0001/2026-02-02/2"),
    )
    .unwrap();
    assert!(
        found(folder.path(), 110)
            .unwrap_err()
            .0
            .contains("belongs to")
    );
}

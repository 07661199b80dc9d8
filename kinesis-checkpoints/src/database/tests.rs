use super::*;

/// A database in the Kinesis Agent's schema, with these rows.
fn database(rows: &[(&str, &str, &str, i64)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("checkpoints")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE FILE_CHECKPOINTS (flow text, path text, fileId text, lastModifiedTime bigint, size bigint, offset bigint, lastUpdated datetime, PRIMARY KEY (flow, path))",
        )
        .unwrap();
    for (number, (flow, path, id, offset)) in rows.iter().enumerate() {
        let updated = format!("2026-11-21 10:00:{number:02}");
        database
            .execute(
                "INSERT INTO FILE_CHECKPOINTS VALUES (?1, ?2, ?3, 0, 100, ?4, ?5)",
                (flow, path, id, offset, updated),
            )
            .unwrap();
    }
    folder
}

#[test]
fn rows_become_positions_the_last_one_first() {
    let folder = database(&[
        (
            "fh:web:/var/log/a.log*",
            "/var/log/a.log.1",
            "(dev=fd00,ino=17)",
            10,
        ),
        (
            "fh:web:/var/log/a.log*",
            "/var/log/a.log",
            "(dev=10302,ino=18)",
            20,
        ),
    ]);
    let rows = read(&folder.path().join("checkpoints")).unwrap();
    assert!(rows.unusable.is_empty());
    let said: Vec<_> = rows
        .positions
        .iter()
        .map(|p| {
            (
                p.path.to_str().unwrap(),
                p.device,
                p.inode,
                p.offset,
                p.stream.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("/var/log/a.log", 0x10302, 18, 20, "web"),
            ("/var/log/a.log.1", 0xfd00, 17, 10, "web"),
        ]
    );
}

#[test]
fn what_is_not_for_this_agent_is_said() {
    let folder = database(&[
        ("kinesis:web:/a", "/a", "(dev=1,ino=2)", 0),
        ("nothing", "/b", "(dev=1,ino=2)", 0),
        ("fh:a b:/c", "/c", "(dev=1,ino=2)", 0),
        ("fh:web:/d", "/d", "12", 0),
        ("fh:web:/e", "/e", "(dev=1,ino=2)", -1),
    ]);
    let rows = read(&folder.path().join("checkpoints")).unwrap();
    assert!(rows.positions.is_empty());
    let all = rows.unusable.join("\n");
    for part in [
        "/a: \"kinesis:web:/a\" ships to Kinesis Data Streams",
        "/b: \"nothing\" is no flow",
        "/c: ",
        "/d: \"12\" does not name",
        "/e: -1 is no offset",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
}

#[test]
fn what_is_no_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints");
    assert!(read(&file).unwrap_err().to_string().contains("checkpoints"));
    std::fs::write(&file, "no database").unwrap();
    assert!(read(&file).is_err());
}

use super::*;

fn definition() -> Definition {
    Definition {
        configuration: Configuration::default(),
        version: 3,
        born: Arrival(1),
        updated: Some(Arrival(2)),
        tags: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
        encrypted: true,
        deleting: false,
    }
}

#[test]
fn what_is_kept_is_read_again_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = Definitions::open(folder.path()).unwrap();
    let names = ["a", "a.stream", "b.tmp"].map(|name| name.parse().unwrap());
    for name in &names {
        definitions.write(name, &definition()).unwrap();
    }
    let all = definitions.read_all().unwrap();
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), names);
    assert!(all.values().all(|kept| *kept == definition()));
    definitions.remove(&names[0]).unwrap();
    assert_eq!(definitions.read_all().unwrap().len(), 2);
}

#[test]
fn a_file_that_is_damaged_or_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = Definitions::open(folder.path()).unwrap();
    let name: StreamName = "a".parse().unwrap();
    definitions.write(&name, &definition()).unwrap();
    let path = definitions.path(&name);
    let right = fs::read_to_string(&path).unwrap();
    for (text, why) in [
        (right.replace("stream 3\n", "stream 4\n"), "version 4"),
        (right.replace("stream 3\n", "stream 0\n"), "version is 0"),
        (right.replace("standpipe", "other"), "first line"),
        (right[..right.len() / 2].to_owned(), "no definition"),
        (String::new(), "first line"),
    ] {
        fs::write(&path, text).unwrap();
        let error = definitions.read_all().unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
        assert!(error.contains("a.stream"), "{error}");
    }
}

/// As version 1 wrote it.
const OLD: &str = r#"standpipe created stream 1
{"configuration":{"role":"r","bucket":"b","prefix":"p/","error_output_prefix":null,"hints":{"megabytes":5,"seconds":300},"compression":"GZIP","processing":{"enabled":true,"appends_newline":true},"time_zone":null,"file_extension":null,"backup":null},"version":3,"born":1,"updated":null,"tags":{},"encrypted":false,"deleting":false}
"#;

#[test]
fn a_file_of_version_1_reads_as_what_it_meant() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = Definitions::open(folder.path()).unwrap();
    let name: StreamName = "a".parse().unwrap();
    fs::write(definitions.path(&name), OLD).unwrap();
    let read = || definitions.read_all().unwrap().remove(&name).unwrap();
    let old = read();
    assert_eq!(old.configuration.prefix, "p/");
    let processing = old.configuration.processing.as_ref().unwrap();
    assert!(processing.appends_newline());
    assert_eq!(old.configuration.partitioning, None);
    definitions.write(&name, &old).unwrap();
    assert_eq!(read(), old, "written again, it says the same");
}

#[test]
fn what_was_being_written_is_swept_and_what_is_foreign_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = Definitions::open(folder.path()).unwrap();
    let aside = definitions.0.join("a.stream.tmp");
    fs::write(&aside, "half").unwrap();
    assert!(definitions.read_all().unwrap().is_empty());
    assert!(!aside.exists());
    fs::write(definitions.0.join("notes.txt"), "").unwrap();
    let error = definitions.read_all().unwrap_err().to_string();
    assert!(error.contains("notes.txt"), "{error}");
}

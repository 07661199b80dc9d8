use super::*;

const GIB: u64 = 1 << 30;

fn settings(disk: &str) -> Settings {
    let stream = |name: &str| {
        format!("  {name}: {{disk: {{quota: 10GiB}}, destination: {{file: {{path: out}}}}}}\n")
    };
    let text = format!(
        "data_dir: data\nlimits: {{disk: {disk}}}\nlisten: {{native: {{address: 127.0.0.1:0}}}}\nstreams:\n{}{}",
        stream("a"),
        stream("b")
    );
    let read = delivery::read(&text, "test.yaml", Path::new("/"));
    read.unwrap().settings
}

#[test]
fn quotas_beyond_the_disk_are_worth_a_warning() {
    let said = missing(&settings("90%"), 20 * GIB).unwrap();
    assert!(said.contains("together are 20GiB"), "{said}");
    assert_eq!(missing(&settings("90%"), 25 * GIB), None);
    assert!(missing(&settings("1GiB"), 20 * GIB).is_some());
    assert_eq!(missing(&settings("1GiB"), 21 * GIB), None);
}

#[test]
fn a_folder_that_is_not_there_yet_is_asked_of_the_one_above() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("delivery.yaml");
    let text = "data_dir: not/there\nlisten: {native: {address: 127.0.0.1:0}}\nstreams:\n  a: {disk: {quota: 900TiB}, destination: {file: {path: out}}}\n";
    std::fs::write(&config, text).unwrap();
    let warnings = load(&config).unwrap().warnings;
    let said = warnings.first().unwrap().to_string();
    assert!(said.contains("streams: all quotas together"), "{said}");
}

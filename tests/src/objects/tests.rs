use std::io::Write;

use super::*;

#[test]
fn raw_objects_are_inflated_as_their_suffix_says() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"one\ntwo\n";
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    gzip.write_all(text).unwrap();
    let forms = [
        ("a/plain", text.to_vec()),
        ("a/b/x.gz", gzip.finish().unwrap()),
        ("x.zst", zstd::encode_all(&text[..], 1).unwrap()),
    ];
    for (name, bytes) in &forms {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        assert_eq!(lines(&path).unwrap(), [b"one", b"two"], "{name}");
    }
    assert_eq!(below(folder.path()).unwrap().len(), forms.len());
    assert!(below(&folder.path().join("not there")).unwrap().is_empty());
}

use std::io::Read as _;

use super::*;

#[test]
fn rows_come_back_out_of_each_form() {
    let rows = Bytes::from_static(b"{\"id\":1}\n{\"id\":2}\n");
    assert_eq!(pack(rows.clone(), Compression::None).unwrap(), rows);
    let gzip = pack(rows.clone(), Compression::Gzip).unwrap();
    let mut found = Vec::new();
    flate2::read::GzDecoder::new(&gzip[..])
        .read_to_end(&mut found)
        .unwrap();
    assert_eq!(found, rows);
    let zstd = pack(rows.clone(), Compression::Zstd).unwrap();
    assert_eq!(zstd::bulk::decompress(&zstd, 1000).unwrap(), rows);
    assert_eq!(
        gzip,
        pack(rows, Compression::Gzip).unwrap(),
        "a retry has the same name"
    );
}

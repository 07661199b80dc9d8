use standpipe_config::settings::delivery::{Orc, Parquet, ParquetCompression, Raw};

use super::*;

fn raw(newline: bool, compression: RawCompression) -> Format {
    Format::Raw(Raw {
        newline,
        compression,
    })
}

/// C.3 of the reference.
#[test]
fn objects_are_called_as_firehose_calls_them() {
    let parquet = Format::Parquet(Parquet {
        compression: ParquetCompression::Gzip,
        ..Parquet::default()
    });
    let facts = |format: &Format| (suffix(format), content_encoding(format));
    assert_eq!(facts(&parquet), (".parquet", None));
    assert_eq!(facts(&Format::Orc(Orc::default())), (".orc", None));
    assert_eq!(facts(&raw(true, RawCompression::None)), ("", None));
    assert_eq!(
        facts(&raw(true, RawCompression::Gzip)),
        (".gz", Some("gzip"))
    );
    assert_eq!(
        facts(&raw(true, RawCompression::Zip)),
        (".zip", Some("zip"))
    );
    assert_eq!(
        facts(&raw(true, RawCompression::Snappy)),
        (".snappy", Some("snappy-java"))
    );
    assert_eq!(
        facts(&raw(true, RawCompression::HadoopSnappy)),
        (".snappy", Some("hadoop-snappy"))
    );
    assert_eq!(
        facts(&raw(true, RawCompression::Zstd)),
        (".zst", Some("zstd"))
    );
    assert_eq!(shape(&parquet), Shape::PLAIN);
    assert!(shape(&raw(true, RawCompression::Gzip)).newline);
}

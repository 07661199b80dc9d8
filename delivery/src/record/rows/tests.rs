use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use standpipe_config::names::{Arrival, Run};
use standpipe_config::records::Part;

use super::*;
use crate::record::{Row, Stage};

const ALL: [RawCompression; 6] = [
    RawCompression::None,
    RawCompression::Gzip,
    RawCompression::Zip,
    RawCompression::Snappy,
    RawCompression::HadoopSnappy,
    RawCompression::Zstd,
];

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    fn write(&self, rows: &[Row<'_>], shape: Shape) -> Finished {
        let mut writer = RowsWriter::create(&self.data(), &self.index(), shape).unwrap();
        for row in rows {
            writer.append(row).unwrap();
        }
        assert_eq!(writer.rows(), rows.len() as u64);
        let content_bytes = writer.content_bytes();
        let finished = writer.finish().unwrap();
        assert_eq!(finished.content_bytes, content_bytes);
        finished
    }

    /// The content, read by others' code.
    fn content(&self, compression: RawCompression) -> Vec<u8> {
        let bytes = fs::read(self.data()).unwrap();
        match compression {
            RawCompression::None => bytes,
            RawCompression::Gzip => {
                let mut content = Vec::new();
                flate2::read::MultiGzDecoder::new(&bytes[..])
                    .read_to_end(&mut content)
                    .unwrap();
                content
            }
            RawCompression::Zip => unzipped(&bytes).1,
            RawCompression::Snappy => blocks(bytes.strip_prefix(JAVA).unwrap(), false),
            RawCompression::HadoopSnappy => blocks(&bytes, true),
            RawCompression::Zstd => zstd::decode_all(&bytes[..]).unwrap(),
        }
    }

    /// Reads everything; how many rows there were.
    fn read(&self) -> Result<u64, RowsError> {
        let mut reader = RowsReader::open(&self.data(), &self.index())?;
        let mut rows = 0;
        while reader.advance()? {
            rows += 1;
        }
        Ok(rows)
    }
}

/// Name and content of the one entry of an archive, found from its end, as unzip does.
fn unzipped(bytes: &[u8]) -> (String, Vec<u8>) {
    let number = |at: usize, count: usize| {
        let bytes = bytes[at..at + count].iter().rev();
        bytes.fold(0, |all, byte| all << 8 | usize::from(*byte))
    };
    let end = bytes.len() - 22;
    assert_eq!(
        (&bytes[end..end + 4], number(end + 10, 2)),
        (&b"PK\x05\x06"[..], 1)
    );
    let entry = number(end + 16, 4);
    assert_eq!(number(end + 12, 4), end - entry, "the directory's length");
    assert_eq!(
        (&bytes[entry..entry + 4], number(entry + 42, 4)),
        (&b"PK\x01\x02"[..], 0)
    );
    let length = number(28 + entry, 2);
    let name = String::from_utf8(bytes[entry + 46..end].to_vec()).unwrap();
    assert_eq!(name.len(), length);
    let start = 30 + length;
    let packed = &bytes[start..start + number(entry + 20, 4)];
    let mut content = Vec::new();
    let read = flate2::read::DeflateDecoder::new(packed).read_to_end(&mut content);
    assert_eq!(read.unwrap(), number(entry + 24, 4));
    assert_eq!(crc32fast::hash(&content) as usize, number(entry + 16, 4));
    (name, content)
}

/// C.3 of the reference: the first bytes of a snappy-java stream.
const JAVA: &[u8] = &[
    0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1,
];

/// The content of Snappy blocks; in Hadoop's layout the length of the content comes first.
fn blocks(mut bytes: &[u8], hadoop: bool) -> Vec<u8> {
    fn number(bytes: &mut &[u8]) -> usize {
        let (number, rest) = bytes.split_first_chunk::<4>().unwrap();
        *bytes = rest;
        u32::from_be_bytes(*number) as usize
    }
    let mut content = Vec::new();
    while !bytes.is_empty() {
        let said = hadoop.then(|| number(&mut bytes));
        let (packed, rest) = bytes.split_at(number(&mut { bytes }) + 4);
        bytes = rest;
        let block = snap::raw::Decoder::new()
            .decompress_vec(&packed[4..])
            .unwrap();
        assert_eq!(said.unwrap_or(block.len()), block.len());
        content.extend(block);
    }
    content
}

fn plain(position: u64, bytes: &[u8]) -> Row<'_> {
    Row {
        run: Run([1; 8]),
        position,
        index: 0,
        arrival: Arrival(1_795_000_000_000),
        stage: Stage::Accepted,
        part: None,
        redriven: None,
        bytes,
    }
}

fn part(position: u64, number: u32, last: bool, bytes: &[u8]) -> Row<'_> {
    Row {
        part: Some(Part { number, last }),
        ..plain(position, bytes)
    }
}

fn lines(rows: &[Row<'_>]) -> String {
    let files = Files::new();
    let shape = Shape {
        newline: true,
        compression: RawCompression::None,
    };
    files.write(rows, shape);
    assert_eq!(files.read().unwrap(), rows.len() as u64);
    String::from_utf8(files.content(RawCompression::None)).unwrap()
}

#[test]
fn a_newline_is_added_only_where_a_record_has_none() {
    let rows = [
        plain(0, b"a"),
        plain(1, b"b\n"),
        plain(2, b""),
        plain(3, b"c"),
    ];
    assert_eq!(lines(&rows), "a\nb\n\nc\n");
}

#[test]
fn a_line_that_was_cut_is_whole_again() {
    let rows = [
        part(0, 0, false, b"one "),
        part(1, 1, false, b"long "),
        part(2, 2, true, b"line"),
        plain(3, b"next"),
        part(4, 0, false, b"to be continued"),
    ];
    assert_eq!(lines(&rows), "one long line\nnext\nto be continued");
}

/// Its rest went elsewhere: to another object, or under the error prefix.
#[test]
fn a_line_without_its_rest_does_not_swallow_its_neighbour() {
    let rows = [
        part(0, 0, false, b"half"),
        plain(7, b"whole"),
        part(8, 4, false, b"fifth"),
        part(9, 0, true, b"other"),
    ];
    assert_eq!(lines(&rows), "half\nwhole\nfifth\nother\n");
}

#[test]
fn without_a_delimiter_there_is_nothing_between_records() {
    let files = Files::new();
    files.write(&[plain(0, b"abc"), plain(1, b"abc")], Shape::PLAIN);
    assert_eq!(files.content(RawCompression::None), b"abcabc");
}

#[test]
fn the_rows_of_one_record_are_known_as_such() {
    let files = Files::new();
    let second = Row {
        index: 1,
        ..plain(0, b"b")
    };
    files.write(&[plain(0, b"a"), second, plain(1, b"c")], Shape::PLAIN);
    let mut reader = RowsReader::open(&files.data(), &files.index()).unwrap();
    let mut goes_on = Vec::new();
    while reader.advance().unwrap() {
        goes_on.push(reader.record_goes_on());
    }
    assert_eq!(goes_on, [true, false, false]);
}

/// Step of the position, index, arrival, part, whether transformed, bytes.
type OwnedRow = (u64, u32, i64, Option<(u32, bool)>, bool, Vec<u8>);

fn owned_row() -> impl Strategy<Value = OwnedRow> {
    let bytes = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..200),
        4 => "[a-z]{0,30}\n?".prop_map(String::into_bytes),
        1 => (0..600_000_usize).prop_map(|length| vec![b'x'; length]),
    ];
    let part = proptest::option::of((0..3_u32, any::<bool>()));
    (0..4_u64, 0..3_u32, any::<i64>(), part, any::<bool>(), bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Rule 31: each row comes back with its names, and lies where the index says.
    #[test]
    fn rows_read_back_as_written(
        owned in prop::collection::vec(owned_row(), 0..40),
        newline: bool,
        compression in prop::sample::select(&ALL[..]),
    ) {
        let mut position = 0;
        let rows: Vec<_> = owned.iter().map(|(step, index, arrival, part, transformed, bytes)| {
            position += step;
            Row {
                run: Run([(position / 20) as u8; 8]),
                position,
                index: *index,
                arrival: Arrival(*arrival),
                stage: if *transformed { Stage::Transformed } else { Stage::Accepted },
                part: part.map(|(number, last)| Part { number, last }),
                redriven: None,
                bytes,
            }
        }).collect();
        let files = Files::new();
        let finished = files.write(&rows, Shape { newline, compression });
        let content = files.content(compression);
        prop_assert_eq!(finished.content_bytes, content.len() as u64);
        prop_assert_eq!(finished.data_bytes, fs::metadata(files.data()).unwrap().len());
        prop_assert_eq!(finished.index_bytes, fs::metadata(files.index()).unwrap().len());
        let mut reader = RowsReader::open(&files.data(), &files.index()).unwrap();
        for _ in 0..2 {
            for row in &rows {
                prop_assert_eq!(reader.next_row().unwrap(), Some(*row));
                let range = reader.range();
                prop_assert_eq!(&content[range.start as usize..range.end as usize], row.bytes);
            }
            prop_assert_eq!(reader.next_row().unwrap(), None);
            reader.rewind().unwrap();
        }
    }
}

fn some_rows() -> Vec<Vec<u8>> {
    (0..30_000)
        .map(|i| format!("record number {i}").into_bytes())
        .collect()
}

fn written(compression: RawCompression) -> Files {
    let files = Files::new();
    let bytes = some_rows();
    let rows: Vec<_> = (0..)
        .zip(&bytes)
        .map(|(at, bytes)| plain(at, bytes))
        .collect();
    files.write(
        &rows,
        Shape {
            newline: true,
            compression,
        },
    );
    files
}

fn cut(path: &Path, length: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_torn_index_is_noticed_wherever_it_is_torn() {
    let files = Files::new();
    files.write(&[plain(0, b"a"), plain(1, b"bc")], Shape::PLAIN);
    let whole = fs::metadata(files.index()).unwrap().len();
    for length in (0..whole).rev() {
        cut(&files.index(), length);
        assert!(
            matches!(files.read(), Err(RowsError::Damaged { .. })),
            "{length}"
        );
    }
}

#[test]
fn no_flipped_bit_of_an_index_goes_unnoticed() {
    let files = Files::new();
    files.write(&[plain(0, b"a"), plain(1, b"bc")], Shape::PLAIN);
    // The newline flag of the header says nothing to a reader.
    for at in (0..fs::metadata(files.index()).unwrap().len() as usize).filter(|&at| at != 6) {
        flip(&files.index(), at);
        assert!(files.read().is_err(), "byte {at}");
        flip(&files.index(), at);
    }
    assert_eq!(files.read().unwrap(), 2);
}

#[test]
fn damaged_or_missing_data_is_noticed() {
    for compression in ALL {
        let files = written(compression);
        assert_eq!(files.read().unwrap(), 30_000);
        let whole = fs::metadata(files.data()).unwrap().len();
        flip(&files.data(), whole as usize / 2);
        assert!(files.read().is_err(), "{compression:?} flipped");
        flip(&files.data(), whole as usize / 2);
        cut(&files.data(), whole - 1);
        assert!(files.read().is_err(), "{compression:?} cut");
    }
}

#[test]
fn bytes_behind_the_last_row_are_noticed() {
    let files = Files::new();
    files.write(&[plain(0, b"a")], Shape::PLAIN);
    fs::write(files.data(), b"ab").unwrap();
    assert!(matches!(files.read(), Err(RowsError::Damaged { .. })));
}

/// Rule 33.
#[test]
fn a_newer_version_is_refused_with_both_numbers() {
    let files = Files::new();
    files.write(&[], Shape::PLAIN);
    let mut bytes = fs::read(files.index()).unwrap();
    bytes[4] = 9;
    fs::write(files.index(), bytes).unwrap();
    let error = files.read().unwrap_err().to_string();
    assert!(
        error.contains("version 9") && error.contains("up to 2"),
        "{error}"
    );
}

#[test]
fn empty_rows_do_not_pile_up_in_memory() {
    let files = Files::new();
    let mut writer = RowsWriter::create(&files.data(), &files.index(), Shape::PLAIN).unwrap();
    for position in 0..300_000 {
        writer.append(&plain(position, b"")).unwrap();
    }
    assert!(fs::metadata(files.index()).unwrap().len() > 256 * 1024);
    writer.finish().unwrap();
    assert_eq!(files.read().unwrap(), 300_000);
}

/// Rule 28: space is taken before a row is.
#[test]
fn space_lies_ahead_of_what_is_written() {
    for compression in ALL {
        let files = Files::new();
        let shape = Shape {
            newline: true,
            compression,
        };
        let mut writer = RowsWriter::create(&files.data(), &files.index(), shape).unwrap();
        let row = vec![b'x'; 1_000_000];
        for position in 0..5 {
            writer.append(&plain(position, &row)).unwrap();
            let needed = match compression {
                RawCompression::None => (position + 1) * 1_000_001,
                _ => 1_000_001,
            };
            assert!(writer.disk_bytes() >= needed);
        }
    }
}

/// A disk that says only at the write that it is full.
#[test]
fn a_full_disk_costs_the_rows_that_were_not_written_and_no_others() {
    let files = Files::new();
    let full = Path::new("/dev/full");
    let mut writer = RowsWriter::create(full, &files.index(), Shape::PLAIN).unwrap();
    let row = vec![b'x'; 300_000];
    writer.append(&plain(0, &row)).unwrap();
    for _ in 0..2 {
        assert!(writer.append(&plain(1, &row)).unwrap_err().is_full());
        assert_eq!(writer.rows(), 1);
    }
    assert!(writer.cut_back());
    assert_eq!((writer.rows(), writer.content_bytes()), (0, 0));
}

#[test]
fn a_compressor_that_failed_half_way_is_not_gone_on_with() {
    let mut noise = 1_u64;
    let row: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (noise >> 56) as u8
    })
    .take(1_000_000)
    .collect();
    for compression in &ALL[1..] {
        let files = Files::new();
        let shape = Shape {
            newline: false,
            compression: *compression,
        };
        let full = Path::new("/dev/full");
        let mut writer = RowsWriter::create(full, &files.index(), shape).unwrap();
        writer.append(&plain(0, &row)).unwrap();
        let failed = writer.append(&plain(1, &row)).unwrap_err();
        assert!(failed.is_full(), "{compression:?}: {failed}");
        assert!(!writer.append(&plain(1, &row)).unwrap_err().is_full());
        assert!(!writer.cut_back());
        assert!(writer.finish().is_err());
    }
}

/// So that a batch that is written again after a kill is the same object.
#[test]
fn the_same_rows_make_the_same_bytes() {
    for compression in ALL {
        let (one, other) = (written(compression), written(compression));
        let bytes = fs::read(one.data()).unwrap();
        assert!(bytes == fs::read(other.data()).unwrap(), "{compression:?}");
    }
}

/// C.3 of the reference: one entry, called by a UUID, which differs from object to object.
#[test]
fn an_archive_has_one_entry_with_a_name_of_its_own() {
    let name = |first: u64| {
        let files = Files::new();
        let shape = Shape {
            newline: true,
            compression: RawCompression::Zip,
        };
        files.write(&[plain(first, b"a"), plain(first + 1, b"b")], shape);
        unzipped(&fs::read(files.data()).unwrap()).0
    };
    assert_eq!(name(3), name(3));
    assert_ne!(name(3), name(4));
    let dashes: Vec<_> = name(3).match_indices('-').map(|(at, _)| at).collect();
    assert_eq!((name(3).len(), &dashes[..]), (36, &[8, 13, 18, 23][..]));
}

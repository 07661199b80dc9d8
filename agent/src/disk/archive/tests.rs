use std::fs;

use tempfile::TempDir;

use super::*;
use crate::disk::Disk;
use crate::disk::memory::gzip;

fn text(lines: usize) -> Vec<u8> {
    let lines = (0..lines).map(|number| format!("line {number} {}\n", number * number));
    lines.collect::<String>().into_bytes()
}

fn archive(folder: &TempDir, bytes: &[u8]) -> Archive {
    let path = folder.path().join("app.log.1.gz");
    fs::write(&path, bytes).unwrap();
    let handle = Disk::real().open(&path).unwrap();
    let packing = Packing::of(&path, bytes).unwrap();
    Archive::open(handle, packing).unwrap()
}

fn read(handle: &Handle, offset: u64, wanted: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    handle.read(offset, wanted, &mut bytes).unwrap();
    bytes
}

#[test]
fn what_was_compressed_is_read_at_any_place() {
    let folder = TempDir::new().unwrap();
    let plain = text(200_000);
    let (first, second) = plain.split_at(plain.len() / 3);
    let members = [gzip(first), gzip(second)].concat();
    for packed in [
        gzip(&plain),
        members,
        zstd::encode_all(&plain[..], 1).unwrap(),
    ] {
        let mut archive = archive(&folder, &packed);
        assert_eq!(archive.beginning(), &plain[..PREFIX]);
        assert!(archive.measure().unwrap().is_none());
        let handle = Handle::Archive(Box::new(archive));
        assert_eq!(handle.look().unwrap().size, plain.len() as u64);
        // Streams that read on, one that looks back, and one that begins anew.
        for at in (0..plain.len()).step_by(300_000) {
            for at in [at, plain.len() - at, at.saturating_sub(1000), 17, at / 2] {
                let end = plain.len().min(at + 100_000);
                assert_eq!(read(&handle, at as u64, 100_000), &plain[at..end]);
            }
        }
        assert_eq!(read(&handle, plain.len() as u64, 10), b"");
    }
}

#[test]
fn what_is_cut_or_damaged_is_read_up_to_there() {
    let folder = TempDir::new().unwrap();
    let plain = text(50_000);
    for packed in [gzip(&plain), zstd::encode_all(&plain[..], 1).unwrap()] {
        let mut archive = archive(&folder, &packed[..packed.len() / 2]);
        let why = archive.measure().unwrap().unwrap();
        assert!(is_damage(&why), "{why:?}");
        let handle = Handle::Archive(Box::new(archive));
        let size = handle.look().unwrap().size as usize;
        assert!(size > 0 && size < plain.len(), "{size}");
        assert_eq!(read(&handle, 0, plain.len()), &plain[..size]);
    }
}

#[test]
fn compressed_files_are_told_by_their_bytes_and_their_names() {
    let of = |name: &str, bytes: &[u8]| Packing::of(Path::new(name), bytes);
    assert_eq!(of("app.log", b"GET /"), None);
    assert_eq!(of("app.log.1", &gzip(b"x")), Some(Packing::Gzip));
    assert_eq!(of("app.log.gz", b""), Some(Packing::Other), "not yet");
    assert_eq!(of("app.log.gz", b"text\n"), None, "only its name says so");
    assert_eq!(of("app.log.2.bz2", b"BZh9"), Some(Packing::Other));
    let zstd = zstd::encode_all(&b"x"[..], 1).unwrap();
    assert_eq!(of("a.zst", &zstd), Some(Packing::Zstd));
}

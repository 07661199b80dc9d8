use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::ingest::admission::Admission;

const MIB: usize = 1024 * 1024;

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Without the size in its header, as `cat file | zstd` writes it.
fn zstd_streamed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd_sized(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

fn incompressible(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |state: &mut u64| {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (*state >> 56) as u8
    };
    (0..size).map(|_| next(&mut state)).collect()
}

async fn within(
    memory: usize,
    body: Vec<u8>,
    encoding: Encoding,
) -> (Result<Vec<u8>, Refused>, usize) {
    let admission = Admission::new(memory as u64, Duration::from_millis(50));
    let mut grant = admission.take(body.len()).await.unwrap();
    let result = inflate(body, encoding, &mut grant, &Workers::default()).await;
    (result, grant.size())
}

async fn inflated(body: Vec<u8>, encoding: Encoding) -> Result<Vec<u8>, Refused> {
    let (result, held) = within(200 * MIB, body, encoding).await;
    if let Ok(out) = &result {
        assert_eq!((held, out.capacity()), (out.len(), out.len()));
    }
    result
}

#[tokio::test]
async fn every_encoding_comes_back() {
    for size in [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * MIB] {
        let noise = incompressible(size);
        let zeros = vec![0; size];
        for bytes in [noise, zeros] {
            for (body, encoding) in [
                (bytes.clone(), Encoding::Identity),
                (gzipped(&bytes), Encoding::Gzip),
                (zstd_streamed(&bytes), Encoding::Zstd),
                (zstd_sized(&bytes), Encoding::Zstd),
            ] {
                let out = inflated(body, encoding).await.unwrap();
                assert!(
                    out == bytes,
                    "{encoding:?} of {size} bytes came back otherwise"
                );
            }
        }
    }
}

#[tokio::test]
async fn members_and_frames_behind_each_other_are_one_body() {
    let two = |one: &[u8], other: &[u8]| [one, other].concat();
    let body = two(&gzipped(b"one"), &gzipped(b"two"));
    assert_eq!(inflated(body, Encoding::Gzip).await.unwrap(), b"onetwo");
    let body = two(&zstd_sized(b"one"), &zstd_streamed(&vec![7; MIB]));
    let out = inflated(body, Encoding::Zstd).await.unwrap();
    assert_eq!(out.len(), 3 + MIB);
}

#[tokio::test]
async fn the_limit_is_exact() {
    let most = vec![0; MAX_INFLATED_BODY];
    let more = vec![0; MAX_INFLATED_BODY + 1];
    for (encode, encoding) in [
        (gzipped as fn(&[u8]) -> Vec<u8>, Encoding::Gzip),
        (zstd_streamed, Encoding::Zstd),
        (zstd_sized, Encoding::Zstd),
    ] {
        let out = inflated(encode(&most), encoding).await.unwrap();
        assert_eq!(out.len(), MAX_INFLATED_BODY);
        let refused = inflated(encode(&more), encoding).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::TooLarge, "{refused:?}");
    }
}

// Rule 29: nothing is held that was not granted.
#[tokio::test]
async fn a_bomb_stops_where_memory_ends() {
    let bomb = vec![0; 60 * MIB];
    for (body, encoding) in [
        (gzipped(&bomb), Encoding::Gzip),
        (zstd_streamed(&bomb), Encoding::Zstd),
        (zstd_sized(&bomb), Encoding::Zstd),
    ] {
        let (result, held) = within(8 * MIB, body, encoding).await;
        let refused = result.unwrap_err();
        assert_eq!(refused.kind(), Kind::TooLarge, "{refused:?}");
        assert!(held <= 8 * MIB, "{held} bytes are held");
    }
}

#[tokio::test]
async fn a_claim_in_the_header_is_not_believed() {
    // A frame header that claims 1 TiB, and nothing behind it.
    let mut body = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    body.extend_from_slice(&(1_u64 << 40).to_le_bytes());
    let refused = inflated(body, Encoding::Zstd).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::TooLarge, "{refused:?}");
}

#[tokio::test]
async fn damage_is_wrong_and_says_in_which_encoding() {
    let (mut gzip, mut zstd) = (gzipped(b"some text"), zstd_sized(&incompressible(100_000)));
    gzip.pop();
    zstd.truncate(50_000);
    for (body, encoding, name) in [
        (gzip, Encoding::Gzip, "gzip"),
        (zstd, Encoding::Zstd, "zstd"),
        (b"no gzip".to_vec(), Encoding::Gzip, "gzip"),
        (b"no zstd".to_vec(), Encoding::Zstd, "zstd"),
        (vec![], Encoding::Gzip, "gzip"),
    ] {
        let refused = inflated(body, encoding).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Wrong);
        assert!(format!("{refused:?}").contains(name), "{refused:?}");
    }
}

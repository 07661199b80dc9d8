//! Rotation that compresses: what was not read before is read from the compressed file, and nothing of
//! it twice.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use standpipe_tests::Outcome;

use crate::stage::Stage;
use crate::{ALL, Loss, Row};

/// Compressed files match no pattern, and are looked for all the same.
const EXCLUDED: &str = "paths: [\"LOGS/app.log*\"]\n  exclude: [\"*.gz\", \"*.zst\"]";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("gzip-read", ALL, Loss::None, |stage| read(stage, &GZIP)),
        Row::new("zstd-read", ALL, Loss::None, |stage| read(stage, &ZSTD)),
        Row::new("gzip-unread", ALL, Loss::IfKilled, |stage| {
            unread(stage, &GZIP)
        }),
        Row::new("gzip-stopped", ALL, Loss::None, |stage| {
            stopped(stage, &GZIP)
        }),
        Row::new("zstd-stopped", ALL, Loss::None, |stage| {
            stopped(stage, &ZSTD)
        }),
        Row::new("gzip-members", ALL, Loss::None, |stage| {
            stopped(stage, &MEMBERS)
        }),
        Row::new("gzip-excluded", EXCLUDED, Loss::None, |stage| {
            stopped(stage, &GZIP)
        }),
        Row::new("gzip-delayed", ALL, Loss::None, delayed),
        Row::new("gzip-renamed", ALL, Loss::None, renamed),
    ]
}

/// How a file is compressed, and what is added to its name then.
struct Packing {
    suffix: &'static str,
    pack: fn(&[u8]) -> Outcome<Vec<u8>>,
}

const GZIP: Packing = Packing {
    suffix: ".gz",
    pack: gzip,
};

const ZSTD: Packing = Packing {
    suffix: ".zst",
    pack: |bytes| Ok(zstd::encode_all(bytes, 3)?),
};

/// Two compressed files, one behind the other, are one.
const MEMBERS: Packing = Packing {
    suffix: ".gz",
    pack: |bytes| {
        let (first, second) = bytes.split_at(bytes.len() / 3);
        Ok([gzip(first)?, gzip(second)?].concat())
    },
};

fn gzip(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

impl Stage {
    fn pack(&mut self, name: &str, packing: &Packing) -> Outcome {
        let packed = format!("{name}{}", packing.suffix);
        self.replace(name, &packed, packing.pack)
    }
}

fn read(stage: &mut Stage, packing: &Packing) -> Outcome {
    for _ in 0..3 {
        stage.write("app.log", 50)?;
        stage.arrived()?;
        stage.rename("app.log", "app.log.1")?;
        stage.write("app.log", 10)?;
        stage.pack("app.log.1", packing)?;
        stage.arrived()?;
    }
    Ok(())
}

/// The descriptor still reads what the name no longer leads to.
fn unread(stage: &mut Stage, packing: &Packing) -> Outcome {
    stage.close();
    stage.write("app.log", 300)?;
    stage.seen()?;
    stage.doom();
    stage.rename("app.log", "app.log.1")?;
    stage.write("app.log", 10)?;
    stage.pack("app.log.1", packing)?;
    stage.open()
}

/// Half of it is read, and the other half only lies in the compressed file.
fn stopped(stage: &mut Stage, packing: &Packing) -> Outcome {
    stage.write("app.log", 100)?;
    stage.stop()?;
    stage.write("app.log", 300)?;
    stage.rename("app.log", "app.log.1")?;
    stage.pack("app.log.1", packing)?;
    stage.write("app.log", 10)?;
    stage.start()?;
    stage.write("app.log", 10)?;
    stage.arrived()?;
    stage.write("app.log", 10)
}

/// As logrotate's `delaycompress`: the youngest rotated file is still plain.
fn delayed(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.rename("app.log", "app.log.1")?;
    stage.write("app.log", 50)?;
    stage.stop()?;
    stage.write("app.log.1", 20)?;
    stage.rename("app.log.1", "app.log.2")?;
    stage.write("app.log", 20)?;
    stage.rename("app.log", "app.log.1")?;
    stage.pack("app.log.2", &GZIP)?;
    stage.write("app.log", 20)?;
    stage.start()
}

/// Compressed while nobody looked, and renamed while it is read.
fn renamed(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 100)?;
    stage.arrived()?;
    stage.stop()?;
    stage.write("app.log", 3000)?;
    stage.pack("app.log", &GZIP)?;
    stage.close();
    stage.start()?;
    stage.seen()?;
    stage.rename("app.log.gz", "app.log.1.gz")?;
    stage.write("app.log", 10)?;
    stage.open()
}

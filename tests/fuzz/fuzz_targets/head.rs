//! Heads with signatures: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|lines: &[u8]| {
    standpipe_delivery::ingest::firehose::hostile::head(lines);
});

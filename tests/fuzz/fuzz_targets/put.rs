//! Bodies of `PutRecord` and `PutRecordBatch`: no panic, and the quick reader agrees with the strict.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    standpipe_delivery::ingest::firehose::hostile::put(body);
});

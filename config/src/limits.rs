//! Every limit that both programs must know, in one place, and how they relate.

/// The longest record either door accepts, in bytes: Firehose's limit for one record before
/// base64 (1,000 KiB).
pub const MAX_RECORD: usize = 1_024_000;

/// Where the agent cuts a line unless `max_line` says otherwise, in bytes. Below [`MAX_RECORD`],
/// so that the JSON around a parsed line still fits.
pub const DEFAULT_MAX_LINE: usize = 1_000_000;

/// The longest request body the native door reads, as sent, in bytes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// The longest request body of the native door after decompression, in bytes. One line longer
/// than [`MAX_RECORD`] travels whole, in parts, in one frame, as long as it fits in here.
pub const MAX_INFLATED_BODY: usize = 64 * 1024 * 1024;

/// How much the agent likes to put in one request, in bytes before compression. `dependencies`
/// measurements: frames of 64 KiB cost compression ratio, of 2 MiB nothing.
pub const REQUEST_TARGET: usize = 2 * 1024 * 1024;

/// How many raw bytes before a range's end its tail hash covers, at most.
pub const TAIL_WINDOW: usize = 1024;

/// Buffering hints, in Firehose's ranges: the size of an object before compression or conversion.
pub const BUFFERING_SIZE: std::ops::RangeInclusive<u64> = 1024 * 1024..=128 * 1024 * 1024;

/// Buffering hints, in Firehose's ranges: the age of a batch in seconds.
pub const BUFFERING_INTERVAL_SECONDS: std::ops::RangeInclusive<u64> = 0..=900;

/// Bytes of records that a hook gets at once, in Firehose's range (0.2 to 3 MB).
pub const HOOK_BUFFERING_SIZE: std::ops::RangeInclusive<u64> = 200 * 1024..=3 * 1024 * 1024;

/// Longest object key as evaluated, in bytes (Firehose's limit for an evaluated prefix).
pub const MAX_KEY: usize = 512;

/// Longest prefix as written, in bytes (Firehose's model).
pub const MAX_PREFIX: usize = 1024;

/// Longest file extension, in bytes (Firehose's model).
pub const MAX_EXTENSION: usize = 128;
/// Keys of partitioning, at most (Firehose's quota).
pub const MAX_PARTITION_KEYS: usize = 50;

/// Partitions that may be open at once, at most (the most that Firehose gives on request).
pub const MAX_OPEN_PARTITIONS: u64 = 5000;

/// Columns that an inferred schema grows to; what comes after goes to the side column `_rest`.
pub const MAX_INFERRED_COLUMNS: usize = 1000;

/// The smallest share of memory that lets the largest legal request in, with room beside it.
pub const MIN_MEMORY: u64 = 128 * 1024 * 1024;

const _: () = assert!(DEFAULT_MAX_LINE < MAX_RECORD);
const _: () = assert!(REQUEST_TARGET < MAX_BODY);
const _: () = assert!((MAX_INFLATED_BODY as u64) <= MIN_MEMORY / 2);

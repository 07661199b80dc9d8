//! Parquet objects, and the records that cannot be rows.

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use super::*;

fn parquet() -> String {
    RAW.replace(
        "raw: {delimiter: newline, compression: none}",
        "parquet: {compression: zstd, schema: inferred}",
    )
}

impl World {
    async fn json(&self, ids: std::ops::Range<u64>) {
        let record = |id: u64| match id % 10 {
            3 => format!("no json {id}"),
            _ => format!("{{\"id\":{id},\"text\":\"a {id}\"}}"),
        };
        self.append(ids.map(record)).await.unwrap();
    }

    /// The ids in all Parquet objects, and how often each is there.
    pub(super) fn rows(&self) -> BTreeMap<u64, u32> {
        let mut found = BTreeMap::new();
        for object in self.objects(DATA) {
            let file = fs::File::open(&object).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            for batch in reader.build().unwrap() {
                let batch = batch.unwrap();
                let ids = batch
                    .column_by_name("id")
                    .unwrap()
                    .as_primitive::<Int64Type>();
                (0..ids.len())
                    .for_each(|row| *found.entry(ids.value(row) as u64).or_default() += 1);
            }
        }
        found
    }

    /// Checks that each id is a row or, if it is none, an error line.
    async fn each_row_once(&self, ids: std::ops::Range<u64>) {
        let books = self.settled().await;
        let (bad, good): (Vec<_>, Vec<_>) = ids.clone().partition(|id| id % 10 == 3);
        let expected: BTreeMap<_, _> = good.iter().map(|id| (*id, 1)).collect();
        assert_eq!(self.rows(), expected);
        let expected = bad.iter().map(|id| (format!("no json {id}"), 1)).collect();
        assert_eq!(self.failed().1, expected);
        let counts = (books.accepted, books.delivered, books.failed);
        assert_eq!(
            counts,
            (ids.end - ids.start, good.len() as u64, bad.len() as u64)
        );
    }
}

/// Rule 34: failed and delivered records of one batch, each counted once.
#[tokio::test]
async fn what_is_no_row_goes_under_the_error_prefix() {
    let world = World::new(&parquet()).await;
    world.json(0..1000).await;
    world.each_row_once(0..1000).await;
    let (lines, _) = world.failed();
    assert_eq!(lines[0]["lastErrorCode"], "DataFormatConversion.ParseError");
    assert_eq!(world.status().failed["format-conversion-failed"], 100);
    assert!(
        world.objects(ERRORS)[0]
            .to_str()
            .unwrap()
            .contains("format-conversion-failed/")
    );
}

#[tokio::test]
async fn a_batch_of_nothing_but_failures_makes_no_empty_object() {
    let world = World::new(&parquet()).await;
    world.append(["no json 3".to_owned()]).await.unwrap();
    world.each_row_once(3..4).await;
    assert!(world.objects(DATA).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_there_once_over_kills() {
    let mut world = World::new(&parquet()).await;
    for round in 0..8 {
        world.json(round * 500..round * 500 + 500).await;
        tokio::time::sleep(Duration::from_millis(5 * round)).await;
        world.restart().await;
        let status = world.status();
        assert!(status.books.balance(), "{status:#?}");
    }
    world.each_row_once(0..4000).await;
}

/// Rule 22: an inferred schema lies in the stream's folder and only grows.
#[tokio::test]
async fn the_schema_grows_and_stays_over_restarts() {
    let mut world = World::new(&parquet()).await;
    world
        .append(["{\"id\":1,\"a\":\"x\"}".to_owned()])
        .await
        .unwrap();
    world.settled().await;
    world.restart().await;
    world
        .append(["{\"id\":2,\"b\":true}".to_owned()])
        .await
        .unwrap();
    world.settled().await;
    let mut objects = world.objects(DATA);
    objects.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    let file = fs::File::open(objects.last().unwrap()).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names: Vec<_> = reader
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["id", "a", "b", "_rest"]);
}

/// Rule 18 where some records failed before: what was refused follows them, and nothing twice.
#[tokio::test]
async fn a_refused_parquet_object_diverts_only_what_was_in_it() {
    let long = "x".repeat(260);
    let text = parquet().replace(
        "data/!{timestamp:yyyy}/",
        &format!("{long}/!{{timestamp:yyyy}}/"),
    );
    let world = World::new(&text).await;
    world.json(0..100).await;
    let books = world.settled().await;
    assert_eq!((books.accepted, books.failed), (100, 100));
    let (_, records) = world.failed();
    assert_eq!(records.len(), 100);
    assert!(records.values().all(|count| *count == 1));
    let failed = world.status().failed;
    assert_eq!(
        (
            failed["format-conversion-failed"],
            failed["delivery-failed"]
        ),
        (10, 90)
    );
}

//! Partitions: each record once, under its key, through kills; and records that belong nowhere.

use std::io::Read;

use super::*;

/// Objects of each customer, a tenth of a second apart.
const PARTITIONED: &str = "
web:
  disk: {quota: 64MiB}
  buffering: {size: 1MiB, interval: 100ms}
  partitioning: {keys: {customer: .customer}, max_open: 40}
  format: {raw: {delimiter: newline, compression: none}}
  destination:
    file:
      path: DIR/out
      prefix: data/!{partitionKeyFromQuery:customer}/
      error_output_prefix: errors/!{firehose:error-output-type}/
";

impl World {
    async fn customers(&self, ids: std::ops::Range<u64>, customers: u64) {
        let record = |id: u64| format!("{{\"id\":{id},\"customer\":\"c{}\"}}", id % customers);
        self.append(ids.map(record)).await.unwrap();
    }

    /// The customer whose object it is, by its folder.
    fn customer(object: &Path) -> String {
        let folder = object.parent().unwrap().file_name().unwrap();
        folder.to_str().unwrap().to_owned()
    }

    /// Each id in an object of its customer, once.
    fn each_id_once(&self, ids: std::ops::Range<u64>, read: impl Fn(&Path) -> String) {
        let mut found = BTreeMap::new();
        for object in self.objects(DATA) {
            let customer = Self::customer(&object);
            for line in read(&object).lines() {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(record["customer"], customer, "{line} in {object:?}");
                *found.entry(record["id"].as_u64().unwrap()).or_default() += 1;
            }
        }
        let expected: BTreeMap<_, _> = ids.map(|id| (id, 1)).collect();
        assert_eq!(found, expected);
    }
}

fn plain(object: &Path) -> String {
    fs::read_to_string(object).unwrap()
}

fn gunzipped(object: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(object).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_lies_once_under_its_key() {
    let mut world = World::new(PARTITIONED).await;
    world.customers(0..300, 37).await;
    world.kill().await;
    world.streams.start(&world.settings).await.unwrap();
    world.customers(300..500, 37).await;
    world.settled().await;
    world.restart().await;
    let books = world.settled().await;
    assert_eq!((books.accepted, books.delivered), (500, 500));
    world.each_id_once(0..500, plain);
    let names: std::collections::BTreeSet<_> = world
        .objects(DATA)
        .iter()
        .map(|object| object.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(
        names.len(),
        world.objects(DATA).len(),
        "no two objects share a UUID"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_objects_are_written_at_the_seal() {
    let text = PARTITIONED.replace("compression: none", "compression: gzip");
    let world = World::new(&text).await;
    world.customers(0..200, 7).await;
    world.settled().await;
    assert!(
        world
            .objects(DATA)
            .iter()
            .all(|o| o.extension().unwrap() == "gz")
    );
    world.each_id_once(0..200, gunzipped);
    // What they were made of goes, after delivery was told of them.
    let spool = world.folder().join("spool");
    world
        .until(|_| files(&spool).iter().all(|file| file.ends_with("reserve")))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_nowhere_goes_under_the_error_prefix() {
    let world = World::new(&PARTITIONED.replace("max_open: 40", "max_open: 2")).await;
    let records = [
        r#"{"id":0,"customer":"a"}"#,
        "no json",
        r#"{"id":1,"customer":"b"}"#,
        r#"{"id":2,"customer":"c"}"#,
        r#"{"id":3,"customer":null}"#,
        r#"{"id":4,"customer":"../x"}"#,
        r#"{"id":5,"customer":"a"}"#,
    ];
    world.append(records.map(str::to_owned)).await.unwrap();
    let books = world.settled().await;
    assert_eq!((books.accepted, books.delivered, books.failed), (7, 3, 4));
    assert_eq!(world.objects(DATA).len(), 2);
    let failed = world.status().failed;
    let expected = [("activePartitionExceeded", 1), ("processing-failed", 3)];
    assert_eq!(
        failed,
        expected.map(|(kind, n)| (kind.to_owned(), n)).into()
    );
    let lines = |kind: &str| {
        let files = world.objects(&format!("{ERRORS}/{kind}"));
        let text: String = files.iter().map(|file| plain(file)).collect();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let exceeded = lines("activePartitionExceeded");
    assert_eq!(
        exceeded[0]["errorCode"],
        "DynamicPartitioning.ActivePartitionExceeded"
    );
    let codes: Vec<_> = lines("processing-failed")
        .iter()
        .map(|line| line["errorCode"].as_str().unwrap().to_owned())
        .collect();
    let failed = "DynamicPartitioning.MetadataExtractionFailed";
    assert_eq!(codes, [failed, failed, "Standpipe.InvalidKey"]);
    // The next batch has room again.
    world
        .append([r#"{"id":6,"customer":"c"}"#.to_owned()])
        .await
        .unwrap();
    assert_eq!(world.settled().await.delivered, 4);
}

/// With `backup_mode: failed` the backup takes what would lie under the error prefix.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_failed_goes_to_a_backup_of_failed_records() {
    let backup = "\n      backup_mode: failed\n      backup: {file: {path: DIR/copies, error_output_prefix: \"failed/!{firehose:error-output-type}/\"}}\n";
    let world = World::new(&format!("{}{backup}", PARTITIONED.trim_end())).await;
    world.customers(0..20, 3).await;
    world.append(["no json".to_owned()]).await.unwrap();
    let books = world.settled().await;
    assert_eq!((books.accepted, books.delivered, books.failed), (21, 20, 1));
    assert_eq!(world.status().backup, None, "no copies are made");
    world.each_id_once(0..20, plain);
    assert!(world.objects(ERRORS).is_empty());
    let failed = world.objects("copies");
    assert_eq!(failed.len(), 1, "{failed:?}");
    let line: serde_json::Value = serde_json::from_str(&plain(&failed[0])).unwrap();
    assert_eq!(line["rawData"], "bm8ganNvbg==");
    assert!(failed[0].starts_with(world.path("copies/failed/processing-failed")));
}

/// Rule 34, and one error file for all partitions: what is no row fails, the rest is delivered.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_become_parquet_one_after_the_other() {
    let text = PARTITIONED.replace(
        "raw: {delimiter: newline, compression: none}",
        "parquet: {schema: [{name: id, type: int}, {name: customer, type: string}]}",
    );
    let world = World::new(&text).await;
    let record = |id: u64| match id % 10 {
        3 => format!("{{\"id\":\"bad\",\"customer\":\"c{}\"}}", id % 7),
        _ => format!("{{\"id\":{id},\"customer\":\"c{}\"}}", id % 7),
    };
    world.append((0..210).map(record)).await.unwrap();
    let books = world.settled().await;
    assert_eq!(
        (books.accepted, books.delivered, books.failed),
        (210, 189, 21)
    );
    let ids: BTreeMap<_, _> = (0..210)
        .filter(|id| id % 10 != 3)
        .map(|id| (id, 1))
        .collect();
    assert_eq!(world.rows(), ids);
    let errors = world.objects(&format!("{ERRORS}/format-conversion-failed"));
    let lines: usize = errors.iter().map(|file| plain(file).lines().count()).sum();
    assert_eq!(lines, 21);
    assert!(
        errors.len() <= world.objects(DATA).len() / 7,
        "one for a seal"
    );
}

/// Late records are apart, and the clock of arrival has no say. The zone is that of texts without
/// one; keys are in UTC unless the destination has another zone.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_event_says_where_it_goes() {
    let text = PARTITIONED
        .replace(
            "{keys: {customer: .customer}, max_open: 40}",
            "{event_time: {query: .t, zone: Asia/Tokyo}}",
        )
        .replace(
            "!{partitionKeyFromQuery:customer}",
            "!{timestamp:yyyy-MM-dd}",
        );
    let world = World::new(&text).await;
    let records = [
        r#"{"t":"2020-01-01T14:59:59Z"}"#,
        r#"{"t":"2020-01-01T15:00:00Z"}"#,
        r#"{"t":"2020-01-01T03:00:00"}"#,
    ];
    world.append(records.map(str::to_owned)).await.unwrap();
    world.settled().await;
    let mut found: Vec<_> = world
        .objects(DATA)
        .iter()
        .map(|object| (World::customer(object), plain(object).lines().count()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [("2019-12-31".to_owned(), 1), ("2020-01-01".to_owned(), 2)]
    );
}

/// A disk that is nearly full gives the batch up, and a smaller one goes through.
#[tokio::test(flavor = "multi_thread")]
async fn batches_close_under_pressure() {
    let text = PARTITIONED
        .replace("quota: 64MiB", "quota: 4MiB")
        .replace("interval: 100ms", "interval: 900s");
    let world = World::new(&text).await;
    let mut id = 0;
    for _ in 0..60 {
        let record = |id: u64| {
            let text = "x".repeat(900);
            format!(
                "{{\"id\":{id},\"customer\":\"c{}\",\"text\":\"{text}\"}}",
                id % 37
            )
        };
        loop {
            match world.append((id..id + 100).map(record)).await {
                Ok(_) => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        id += 100;
    }
    assert!(world.status().books.delivered > 0);
}

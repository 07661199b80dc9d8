//! Parquet: loaded as a whole, or diverted as a whole.

use standpipe_tests::s3::Contents;
use standpipe_tests::{Daemon, Folder, Outcome};

use super::{ROLE, World, errors};
use crate::{PATIENCE, error_lines, ledger_explains, send};

const FORMAT: &str = "parquet: {schema: [{name: id, type: bigint}, {name: name, type: string}]}";

fn lines(ids: std::ops::Range<u64>) -> String {
    ids.map(|id| format!("{{\"id\":{id},\"name\":\"é {id}\"}}\n"))
        .collect()
}

#[test]
fn parquet_is_copied_as_a_whole_or_not_at_all() -> Outcome {
    let folder = Folder::new("redshift-parquet")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let more = format!(
        "columns: [id, name]\n      copy_options: FORMAT AS PARQUET\n      iam_role: \"{ROLE}\""
    );
    let mut daemon = Daemon::start(folder.path(), &world.stream_of(FORMAT, &more))?;
    send(&daemon, &lines(0..1000))?;
    let books = daemon.settled("web", 1000, PATIENCE)?;
    assert_eq!(books.delivered, 1000, "{books:?}");
    // A row without an id is refused by the table, and its file with it.
    send(
        &daemon,
        "{\"id\":5000,\"name\":\"a\"}\n{\"name\":\"nobody\"}\n",
    )?;
    let books = daemon.settled("web", 1002, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (1000, 2), "{books:?}");
    send(&daemon, &lines(1000..1100))?;
    daemon.settled("web", 1102, PATIENCE)?;
    let found = world.server.ask(
        "SELECT count(*), count(DISTINCT id), max(id), count(*) FILTER (WHERE name = 'é ' || id) FROM web",
    )?;
    assert_eq!(found, ["1100|1100|1099|1100"]);
    ledger_explains(&world.server, 1100)?;
    let errors = error_lines(&errors(&folder))?;
    assert_eq!(errors.len(), 2, "{errors:?}");
    for error in errors.values() {
        let said = error["errorMessage"].as_str().unwrap_or_default();
        assert!(said.contains("violates not-null constraint"), "{error}");
    }
    // The manifest says how long the file is, without which Redshift takes no Parquet.
    let store = Contents::at(world.store.address())?;
    for manifest in store
        .keys()?
        .iter()
        .filter(|key| key.starts_with("manifests/"))
    {
        let object = manifest.trim_start_matches("manifests/");
        let size = store.get(object)?.len();
        let expected = format!(
            "{{\"entries\":[{{\"url\":\"s3://logs/{object}\",\"mandatory\":true,\"meta\":{{\"content_length\":{size}}}}}]}}"
        );
        assert_eq!(String::from_utf8(store.get(manifest)?)?, expected);
    }
    folder.done()
}

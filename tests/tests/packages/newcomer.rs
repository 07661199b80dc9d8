//! The first steps of the manual, as a newcomer takes them: the page's own commands, one after the
//! other in a shell, from settings that it writes to objects in a real MinIO.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{Contents, KEY_ID, SECRET};
use standpipe_tests::{Folder, Outcome, Trouble, binaries, objects, port};

use crate::top;

const LINES: u64 = 1000;

/// A person waits a moment here: for the daemon to answer, and for the file's lines to be acknowledged.
const STARTED: &str = "until standpipe-delivery status --config delivery.yaml >answer 2>&1; do kill -0 %1; sleep 0.2; done
standpipe-agent status --config agent.yaml --file LOGS/access.log --wait 240s
";

/// And here: for the flushed batch to be delivered.
const DELIVERED: &str = "until standpipe-delivery status --json --config delivery.yaml | grep -Eq '\"delivered\": *1000'; do kill -0 %1; sleep 0.2; done
";

/// Ends what was started, whatever happens, and everything after some minutes.
const CLEAN: &str = "trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n";
const MINUTES: &str = "300";

/// The page's commands, without those that get the programs: a block for each step.
fn steps() -> Outcome<Vec<String>> {
    let page = std::fs::read_to_string(top().join("docs/first-steps.md"))?;
    let blocks = page.split("\n```sh\n").skip(1);
    let blocks = blocks.filter_map(|from| from.split_once("\n```"));
    Ok(blocks.map(|(block, _)| format!("{block}\n")).collect())
}

/// The steps in a folder of this test's, with its own ports, keys and files.
fn script(folder: &Path, minio: SocketAddr) -> Outcome<String> {
    let steps = steps()?;
    let mut all = CLEAN.to_owned();
    let [settings, check, run, see, end] = steps.as_slice() else {
        return Err(Trouble(format!("the page has {} steps", steps.len())));
    };
    let parts: [&str; 7] = [settings, check, run, STARTED, see, DELIVERED, end];
    parts.iter().for_each(|part| all += part);
    let here = folder.display().to_string();
    let logs = format!("{here}/logs");
    let mut put = |old: &str, new: &str| match all.contains(old) {
        true => {
            all = all.replace(old, new);
            Ok(())
        }
        false => Err(Trouble(format!("the page has no {old}: {all}"))),
    };
    put("~/standpipe", &format!("{here}/standpipe"))?;
    put("/var/log/nginx", &logs)?;
    put("LOGS", &logs)?;
    put(
        "access_key_id: standpipe",
        &format!("access_key_id: {KEY_ID}"),
    )?;
    put("choose-another", SECRET)?;
    // Words first: what one port becomes may begin like another.
    for port in ["9000", "4574", "4575", "4576"] {
        put(&format!("127.0.0.1:{port}"), &format!("PORT{port}"))?;
    }
    put("PORT9000", &minio.to_string())?;
    for door in ["4574", "4575", "4576"] {
        let free = port::free()?;
        put(&format!("PORT{door}"), &format!("127.0.0.1:{free}"))?;
    }
    Ok(all)
}

#[test]
fn the_first_steps_of_the_manual_bring_a_log_into_minio() -> Outcome {
    let folder = Folder::new("newcomer")?;
    let Some(minio) = Server::start(Make::MinIo, folder.path())? else {
        return folder.done();
    };
    let mut log = String::new();
    for n in 0..LINES {
        writeln!(
            log,
            "10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /{n} HTTP/1.1\" 200 {n} \"-\" \"curl\""
        )
        .unwrap();
    }
    std::fs::create_dir(folder.join("logs"))?;
    std::fs::write(folder.join("logs/access.log"), log)?;
    for program in ["standpipe-agent", "standpipe-delivery"] {
        binaries::find(program)?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", binaries::folder()?.display());
    let script = script(folder.path(), minio.address())?;
    let taken = Command::new("timeout")
        .args([MINUTES, "bash", "-eux", "-c", &script])
        .env("PATH", path)
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&taken.stdout) + String::from_utf8_lossy(&taken.stderr);
    assert!(taken.status.success(), "{}: {said}", taken.status);
    let found = folder.join("found");
    Contents::at(minio.address())?.download(&found)?;
    let files = objects::below(&found)?;
    let rows: Outcome<Vec<_>> = files.iter().map(|file| objects::row_count(file)).collect();
    assert_eq!(rows?.iter().sum::<u64>(), LINES, "{files:?}: {said}");
    folder.done()
}

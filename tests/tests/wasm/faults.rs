//! What a component does wrong, and what becomes of the records and of other streams.

use standpipe_tests::wait::until;
use standpipe_tests::{Folder, Outcome, Trouble};

use crate::{PATIENCE, UNRULY, component, daemon, error_lines, guest, raw_data};

/// Records of one request, which pass the component together.
const RECORDS: u64 = 20;

/// A stream whose first record makes the component fail, a setting that makes that quick, and what
/// the error lines say.
const FAULTS: [(&str, &str, &str, &str); 4] = [
    ("loops", "L", ", timeout: 300ms", "its timeout of 300ms"),
    ("hungry", "M", ", memory: 4MiB", "ran out of memory"),
    ("traps", "T", "", "unreachable"),
    ("short", "S", "", "gave 19 outcomes for 20 records"),
];

/// `first`, and then records that the component would keep.
fn request(first: &str) -> Vec<u8> {
    let more = (1..RECORDS).map(|number| format!("{number} of {first}\n"));
    let lines: String = [format!("{first}\n")].into_iter().chain(more).collect();
    lines.into_bytes()
}

#[test]
fn each_fault_costs_its_attempts_and_keeps_the_raw_data() -> Outcome {
    let folder = Folder::new("wasm-faults")?;
    component(&folder, "guest.wasm", UNRULY)?;
    let path = folder.join("guest.wasm");
    let settings = FAULTS.map(|(name, _, more, _)| {
        let patient = if more.contains("timeout") {
            ""
        } else {
            ", timeout: 5m"
        };
        guest(name, &path, &format!(", retries: 2{more}{patient}"))
    });
    let mut daemon = daemon(&folder, &settings.concat())?;
    daemon.up()?;
    for (name, first, ..) in FAULTS {
        daemon.post(name, &request(first))?.ok()?;
    }
    for (name, first, _, why) in FAULTS {
        let books = daemon.settled(name, RECORDS, PATIENCE)?;
        assert_eq!((books.failed, books.delivered), (RECORDS, 0), "{name}");
        let lines = error_lines(&folder, name)?;
        let mut raw = vec![];
        for line in &lines {
            assert_eq!(line["errorCode"], "Standpipe.TransformFailed", "{line}");
            assert_eq!(line["attemptsMade"], 3, "{name}: {line}");
            assert_eq!(line["lambdaARN"], path.display().to_string(), "{line}");
            let message = line["errorMessage"].as_str().unwrap_or_default();
            assert!(message.contains(why), "{name}: {line}");
            raw.extend(raw_data(line)?);
            raw.push(b'\n');
        }
        assert_eq!(raw, request(first), "{name}");
    }
    // The same component, in the same streams, for records that it can shape.
    let name = FAULTS[2].0;
    daemon.post(name, &request("fine"))?.ok()?;
    let books = daemon.settled(name, 2 * RECORDS, PATIENCE)?;
    assert_eq!(books.delivered, RECORDS);
    folder.done()
}

/// A component that never ends slows nobody down but its own stream, and what waits before it is
/// still there after a kill.
#[test]
fn components_that_hang_leave_other_streams_their_pace() -> Outcome {
    let folder = Folder::new("wasm-hangs")?;
    component(&folder, "guest.wasm", UNRULY)?;
    let path = folder.join("guest.wasm");
    let hangs = ["hangs0", "hangs1", "hangs2", "hangs3"];
    let small = ", timeout: 15m, memory: 1MiB";
    let mut settings = guest("web", &path, ", timeout: 5m");
    settings.extend(hangs.map(|name| guest(name, &path, small)));
    let mut daemon = daemon(&folder, &settings)?;
    daemon.up()?;
    for name in hangs {
        daemon.post(name, &request("L"))?.ok()?;
    }
    for times in 1..=5 {
        daemon.post("web", &request("quick"))?.ok()?;
        let books = daemon.settled("web", times * RECORDS, PATIENCE)?;
        assert_eq!(books.delivered, times * RECORDS);
    }
    for name in hangs {
        assert_eq!(daemon.books(name)?.waiting, RECORDS);
    }
    daemon.kill()?;
    let settings = hangs.map(|name| guest(name, &path, ", retries: 0, timeout: 100ms"));
    daemon.configure(&settings.concat())?;
    daemon.up()?;
    for name in hangs {
        assert_eq!(daemon.settled(name, RECORDS, PATIENCE)?.failed, RECORDS);
    }
    folder.done()
}

/// What a guest says stands in our log, with the stream's name.
#[test]
fn lines_of_a_guest_are_in_our_log() -> Outcome {
    let folder = Folder::new("wasm-log")?;
    component(&folder, "guest.wasm", UNRULY)?;
    let settings = guest("talks", &folder.join("guest.wasm"), ", timeout: 5m");
    let mut daemon = daemon(&folder, &settings)?;
    daemon.up()?;
    daemon.post("talks", b"What a day\nnothing\n")?.ok()?;
    let books = daemon.settled("talks", 2, PATIENCE)?;
    assert_eq!(books.delivered, 2);
    until("the line to be in the log", PATIENCE, || {
        let log = std::fs::read_to_string(daemon.log())?;
        let is_it = |line: &&str| line.contains("transform: What a day");
        let line = log.lines().find(is_it);
        let line = line.ok_or_else(|| Trouble::new("the log has no such line"))?;
        match line.contains("talks") && line.contains("WARN") {
            true => Ok(()),
            false => Err(Trouble(format!("the line is {line}"))),
        }
    })?;
    folder.done()
}

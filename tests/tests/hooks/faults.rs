//! What goes wrong with a function, and what becomes of the records: each as reference D.4 says.

use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, port};

use crate::{Function, PATIENCE, error_lines, stream};

/// Records of one request, which pass the function together.
const RECORDS: u64 = 20;

/// A fault, the attempts that it costs, the code of records that fail, and how many fail.
const FAULTS: [(&str, usize, &str, u64); 10] = [
    ("500", 4, "Lambda.FunctionError", RECORDS),
    ("cut", 4, "Lambda.TargetServerFailedToRespond", RECORDS),
    ("slow", 4, "Lambda.FunctionTimedOut", RECORDS),
    ("huge", 4, "Lambda.FunctionError", RECORDS),
    ("nonsense", 1, "Lambda.JsonProcessingException", RECORDS),
    ("list", 1, "Lambda.MissingRecordId", RECORDS),
    ("missing", 1, "Lambda.MissingRecordId", 1),
    ("duplicate", 1, "Lambda.DuplicatedRecordId", 1),
    ("base64", 1, "Lambda.JsonMappingException", 1),
    ("nodata", 1, "Lambda.InvalidReturnFormat", 1),
];

fn request(fault: &str) -> Vec<u8> {
    let line = |number| format!("{fault} {number} - \"GET / HTTP/1.1\"\n");
    (0..RECORDS).map(line).collect::<String>().into_bytes()
}

#[test]
fn each_fault_costs_its_attempts_and_fails_what_it_must() -> Outcome {
    let folder = Folder::new("hook-faults")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let settings = stream("web", &function.url(), ", timeout: 1s");
    let mut daemon = Daemon::start(folder.path(), &settings)?;
    let (mut accepted, mut failed) = (0, 0);
    for (fault, attempts, code, fails) in FAULTS {
        function.goes_wrong(fault)?;
        let before = function.requests()?.len();
        daemon.post("web", &request(fault))?.ok()?;
        accepted += RECORDS;
        failed += fails;
        let books = daemon.settled("web", accepted, PATIENCE)?;
        assert_eq!((books.failed, books.dropped), (failed, 0), "{fault}");
        assert_eq!(
            function.requests()?.len() - before,
            attempts,
            "{fault}: attempts"
        );
        let lines = error_lines(&folder.join("out/errors/web"))?;
        let mine: Vec<_> = lines.iter().filter(|line| says(line, fault)).collect();
        assert_eq!(mine.len() as u64, fails, "{fault}");
        for line in mine {
            assert_eq!(line["errorCode"], code, "{fault}: {line}");
            assert_eq!(line["attemptsMade"], attempts, "{fault}: {line}");
        }
    }
    // Ids that nobody asked about are ignored.
    function.goes_wrong("unknown")?;
    daemon.post("web", &request("unknown"))?.ok()?;
    let books = daemon.settled("web", accepted + RECORDS, PATIENCE)?;
    assert_eq!(books.failed, failed);
    folder.done()
}

/// Whether an error line is about a record of the request for `fault`.
fn says(line: &serde_json::Value, fault: &str) -> bool {
    let raw = crate::raw_data(line).unwrap_or_default();
    raw.starts_with(format!("{fault} ").as_bytes())
}

/// `on_unreachable: wait`: an outage costs nothing but time, and a stop meanwhile says that work is
/// left.
#[test]
fn where_records_wait_an_outage_fails_none() -> Outcome {
    let folder = Folder::new("hook-outage")?;
    let Some(mut function) = Function::start(&folder)? else {
        return folder.done();
    };
    function.kill()?;
    let settings = stream("web", &function.url(), ", on_unreachable: wait, retries: 0");
    let mut daemon = Daemon::start(folder.path(), &settings)?;
    daemon.post("web", &request("waits"))?.ok()?;
    until("the outage to show", PATIENCE, || {
        let status = daemon.status("web")?;
        match status["last_error"].as_str() {
            Some(why) if why.contains("cannot be reached") => Ok(()),
            _ => Err(Trouble(format!("the status is {status}"))),
        }
    })?;
    assert_eq!(daemon.books("web")?.waiting, RECORDS);
    assert_eq!(daemon.stop(PATIENCE)?, 3, "records wait before the hook");
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    daemon.configure(&stream("web", &function.url(), ""))?;
    daemon.up()?;
    let books = daemon.settled("web", RECORDS, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (RECORDS, 0));
    folder.done()
}

/// A function that hangs slows nobody down but its own stream.
#[test]
fn streams_whose_functions_hang_leave_others_their_pace() -> Outcome {
    let folder = Folder::new("hook-hangs")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    // Accepts connections and never answers.
    let silent = std::net::TcpListener::bind(("127.0.0.1", port::free()?))?;
    let hangs = format!("http://{}/", silent.local_addr()?);
    let mut settings = stream("web", &function.url(), "");
    for number in 0..6 {
        settings += &stream(&format!("hangs{number}"), &hangs, ", timeout: 15m");
    }
    let mut daemon = Daemon::start(folder.path(), &settings)?;
    for number in 0..6 {
        let name = format!("hangs{number}");
        for _ in 0..20 {
            daemon
                .post(&name, &vec![b"x".repeat(1000); 500].join(&b'\n'))?
                .ok()?;
        }
    }
    daemon.post("web", &request("quick"))?.ok()?;
    let books = daemon.settled("web", RECORDS, PATIENCE)?;
    assert_eq!(books.delivered, RECORDS);
    assert_eq!(daemon.books("hangs0")?.waiting, 20 * 500);
    folder.done()
}

//! A function of AWS Lambda, called by its Invoke API: signed requests, and what refuses them.

use std::path::PathBuf;

use standpipe_tests::{Daemon, Folder, Outcome, binaries, components};

use crate::{Function, PATIENCE, error_lines};

const RECORDS: u64 = 20;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:shape:$LATEST";

/// What goes wrong, the attempts that it costs, the code of the records that fail, and what an
/// operator reads.
const FAULTS: [(&str, u64, &str, &str); 7] = [
    ("raises", 3, "Lambda.FunctionError", "ZeroDivisionError"),
    ("huge", 3, "Lambda.FunctionError", "longer than"),
    ("throttled", 3, "Lambda.InvokeLimitExceeded", "in_flight"),
    (
        "denied",
        3,
        "Lambda.InvokeAccessDenied",
        "lambda:InvokeFunction",
    ),
    ("absent", 3, "Lambda.ResourceNotFound", "correct function"),
    (
        "broken",
        3,
        "Lambda.InternalServerError",
        "ServiceException",
    ),
    ("limit", 3, "Lambda.ENILimitReachedException", "ENILimit"),
];

/// `None` where there is no botocore.
fn start(folder: &Folder) -> Outcome<Option<Function>> {
    match components::find("botocore", "STANDPIPE_PYTHON")? {
        Some(python) => Function::run(&python, "invoke.py", folder).map(Some),
        None => Ok(None),
    }
}

/// A stream whose records pass the function. `access` is YAML, such as
/// `, access_key_id: …, secret_access_key: …`.
fn stream(name: &str, function: &Function, access: &str) -> String {
    let endpoint = function.url();
    format!(
        "{name}:
  buffering: {{size: 5MiB, interval: 0s}}
  transform:
    lambda: {{function: '{FUNCTION}', endpoint: '{endpoint}', retries: 2, retry_pause: 10ms, buffering: {{size: 200KiB, interval: 0s}}{access}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

fn with_key(secret: &str) -> String {
    format!(", access_key_id: STATIC, secret_access_key: {{file: {secret}}}")
}

fn secret(folder: &Folder, name: &str, text: &str) -> Outcome<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}

fn request(about: &str) -> Vec<u8> {
    let line = |number| format!("{about} {number} \"GET / HTTP/1.1\"\n");
    (0..RECORDS).map(line).collect::<String>().into_bytes()
}

/// A key of the settings, and whom the usual chain finds, with a token.
#[test]
fn records_pass_a_function_that_lets_only_signed_requests_in() -> Outcome {
    let folder = Folder::new("hook-invoke")?;
    let Some(function) = start(&folder)? else {
        return folder.done();
    };
    secret(&folder, "secret", "secret\n")?;
    let streams = [
        stream("static", &function, &with_key("secret")),
        stream("chain", &function, ""),
    ];
    let mut daemon = Daemon::new(folder.path(), &streams.concat())?;
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "CHAIN"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("AWS_SESSION_TOKEN", "token"),
    ] {
        daemon.environment.insert(name.into(), value.into());
    }
    daemon.up()?;
    for name in ["static", "chain"] {
        daemon.post(name, &request(name))?.ok()?;
        let books = daemon.settled(name, RECORDS, PATIENCE)?;
        let failed = error_lines(&folder.join("out/errors"))?;
        assert_eq!(books.delivered, RECORDS, "{failed:?}");
    }
    folder.done()
}

#[test]
fn each_refusal_costs_its_attempts_and_says_what_to_do() -> Outcome {
    let folder = Folder::new("hook-refused")?;
    let Some(function) = start(&folder)? else {
        return folder.done();
    };
    secret(&folder, "secret", "secret")?;
    secret(&folder, "wrong", "wrong")?;
    let streams = [
        stream("web", &function, &with_key("secret")),
        stream("thief", &function, &with_key("wrong")),
    ];
    let mut daemon = Daemon::start(folder.path(), &streams.concat())?;
    let mut failed = 0;
    for (fault, attempts, code, reads) in FAULTS {
        function.goes_wrong(fault)?;
        let before = function.requests()?.len() as u64;
        daemon.post("web", &request(fault))?.ok()?;
        failed += RECORDS;
        let books = daemon.settled("web", failed, PATIENCE)?;
        assert_eq!((books.failed, books.delivered), (failed, 0), "{fault}");
        assert_eq!(
            function.requests()?.len() as u64 - before,
            attempts,
            "{fault}"
        );
        let lines = error_lines(&folder.join("out/errors/web"))?;
        let mine: Vec<_> = lines.iter().filter(|l| l["errorCode"] == code).collect();
        assert!(mine.len() as u64 >= RECORDS, "{fault}: {lines:?}");
        let said = |line: &&serde_json::Value| {
            let message = line["errorMessage"].as_str();
            message.is_some_and(|message| message.contains(reads))
        };
        assert!(mine.iter().any(said), "{fault}: {mine:?}");
        assert!(mine.iter().all(|line| line["attemptsMade"] == attempts));
        assert!(mine.iter().all(|line| line["lambdaARN"] == FUNCTION));
    }
    function.goes_wrong("")?;
    daemon.post("thief", &request("thief"))?.ok()?;
    assert_eq!(daemon.settled("thief", RECORDS, PATIENCE)?.failed, RECORDS);
    for line in error_lines(&folder.join("out/errors/thief"))? {
        assert_eq!(line["errorCode"], "Lambda.InvalidSecurityToken");
    }
    // A secret that is replaced counts from the next refusal on.
    secret(&folder, "wrong", "secret")?;
    daemon.post("thief", &request("honest"))?.ok()?;
    let books = daemon.settled("thief", 2 * RECORDS, PATIENCE)?;
    assert_eq!((books.failed, books.delivered), (RECORDS, RECORDS));
    folder.done()
}

/// `check --connect` asks whether it may be called, and does not call it.
#[test]
fn it_is_asked_beforehand() -> Outcome {
    let folder = Folder::new("hook-asked")?;
    let Some(function) = start(&folder)? else {
        return folder.done();
    };
    secret(&folder, "secret", "secret")?;
    let streams = stream("web", &function, &with_key("secret"));
    let daemon = Daemon::new(folder.path(), &streams)?;
    let check = || -> Outcome<(Option<i32>, String)> {
        let mut command = std::process::Command::new(binaries::find("standpipe-delivery")?);
        let command = command.args(["check", "--connect", "--config"]);
        let answer = command.arg(daemon.settings()).output()?;
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        Ok((answer.status.code(), said))
    };
    let (code, said) = check()?;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("shape:$LATEST answers, and may be called"),
        "{said}"
    );
    function.goes_wrong("absent")?;
    let (code, said) = check()?;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("streams.web.transform"), "{said}");
    assert!(said.contains("ResourceNotFoundException"), "{said}");
    assert!(function.requests()?.is_empty(), "it was called");
    folder.done()
}

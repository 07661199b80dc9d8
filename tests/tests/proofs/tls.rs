//! Doors that speak TLS: who is let in, and that a renewed certificate costs nobody anything.

use std::process::Command;
use std::thread;
use std::time::Duration;

use standpipe_tests::certificates::Authority;
use standpipe_tests::log::Log;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, components};

use crate::{PATIENCE, raw, raw_arrived};

/// Posts a line to each address with what is believed and shown, and prints what came of it.
const CALLERS: &str = r#"
import ssl, sys, urllib.request
url, believed, foreign, right, wrong = sys.argv[1:]
def call(name, believes, shows=None):
    context = ssl.create_default_context(cafile=believes)
    if shows:
        context.load_cert_chain(shows + ".crt", shows + ".key")
    request = urllib.request.Request(url, data=name.encode(), headers={"Content-Type": "text/plain"})
    try:
        print(name, urllib.request.urlopen(request, context=context, timeout=60).status)
    except OSError as error:
        print(name, "refused", error, file=sys.stderr)
        print(name, "refused")
call("right", believed, right)
call("foreign-ca", foreign, right)
call("wrong", believed, wrong)
call("none", believed)
"#;

#[test]
fn only_callers_with_certificates_of_the_authority_get_in() -> Outcome {
    let Some(python) = components::find("Python", "STANDPIPE_PYTHON")? else {
        return Ok(());
    };
    let folder = Folder::new("tls-callers")?;
    let home = folder.path();
    let (own, foreign) = (
        Authority::new(home, "own")?,
        Authority::new(home, "foreign")?,
    );
    let mut daemon = Daemon::new(home, "")?;
    let door = own.sign(home, "door")?;
    daemon.native = format!(", tls: {{{door}, client_ca: own.ca}}");
    daemon.configure(&raw("text", "1s"))?;
    daemon.up()?;
    own.sign(home, "right")?;
    foreign.sign(home, "wrong")?;
    let url = format!("https://{}/v1/streams/text/records", daemon.door("native")?);
    let output = Command::new(python)
        .args(["-c", CALLERS, &url])
        .args([&own.path, &foreign.path])
        .args([home.join("right"), home.join("wrong")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{}", String::from_utf8_lossy(&output.stderr));
    let expected = "right 200\nforeign-ca refused\nwrong refused\nnone refused\n";
    assert_eq!(said, expected);
    let plain = daemon.post("text", b"plain\n")?;
    assert_eq!(plain.status, 400, "{plain}");
    assert!(plain.to_string().contains("use https"), "{plain}");
    let books = daemon.settled("text", 1, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (1, 1));
    folder.done()
}

/// The certificate is renewed again and again, once with a key that does not belong to it, while
/// an agent ships.
#[test]
fn a_certificate_is_renewed_while_an_agent_goes_on_shipping() -> Outcome {
    let folder = Folder::new("tls-renewal")?;
    let home = folder.path();
    let authority = Authority::new(home, "own")?;
    let mut daemon = Daemon::new(home, "")?;
    daemon.native = format!(", tls: {{{}}}", authority.sign(home, "door")?);
    daemon.configure(&raw("lines", "1s"))?;
    daemon.up()?;
    let path = folder.join("a.log");
    let mut log = Log::create(&path)?;
    let flow = format!("- paths: [\"{}*\"]\n  stream: lines", path.display());
    let url = daemon.url()?.replace("http:", "https:");
    let mut agent = Agent::new(home, &url, &flow)?;
    agent.ship = ", ca: own.ca".to_owned();
    agent.configure(&url, &flow)?;
    agent.up()?;
    let mut ledger = Ledger::new(1_000_000);
    let mut write = |count: u64| -> Outcome {
        for _ in 0..count {
            let line = format!("line {}", ledger.written());
            ledger.wrote(line.as_bytes());
            log.write(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    };
    for renewals in 1..=2 {
        write(1_000)?;
        authority.sign(home, "door")?;
        said(&daemon, "the certificate was renewed", renewals, || {
            write(1)
        })?;
    }
    let key = std::fs::read(folder.join("door.key"))?;
    authority.sign(home, "other")?;
    std::fs::copy(folder.join("other.key"), folder.join("door.key"))?;
    said(&daemon, "does not belong to the certificate", 1, || {
        write(1)
    })?;
    // A new connection still meets the pair that can be used.
    agent.kill()?;
    agent.up()?;
    write(1_000)?;
    std::fs::write(folder.join("door.key"), key)?;
    said(&daemon, "can be used again", 1, || write(1))?;
    let books = daemon.settled("lines", ledger.written(), PATIENCE)?;
    assert_eq!(
        (books.accepted, books.delivered),
        (ledger.written(), ledger.written())
    );
    said(&daemon, "does not belong to the certificate", 1, || Ok(()))?;
    assert_eq!(agent.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out/lines"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

/// Waits until the daemon has said something so many times, and not more; does something meanwhile.
fn said(
    daemon: &Daemon,
    what: &str,
    times: usize,
    mut meanwhile: impl FnMut() -> Outcome,
) -> Outcome {
    until(&format!("the daemon to say {what:?}"), PATIENCE, || {
        meanwhile()?;
        thread::sleep(Duration::from_millis(50));
        match std::fs::read_to_string(daemon.log())?.matches(what).count() {
            found if found == times => Ok(()),
            found => Err(Trouble(format!("it said so {found} times, not {times}"))),
        }
    })
}

//! The status page at the admin port: it is there, it takes nothing from outside, and in a real
//! browser it shows what the daemon says.

use std::process::Command;

use standpipe_tests::{Agent, Daemon, Folder, Outcome, http};

use crate::{PATIENCE, parquet, raw};

/// A browser to look with; `tests/run --full` names one where there is one.
const BROWSER: &str = "STANDPIPE_CHROMIUM";

/// How long the page may work before it is looked at, in milliseconds of its own clock.
const LOOKS: &str = "--virtual-time-budget=9000";

/// A record that a page must show as it is.
const MARKUP: &str = r#"{"n":"<b>bold</b>"}"#;

#[test]
fn the_page_is_there_and_shows_streams_and_agents() -> Outcome {
    let folder = Folder::new("page")?;
    let streams = raw("s", "1s") + &parquet("p", "1s", "[{name: n, type: int}]");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    std::fs::write(folder.join("a.log"), "one\ntwo\nthree\n")?;
    let flow = format!(
        "- paths: [\"{}\"]\n  stream: s",
        folder.join("a.log").display()
    );
    let mut agent = Agent::start(folder.path(), &daemon.url()?, &flow)?;
    daemon.settled("s", 3, PATIENCE)?;
    // What is no number fails, and says so in the words of whoever sent it.
    daemon.post("p", MARKUP.as_bytes())?.ok()?;
    assert_eq!(daemon.settled("p", 1, PATIENCE)?.failed, 1);
    let status = daemon.status("p")?;
    let failed = &status["errors"]["DataFormatConversion.MalformedData"];
    assert_eq!(failed["lines"], 1, "{status}");
    let said = failed["samples"][0]["message"].as_str().unwrap_or_default();
    assert!(said.contains("<b>"), "{status}");
    let everything = daemon.everything()?;
    let seen = &everything["agents"][0];
    assert_eq!(
        (&seen["stream"], &seen["waiting"]),
        (&"s".into(), &0.into()),
        "{everything}"
    );

    let admin = daemon.door("admin")?;
    let page = http::get(admin, "/")?.ok()?;
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.body.ends_with(b"</html>\n"));
    if let Some(browser) = std::env::var_os(BROWSER) {
        let shown = Command::new(browser)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                LOOKS,
                "--dump-dom",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.join("browser").display()
            ))
            .arg(format!("http://{admin}/"))
            .output()?;
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        for part in [
            "<h2>s</h2>",
            "state running",
            "<dt>accepted</dt><dd>3</dd>",
            "<polyline",
            ">live<",
            "<td>s</td>",
            "<td>DataFormatConversion.MalformedData</td>",
            "&lt;b&gt;bold&lt;/b&gt;",
        ] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
        assert!(!shown.contains("<b>bold"), "a message became markup");
    }
    assert_eq!(agent.stop(PATIENCE)?, 0);
    folder.done()
}

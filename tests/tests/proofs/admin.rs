//! The admin doors beyond their own machine: with tokens only, each for what it may do.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use standpipe_tests::certificates::Authority;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Outcome, Trouble, binaries, http, port};

use crate::look::{look, printed};
use crate::{PATIENCE, raw};

/// What is seen there by whoever may look.
const SEEN: [&str; 4] = ["/", "/status", "/metrics", "/streams/web/errors"];

const PAUSE: &str = "POST /streams/web/pause";

/// A daemon's settings, with an admin door that all machines reach.
fn settings(admin: u16, tokens: &str) -> Outcome<String> {
    let native = port::free()?;
    let streams = raw("web", "1s").replace('\n', "\n  ");
    Ok(format!(
        "data_dir: data\nlimits: {{disk: 1GiB}}\nlisten:\n  native: {{address: 127.0.0.1:{native}}}\n  admin: {{address: 0.0.0.0:{admin}{tokens}}}\nstreams:\n  {streams}"
    ))
}

const TOKENS: &str = ", tokens: [{name: looks, token: {file: looks}}, {name: orders, token: {file: orders}, actions: [read, command]}]";

/// The status of the answer to a request with a token.
fn asked(door: SocketAddr, what: &str, token: &str) -> Outcome<u16> {
    let token = format!("Authorization: Bearer {token}");
    let headers = [
        "Standpipe-Command: 1",
        "Content-Type: application/json",
        &token,
    ];
    Ok(http::ask(door, what, &headers, b"{}")?.status)
}

#[test]
fn without_a_token_check_and_a_start_refuse_it_with_its_line() -> Outcome {
    let folder = Folder::new("admin-open")?;
    let file = folder.join("delivery.yaml");
    std::fs::write(&file, settings(4575, "")?)?;
    for command in ["check", "run"] {
        let refused = Command::new(binaries::find("standpipe-delivery")?)
            .args([command, "--config"])
            .arg(&file)
            .output()?;
        let said =
            String::from_utf8_lossy(&refused.stdout) + String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{command}: {said}");
        for part in [
            "delivery.yaml:5:",
            "listen.admin.address",
            "without tokens only loopback is allowed",
        ] {
            assert!(said.contains(part), "{command}: {part} is not in {said}");
        }
    }
    folder.done()
}

#[test]
fn tokens_open_the_admin_door_and_commands_need_none_where_they_may_read_the_data() -> Outcome {
    let folder = Folder::new("admin-tokens")?;
    for name in ["looks", "orders", "new"] {
        std::fs::write(folder.join(name), format!("the-token-of-{name}\n"))?;
    }
    let admin = port::free()?;
    let mut daemon = Daemon::new(folder.path(), "")?;
    daemon.configure_as(&settings(admin, TOKENS)?)?;
    daemon.up()?;
    let door: SocketAddr = ([127, 0, 0, 1], admin).into();
    let (looks, orders) = ("the-token-of-looks", "the-token-of-orders");
    for path in SEEN {
        let get = format!("GET {path}");
        let challenge = http::get(door, path)?;
        assert_eq!(challenge.status, 401, "{path}");
        let header = challenge.header("www-authenticate").unwrap_or_default();
        assert!(header.starts_with("basic realm"), "{header}");
        assert_eq!(asked(door, &get, "a-wrong-token")?, 401, "{path}");
        for token in [looks, orders] {
            assert_eq!(asked(door, &get, token)?, 200, "{path}");
        }
    }
    for (token, status) in [
        ("", 401),
        ("a-wrong-token", 401),
        (looks, 403),
        (orders, 200),
    ] {
        assert_eq!(asked(door, PAUSE, token)?, status, "{token}");
    }

    // Whoever may read the data folder needs no token of his own.
    let data = daemon.data();
    let rights = std::fs::metadata(data.join("admin-token"))?.permissions();
    assert_eq!(rights.mode() & 0o777, 0o600);
    assert!(printed(&data, &["status"])?.contains("paused"));
    printed(&data, &["resume", "web"])?;
    assert!(printed(&data, &["top", "--times", "1"])?.contains("running"));
    let config = daemon.settings().to_string_lossy().into_owned();
    let errors = Command::new(binaries::find("standpipe-delivery")?)
        .args(["errors", "web", "--config", &config])
        .output()?;
    assert!(errors.status.success(), "{errors:?}");
    std::fs::rename(data.join("admin-token"), folder.join("aside"))?;
    let refused = look(&data, &["pause", "web"])?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("asks for a token"), "{said}");

    // Other tokens count without a restart.
    daemon.configure_as(&settings(
        admin,
        ", tokens: [{name: new, token: {file: new}}]",
    )?)?;
    daemon.program()?.hang_up()?;
    until("the new token to be accepted", PATIENCE, || {
        match asked(door, "GET /status", "the-token-of-new")? {
            200 => Ok(()),
            status => Err(Trouble(format!("the status is {status}"))),
        }
    })?;
    for token in [looks, orders] {
        assert_eq!(asked(door, "GET /status", token)?, 401);
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    assert!(!data.join("admin-token").exists());
    folder.done()
}

/// The settings of an agent that follows nothing much, with an admin door that all machines reach.
fn of_agent(admin: u16, more: &str) -> String {
    format!(
        "data_dir: agent-data\nlisten: {{admin: {{address: 0.0.0.0:{admin}{more}}}}}\nship: {{standpipe: {{url: 'http://127.0.0.1:1'}}}}\nflows: [{{paths: [a.log], stream: web}}]\n"
    )
}

/// What the agent's own `status` answers: its exit, and all that it said.
fn agent_status(agent: &Agent) -> Outcome<(Option<i32>, String)> {
    let output = Command::new(binaries::find("standpipe-agent")?)
        .args(["status", "--config"])
        .arg(agent.settings())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Ok((output.status.code(), said.into_owned()))
}

#[test]
fn the_agents_door_takes_the_same_tokens_and_speaks_tls() -> Outcome {
    let folder = Folder::new("admin-agent")?;
    for name in ["looks", "orders", "new"] {
        std::fs::write(folder.join(name), format!("the-token-of-{name}\n"))?;
    }
    let admin = port::free()?;
    let mut agent = Agent::at(folder.path(), admin, "http://127.0.0.1:1", "- {}")?;
    agent.configure_as(&of_agent(admin, TOKENS))?;
    agent.up()?;
    let door: SocketAddr = ([127, 0, 0, 1], admin).into();
    for path in ["/status", "/metrics"] {
        let get = format!("GET {path}");
        assert_eq!(http::get(door, path)?.status, 401, "{path}");
        assert_eq!(asked(door, &get, "a-wrong-token")?, 401, "{path}");
        assert_eq!(asked(door, &get, "the-token-of-looks")?, 200, "{path}");
    }
    let (exit, said) = agent_status(&agent)?;
    assert_eq!(exit, Some(0), "{said}");
    let token = agent.data().join("admin-token");
    std::fs::rename(&token, folder.join("aside"))?;
    let (exit, said) = agent_status(&agent)?;
    assert_eq!(exit, Some(1), "{said}");
    assert!(said.contains("asks for a token"), "{said}");
    std::fs::rename(folder.join("aside"), &token)?;

    // Other tokens count without a restart.
    let new = ", tokens: [{name: new, token: {file: new}}]";
    agent.configure_as(&of_agent(admin, new))?;
    agent.program()?.hang_up()?;
    until("the new token to be accepted", PATIENCE, || {
        match asked(door, "GET /status", "the-token-of-new")? {
            200 => Ok(()),
            status => Err(Trouble(format!("the status is {status}"))),
        }
    })?;
    assert_eq!(asked(door, "GET /status", "the-token-of-looks")?, 401);
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert!(!token.exists());

    Authority::new(folder.path(), "own")?.sign(folder.path(), "door")?;
    let tls = ", tls: {certificate: door.crt, key: {file: door.key}}";
    agent.configure_as(&of_agent(admin, &[new, tls].concat()))?;
    agent.spawn()?;
    until(
        "the agent to answer by TLS",
        PATIENCE,
        || match agent_status(&agent)? {
            (Some(0), _) => Ok(()),
            (_, said) => Err(Trouble(said)),
        },
    )?;
    let plain = http::get(door, "/live")?;
    assert_eq!(plain.status, 400, "it answers without TLS");
    assert_eq!(agent.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn commands_reach_a_daemon_whose_door_speaks_tls() -> Outcome {
    let folder = Folder::new("admin-tls")?;
    Authority::new(folder.path(), "own")?.sign(folder.path(), "door")?;
    std::fs::write(folder.join("new"), "the-token-of-new\n")?;
    let more = ", tokens: [{name: new, token: {file: new}}], tls: {certificate: door.crt, key: {file: door.key}}";
    let mut daemon = Daemon::new(folder.path(), "")?;
    daemon.configure_as(&settings(port::free()?, more)?)?;
    daemon.spawn()?;
    let data = daemon.data();
    until("the daemon to answer by TLS", PATIENCE, || {
        printed(&data, &["status"])
    })?;
    printed(&data, &["pause", "web"])?;
    assert!(printed(&data, &["status"])?.contains("paused"));
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

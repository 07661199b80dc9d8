//! No secret is said anywhere: one is planted in every setting that takes one, both programs say all
//! that they and their libraries can say, a server repeats what it was told, and what they wrote is
//! searched.

mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use standpipe_config::settings::{agent, delivery};
use standpipe_config::yaml::Table;
use standpipe_tests::certificates::Authority;
use standpipe_tests::signed::put;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Outcome, Trouble, binaries, http, objects, port};

use crate::PATIENCE;
use server::Server;

/// What a setting that takes a secret allows.
const IS_SECRET: &str = "{file: PATH} or {env: NAME}";

/// Each such setting, and the file whose content is planted there.
const PLANTED: &[(&str, &str, &str)] = &[
    ("listen.firehose.keys[]", "secret", "secret-firehose"),
    (
        "listen.firehose.created.s3",
        "secret_access_key",
        "secret-created",
    ),
    ("listen.native.tokens[]", "token", "secret-native"),
    ("listen.admin.tokens[]", "token", "secret-admin"),
    ("listen.*.tls", "key", "door.key"),
    (
        "streams.*.transform.lambda",
        "secret_access_key",
        "secret-lambda",
    ),
    ("streams.*.destination.s3", "secret_access_key", "secret-s3"),
    (
        "streams.*.destination.*.s3.encryption",
        "customer_key",
        "secret-customer",
    ),
    (
        "streams.*.destination.*.backup.s3",
        "secret_access_key",
        "secret-backup",
    ),
    (
        "streams.*.destination.opensearch",
        "password",
        "secret-search",
    ),
    ("streams.*.destination.opensearch", "api_key", "secret-api"),
    (
        "streams.*.destination.opensearch.sigv4",
        "secret_access_key",
        "secret-sigv4",
    ),
    (
        "streams.*.destination.postgresql",
        "password",
        "secret-postgresql",
    ),
    (
        "streams.*.destination.redshift",
        "password",
        "secret-redshift",
    ),
    (
        "streams.*.destination.redshift",
        "secret_access_key",
        "secret-copy",
    ),
    (
        "streams.*.destination.redshift.staging.s3",
        "secret_access_key",
        "secret-staging",
    ),
    ("ship.standpipe", "token", "secret-native"),
    ("ship.standpipe.identity", "key", "agent.key"),
    ("ship.firehose", "secret_access_key", "secret-firehose"),
];

/// The streams that send a secret, or sign with one.
const STREAMS: [&str; 7] = [
    "bucket",
    "basic",
    "api",
    "signed",
    "rows",
    "warehouse",
    "hook",
];

/// A token that nobody has.
const WRONG: &str = "planted-in-a-wrong-token";

fn secrets_of(tables: &[&Table]) -> BTreeSet<(String, String)> {
    let keys = tables
        .iter()
        .flat_map(|table| table.keys.iter().map(|key| (table.path, key)));
    let secret = keys.filter(|(_, key)| key.available && key.allowed == IS_SECRET);
    secret
        .map(|(path, key)| (path.to_owned(), key.name.to_owned()))
        .collect()
}

#[test]
fn every_setting_that_takes_a_secret_is_searched_for() {
    let mut all = secrets_of(delivery::TABLES);
    all.extend(secrets_of(agent::TABLES));
    let planted: BTreeSet<_> = PLANTED
        .iter()
        .map(|(path, key, _)| ((*path).to_owned(), (*key).to_owned()))
        .collect();
    assert_eq!(planted, all);
}

/// What may be found nowhere: each secret, and the forms in which it travels.
fn plant(folder: &Path) -> Outcome<Vec<String>> {
    let mut forbidden = vec![WRONG.to_owned()];
    for (_, _, file) in PLANTED {
        let path = folder.join(file);
        if file.ends_with(".key") {
            let key = std::fs::read_to_string(path)?;
            forbidden.extend(key.lines().nth(1).map(str::to_owned));
            continue;
        }
        let text = match *file {
            // Thirty-two bytes in base64, as it is written.
            "secret-customer" => {
                base64_simd::STANDARD.encode_to_string("planted-customer-key-of-32-bytes")
            }
            name => format!("planted-{name}"),
        };
        std::fs::write(path, &text)?;
        forbidden.push(text);
    }
    let basic = base64_simd::STANDARD.encode_to_string("standpipe:planted-secret-search");
    forbidden.push(basic);
    forbidden.push("planted-customer-key-of-32-bytes".to_owned());
    Ok(forbidden)
}

fn settings(server: SocketAddr, ports: [u16; 3]) -> String {
    let [native, firehose, admin] = ports;
    let port = server.port();
    let s3 = |name: &str| {
        format!(
            "endpoint: \"http://{server}\", access_key_id: key, secret_access_key: {{file: secret-{name}}}"
        )
    };
    let search = |access: &str| {
        format!(
            "{{buffering: {{interval: 1s}}, destination: {{opensearch: {{nodes: [\"http://{server}\"], index: a, {access}, backup: {{file: {{path: failed}}}}}}}}}}"
        )
    };
    let (bucket, backup, staging, created) = (s3("s3"), s3("backup"), s3("staging"), s3("created"));
    let lambda = s3("lambda");
    format!(
        "data_dir: data
limits: {{disk: 1GiB}}
listen:
  native:
    address: 127.0.0.1:{native}
    tokens: [{{name: agents, token: {{file: secret-native}}}}]
    tls: {{certificate: door.crt, key: {{file: door.key}}, client_ca: own.ca}}
  firehose:
    address: 127.0.0.1:{firehose}
    keys: [{{id: KEY, secret: {{file: secret-firehose}}}}]
    created: {{s3: {{{created}}}}}
  admin: {{address: 127.0.0.1:{admin}, tokens: [{{name: people, token: {{file: secret-admin}}, actions: [read, command]}}]}}
streams:
  bucket:
    buffering: {{interval: 1s}}
    destination: {{s3: {{bucket: data, {bucket}, encryption: {{customer_key: {{file: secret-customer}}}}, backup: {{s3: {{bucket: copies, {backup}}}}}}}}}
  basic: {}
  api: {}
  signed: {}
  rows:
    buffering: {{interval: 1s}}
    destination: {{postgresql: {{url: \"postgresql://loader@127.0.0.1:{port}/logs\", password: {{file: secret-postgresql}}, table: web, backup: {{file: {{path: failed}}}}}}}}
  warehouse:
    buffering: {{interval: 1s}}
    destination: {{redshift: {{url: \"redshift://loader@127.0.0.1:{port}/logs\", password: {{file: secret-redshift}}, table: web, access_key_id: key, secret_access_key: {{file: secret-copy}}, staging: {{s3: {{bucket: staged, {staging}}}}}}}}}
  hook:
    buffering: {{interval: 1s}}
    transform: {{lambda: {{function: shape, {lambda}, retries: 0, buffering: {{size: 1MiB, interval: 0s}}}}}}
    destination: {{file: {{path: out}}}}
",
        search("user: standpipe, password: {file: secret-search}"),
        search("api_key: {file: secret-api}"),
        search("sigv4: {service: es, region: us-east-1, access_key_id: key, secret_access_key: {file: secret-sigv4}}"),
    )
}

/// Waits until the status has shown, of each stream, what its server repeated, without the secret.
fn met(admin: SocketAddr) -> Outcome {
    let token = "Authorization: Bearer planted-secret-admin";
    let mut wanted = BTreeSet::from(STREAMS);
    until("each stream to show its server's answer", PATIENCE, || {
        let status = http::ask(admin, "GET /status", &[token], b"")?
            .ok()?
            .json()?;
        wanted.retain(|name| {
            let stream = status["streams"][*name].to_string();
            !(stream.contains("you said") && stream.contains("***"))
        });
        match wanted.is_empty() {
            true => Ok(()),
            false => Err(Trouble(format!("{wanted:?} did not: {status}"))),
        }
    })
}

#[test]
fn secrets_are_said_nowhere_at_any_log_level() -> Outcome {
    let folder = Folder::new("secrets")?;
    let home = folder.path();
    let authority = Authority::new(home, "own")?;
    authority.sign(home, "door")?;
    let identity = authority.sign(home, "agent")?;
    let mut forbidden = plant(home)?;
    let server = Server::start()?;
    let ports = [port::free()?, port::free()?, port::free()?];
    let all = || [("RUST_LOG".to_owned(), "trace".to_owned())];
    let mut daemon = Daemon::new(home, "")?;
    daemon.configure_as(&settings(server.listener.address(), ports))?;
    daemon.environment.extend(all());
    daemon.up()?;
    let admin = daemon.door("admin")?;
    // Its own commands' token is a secret, too.
    forbidden.push(std::fs::read_to_string(daemon.data().join("admin-token"))?);
    let wrong = format!("Authorization: Bearer {WRONG}");
    assert_eq!(http::ask(admin, "GET /status", &[&wrong], b"")?.status, 401);

    let path = folder.join("a.log");
    std::fs::write(&path, "{\"a\":1}\n")?;
    let flows =
        STREAMS.map(|name| format!("- paths: [\"{}\"]\n  stream: {name}\n", path.display()));
    let url = format!("https://127.0.0.1:{}", ports[0]);
    let mut agent = Agent::new(home, &url, &flows.concat())?;
    agent.ship = format!(", token: {{file: secret-native}}, ca: own.ca, identity: {{{identity}}}");
    agent.configure(&url, &flows.concat())?;
    agent.environment.extend(all());
    assert_eq!(agent.once(PATIENCE)?, 0);
    let firehose = daemon.door("firehose")?;
    ship_to_firehose(home, firehose, &all())?;
    let key = ("KEY", "planted-secret-firehose");
    assert_eq!(put(firehose, key, "bucket", "{\"a\":2}")?.status, 200);
    met(admin)?;
    // They were sent, so that there was something to say.
    for sent in [
        "planted-secret-api",
        "planted-secret-postgresql",
        "planted-secret-redshift",
    ] {
        assert!(server.heard(sent), "{sent} was not sent");
    }

    let signatures = server.signatures();
    assert!(!signatures.is_empty(), "nothing was signed");
    forbidden.extend(signatures);
    said_by_commands(&daemon, home)?;
    daemon.kill()?;
    let log = std::fs::read_to_string(daemon.log())?;
    assert!(log.contains("TRACE"), "it did not say all");
    search(home, &forbidden)?;
    folder.done()
}

/// Has an agent of its own sign what it sends with the door's key.
fn ship_to_firehose(home: &Path, door: SocketAddr, say: &[(String, String)]) -> Outcome {
    let folder = home.join("signing");
    std::fs::create_dir(&folder)?;
    let mut agent = Agent::new(&folder, "http://127.0.0.1:1", "- {}")?;
    let home = home.display();
    agent.configure_as(&format!(
        "data_dir: agent-data
ship:
  firehose: {{endpoint: \"http://{door}\", access_key_id: KEY, secret_access_key: {{file: \"{home}/secret-firehose\"}}}}
flows:
  - {{paths: [\"{home}/a.log\"], stream: bucket}}
"
    ))?;
    agent.environment.extend(say.iter().cloned());
    assert_eq!(agent.once(PATIENCE)?, 0);
    Ok(())
}

/// Keeps what commands say beside the logs.
fn said_by_commands(daemon: &Daemon, home: &Path) -> Outcome {
    for arguments in [
        vec!["check", "--connect"],
        vec!["status"],
        vec!["spool", "ls"],
    ] {
        let output = Command::new(binaries::find("standpipe-delivery")?)
            .env("RUST_LOG", "trace")
            .args(&arguments)
            .arg("--config")
            .arg(daemon.settings())
            .output()?;
        let name = format!("output-of-{}", arguments.join("-"));
        std::fs::write(home.join(&name), [output.stdout, output.stderr].concat())?;
    }
    Ok(())
}

/// Everything that was written: logs, data, what commands said.
fn search(home: &Path, forbidden: &[String]) -> Outcome {
    let is_own =
        |name: &str| name.starts_with("secret-") || name.ends_with(".key") || name == "admin-token";
    for path in objects::below(home)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_own(&name) {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        // Journals are mostly room for what is to come.
        let end = bytes.iter().rposition(|byte| *byte != 0);
        let text = String::from_utf8_lossy(&bytes[..end.map_or(0, |last| last + 1)]);
        for secret in forbidden {
            let found = text.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(found, None, "{secret} is in {}", path.display());
        }
    }
    Ok(())
}

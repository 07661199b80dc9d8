//! The agent ships to a Firehose endpoint, this daemon's: nothing is lost, and what comes twice is
//! what a lost reply or a kill explains.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use standpipe_tests::log::Log;
use standpipe_tests::random::Random;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Outcome, Trouble, objects};

use crate::busy::Busy;
use crate::{PATIENCE, daemon, raw};

const SECRET: &str = "a secret of forty characters or so, shared";

const KEYS: &str = r#"keys: [
    {id: AGENT, secret: {file: secret}, streams: [web]},
    {id: BUSY, secret: {file: secret}, streams: [web]}]"#;

const LINES: usize = 9000;
const BURSTS: usize = 30;

/// What is written, by number.
fn line(number: usize) -> String {
    format!("line-{number:06} {}", "x".repeat(number % 80))
}

/// A daemon with keys, a busy network before its Firehose door, and an agent that ships there.
struct World {
    folder: Folder,
    daemon: Daemon,
    busy: Busy,
    agent: Agent,
    log: Log,
    written: usize,
    bytes: u64,
}

impl World {
    fn new(name: &str, parse: &str) -> Outcome<Self> {
        let folder = Folder::new(name)?;
        std::fs::write(folder.join("secret"), SECRET)?;
        std::fs::create_dir(folder.join("log"))?;
        let (mut daemon, _) = daemon(folder.path(), &raw("web", ""), KEYS)?;
        daemon.up()?;
        let busy = Busy::start(daemon.door("firehose")?, SECRET)?;
        let log = Log::create(&folder.join("log/app.log"))?;
        let agent = Agent::new(folder.path(), "http://127.0.0.1:1", "- {}")?;
        agent.configure_as(&settings(folder.path(), &busy.listener.url(), parse))?;
        Ok(Self {
            folder,
            daemon,
            busy,
            agent,
            log,
            written: 0,
            bytes: 0,
        })
    }

    /// Writes some lines, and now and then rotates before.
    fn burst(&mut self, number: usize) -> Outcome {
        if number % 10 == 9 {
            self.log.rotate()?;
        }
        let lines = self.written..self.written + LINES / BURSTS;
        self.written = lines.end;
        let text: String = lines.map(|number| line(number) + "\n").collect();
        self.bytes += text.len() as u64;
        self.log.write(text.as_bytes())
    }

    /// Waits until the agent has acknowledgements for all that was written.
    fn acknowledged(&mut self) -> Outcome {
        until("everything to be acknowledged", PATIENCE, || {
            self.agent.program()?.runs()?;
            let status = self.agent.status()?;
            let delivered = status["bytes"]["delivered"].as_u64().unwrap_or_default();
            match delivered == self.bytes && status["bytes"]["waiting"] == 0 {
                true => Ok(()),
                false => Err(Trouble(format!(
                    "of {} bytes: {}",
                    self.bytes, status["bytes"]
                ))),
            }
        })
    }

    /// Every record that arrived, once nothing waits any more.
    fn arrived(&mut self, at_least: u64) -> Outcome<Vec<Vec<u8>>> {
        self.daemon.settled("web", at_least, PATIENCE)?;
        assert_eq!(self.daemon.stop(PATIENCE)?, 0);
        let mut all = vec![];
        for path in objects::below(&self.folder.join("out/web"))? {
            all.extend(objects::lines(&path)?);
        }
        Ok(all)
    }
}

fn settings(folder: &Path, url: &str, parse: &str) -> String {
    format!(
        "data_dir: agent-data
listen: {{admin: {{address: 127.0.0.1:0}}}}
ship:
  firehose: {{endpoint: \"{url}\", access_key_id: AGENT, secret_access_key: {{file: secret}}}}
flows:
  - paths: ['{}/log/app.log*']
    stream: web
    parse: {{{parse}}}
",
        folder.display()
    )
}

#[test]
fn what_is_refused_comes_again_and_only_lost_replies_make_repeats() -> Outcome {
    let mut world = World::new("firehose-agent", "")?;
    world.agent.up()?;
    for number in 0..BURSTS {
        world.burst(number)?;
        // Each burst its own request, however quick or slow this machine is.
        world.acknowledged()?;
    }
    assert_eq!(world.agent.stop(PATIENCE)?, 0);
    let met = world.busy.met();
    println!("{met:?}");
    assert!(
        met.refused > 0 && met.partial > 0 && met.cut > 0 && met.lost > 0,
        "{met:?}"
    );
    let mut times: HashMap<Vec<u8>, u64> = HashMap::new();
    for record in world.arrived(LINES as u64 + met.repeats)? {
        *times.entry(record).or_default() += 1;
    }
    let lost = (0..LINES).filter(|number| !times.contains_key(line(*number).as_bytes()));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<usize>::new());
    assert_eq!(times.len(), LINES, "nothing came that nobody wrote");
    let repeats = times.values().sum::<u64>() - LINES as u64;
    assert_eq!(repeats, met.repeats, "no repeat without a lost reply");
    let said = std::fs::read_to_string(world.agent.log())?;
    assert!(said.contains("at least once"), "{said}");
    world.folder.done()
}

#[test]
fn with_an_id_each_line_is_known_once_through_kills() -> Outcome {
    let mut world = World::new("firehose-agent-kills", "record_id: true")?;
    let mut random = Random::new();
    let mut kills = 0;
    world.agent.spawn()?;
    for number in 0..BURSTS {
        world.burst(number)?;
        std::thread::sleep(Duration::from_millis(random.below(300)));
        if number % 3 == 2 {
            world.agent.kill()?;
            world.agent.spawn()?;
            kills += 1;
        }
    }
    world.acknowledged()?;
    assert_eq!(world.agent.stop(PATIENCE)?, 0);
    let records = world.arrived(LINES as u64)?;
    let mut ids: HashMap<String, String> = HashMap::new();
    for record in &records {
        let record: serde_json::Value = serde_json::from_slice(record)?;
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let known = ids.insert(text("standpipe_id"), text("line"));
        assert!(
            known.is_none_or(|known| known == text("line")),
            "one id, two lines"
        );
    }
    let mut lines: Vec<String> = ids.into_values().collect();
    lines.sort_unstable();
    let repeats = records.len() - LINES;
    println!("{kills} kills, {repeats} repeats, {:?}", world.busy.met());
    assert_eq!(lines, (0..LINES).map(line).collect::<Vec<_>>());
    world.folder.done()
}

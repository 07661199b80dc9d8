//! Through a transform: no hook, a function over HTTP that gives every record back, with 1 and with
//! 8 requests in flight, and the component of docs/examples/transform-wat; and calls of that
//! component alone, which show what a call costs and what a byte does.

mod function;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_config::names::{Arrival, Run};
use standpipe_config::settings::delivery;
use standpipe_delivery::record::portion::Portion;
use standpipe_delivery::record::{Row, Stage};
use standpipe_delivery::transform::wasm::Engine;
use standpipe_delivery::transform::{AnyTransform, Transform as _};
use standpipe_tests::Daemon;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

use self::function::Function;
use crate::table::{Sample, Table};
use crate::{Ground, cpu, far};

/// Bytes of the log that go in.
const MOST: usize = 200_000_000;

/// Lines of one request to the door.
const LINES: usize = 5_000;

/// Calls of one record each.
const CALLS: u32 = 2_000;

/// Bytes of records of a large call: as many as the daemon gives a component at once.
const LARGE: usize = 1024 * 1024;

const COMPONENT: &str = include_str!("../../docs/examples/transform-wat/transform.wat");

/// One round.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    let folder = ground.fresh("hook")?;
    let text = std::fs::read(&ground.log.path)?;
    let text = whole_lines(&text, MOST);
    let component = folder.join("transform.wasm");
    let bytes = wat::parse_str(COMPONENT).attempting("read the example component")?;
    std::fs::write(&component, bytes)?;
    let function = Function::start()?;
    let http = |in_flight| {
        let url = format!("http://{}/", function.address());
        format!("http: {{url: \"{url}\", in_flight: {in_flight}, buffering: {{interval: 0s}}}}")
    };
    let wasm = format!("wasm: {{component: \"{}\"}}", component.display());
    let ways = [
        ("no hook, raw", String::new()),
        ("HTTP hook, 1 in flight", http(1)),
        ("HTTP hook, 8 in flight", http(8)),
        ("WASM hook (WAT)", wasm.clone()),
    ];
    for (row, hook) in ways {
        let folder = ground.fresh("hook-daemon")?;
        through(&folder, text, &hook, row, table)?;
        std::fs::remove_dir_all(folder)?;
    }
    calls(&folder, text, &wasm, table)?;
    Ok(std::fs::remove_dir_all(folder)?)
}

fn whole_lines(text: &[u8], most: usize) -> &[u8] {
    let text = &text[..text.len().min(most)];
    let end = text.iter().rposition(|byte| *byte == b'\n');
    &text[..end.map_or(0, |end| end + 1)]
}

fn stream(hook: &str) -> String {
    let transform = match hook.is_empty() {
        true => String::new(),
        false => format!("  transform: {{{hook}}}\n"),
    };
    let delivered =
        "  buffering: {size: 64MiB, interval: 0s}\n  destination: {file: {path: out}}\n";
    format!("web:\n{transform}{delivered}")
}

/// From the door until every record is delivered.
fn through(folder: &Path, text: &[u8], hook: &str, row: &str, table: &mut Table) -> Outcome {
    let mut daemon = Daemon::start(folder, &stream(hook))?;
    let process = daemon.program()?.id();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (before, started) = (cpu::of(process)?, Instant::now());
    for some in lines.chunks(LINES) {
        daemon.post("web", &some.concat())?.ok()?;
    }
    let records = lines.len() as u64;
    let books = daemon.settled("web", records, far())?;
    let sample = Sample {
        bytes: text.len() as u64,
        wall: started.elapsed(),
        cpu: cpu::of(process)? - before,
        waits: vec![],
        ..Sample::default()
    };
    if books.delivered != records {
        return Err(Trouble(format!(
            "not every record was delivered: {books:?}"
        )));
    }
    table.add(&format!("{row}, from the door to the last object"), sample);
    daemon.stop(far())?;
    Ok(())
}

/// Calls of the component in this process: of one record, and of as much as it gets at once.
fn calls(folder: &Path, text: &[u8], hook: &str, table: &mut Table) -> Outcome {
    let doors = "data_dir: data\nlisten: {native: {address: 127.0.0.1:0}}\nstreams:\n";
    let indented = stream(hook)
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect::<String>();
    let loaded = delivery::read(&format!("{doors}{indented}"), "bench", folder)?;
    let stream = loaded.settings.streams.first();
    let stream = stream.ok_or_else(|| Trouble::new("the settings have no stream"))?;
    let transform = stream.transform.as_ref();
    let transform = transform.ok_or_else(|| Trouble::new("the stream has no transform"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let engine = Engine::new(None);
    let opened = runtime.block_on(AnyTransform::open(transform, &stream.name, &engine));
    let opened = opened.map_err(|failure| Trouble(failure.to_string()))?;
    let call = |portion: &Arc<Portion>| {
        let called = runtime.block_on(opened.apply(portion));
        called.map_err(|fault| Trouble(fault.message))
    };
    let large = portion(whole_lines(text, LARGE));
    let small = portion(
        text.split_inclusive(|byte| *byte == b'\n')
            .next()
            .unwrap_or(b"x"),
    );
    let times = (text.len() / large.bytes().max(1)).max(1) as u32;
    for (row, portion, times) in [
        ("WASM hook (WAT), calls of one record", small, CALLS),
        ("WASM hook (WAT), calls of 1 MiB", large, times),
    ] {
        let (before, started) = (cpu::own()?, Instant::now());
        let mut waits = vec![];
        for _ in 0..times {
            let began = Instant::now();
            call(&portion)?;
            waits.push(began.elapsed());
        }
        let sample = Sample {
            bytes: portion.bytes() as u64 * u64::from(times),
            wall: started.elapsed(),
            cpu: cpu::own()? - before,
            waits,
            ..Sample::default()
        };
        eprintln!(
            "  {row}: {:?} of processor time each",
            per_call(&sample, times)
        );
        table.add(row, sample);
    }
    Ok(())
}

fn per_call(sample: &Sample, times: u32) -> Duration {
    sample.cpu / times.max(1)
}

fn portion(text: &[u8]) -> Arc<Portion> {
    let mut portion = Portion::default();
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    for (position, bytes) in (0..).zip(lines) {
        portion.push(&Row {
            run: Run([1; 8]),
            position,
            index: 0,
            arrival: Arrival::now(),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes,
        });
    }
    Arc::new(portion)
}

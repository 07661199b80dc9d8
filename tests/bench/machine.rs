//! On what it was measured: figures without that say little.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What the table stands on, a line each.
pub(crate) fn facts(folder: &Path) -> String {
    let mut facts = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(facts, "processor  {} × {}", cores(), processor());
    let _ = writeln!(facts, "memory     {}", memory());
    let _ = writeln!(facts, "kernel     {}", read("/proc/sys/kernel/osrelease"));
    let _ = writeln!(facts, "disk       {}", disk(folder));
    let _ = writeln!(facts, "compiler   {}", said("rustc", &["--version"]));
    let _ = writeln!(
        facts,
        "load       {} (1, 5, 15 minutes, before the run)",
        load()
    );
    facts
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let kib = field("/proc/meminfo", "MemTotal")
        .and_then(|size| size.trim_end_matches(" kB").trim().parse::<u64>().ok());
    kib.map_or_else(
        || "unknown".to_owned(),
        |kib| format!("{:.1} GiB", kib as f64 / f64::from(1 << 20)),
    )
}

fn disk(folder: &Path) -> String {
    let folder = folder.to_string_lossy();
    let columns = "--output=source,fstype";
    let found = said("df", &[columns, &folder]);
    let found = found.lines().last().unwrap_or_default();
    found.split_whitespace().collect::<Vec<_>>().join(", ")
}

fn load() -> String {
    let all = read("/proc/loadavg");
    all.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':')
        .map(|(_, value)| value.trim().to_owned())
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |error| format!("unknown ({program}: {error})"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

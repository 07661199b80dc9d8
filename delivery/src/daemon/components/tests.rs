use tempfile::TempDir;

use super::*;

#[test]
fn each_component_that_cannot_be_used_is_named_with_its_line() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("text.wasm"), "(component)").unwrap();
    let transform = include_str!("../../../../docs/examples/transform-wat/transform.wat");
    let fine = wat::parse_str(transform).unwrap();
    std::fs::write(folder.path().join("fine.wasm"), fine).unwrap();
    let config = folder.path().join("delivery.yaml");
    let stream = |name: &str| {
        format!(
            "  {name}:\n    transform:\n      wasm: {{component: {name}.wasm, memory: 16MiB}}\n    destination: {{file: {{path: out}}}}\n"
        )
    };
    let streams = [stream("missing"), stream("fine"), stream("text")].concat();
    let head = "data_dir: data\nlisten: {native: {address: 127.0.0.1:0}}\nstreams:\n";
    std::fs::write(&config, format!("{head}{streams}")).unwrap();
    let loaded = standpipe_config::settings::delivery::load(&config).unwrap();
    let said = judge(loaded, &config).unwrap_err().to_string();
    let lines: Vec<_> = said.lines().collect();
    let [missing, text] = lines[..] else {
        panic!("{said}")
    };
    let place = |line, name| {
        format!(
            "{}:{line}:25: streams.{name}.transform.wasm.component: ",
            config.display()
        )
    };
    assert!(missing.starts_with(&place(6, "missing")), "{said}");
    assert!(missing.contains("No such file"), "{said}");
    assert!(text.starts_with(&place(14, "text")), "{said}");
    assert!(text.contains("wasm-tools parse"), "{said}");
}

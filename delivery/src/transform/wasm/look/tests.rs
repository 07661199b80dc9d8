use std::path::Path;

use tempfile::TempDir;

use super::look;

fn say(bytes: &[u8]) -> Result<(), String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    std::fs::write(&path, bytes).unwrap();
    look(&path)
}

fn say_text(text: &str) -> Result<(), String> {
    say(&wat::parse_str(text).unwrap())
}

#[test]
fn components_of_the_world_are_fine() {
    let texts = [
        include_str!("../../../../../docs/examples/transform-wat/transform.wat"),
        include_str!("../tests/unruly.wat"),
    ];
    for text in texts {
        assert_eq!(say_text(text), Ok(()));
    }
}

#[test]
fn what_is_no_component_is_refused() {
    let missing = look(Path::new("/nowhere/guest.wasm")).unwrap_err();
    assert!(missing.contains("/nowhere/guest.wasm"), "{missing}");
    assert!(missing.contains("No such file"), "{missing}");
    let module = wat::parse_str("(module)").unwrap();
    let whole = wat::parse_str(include_str!("../tests/unruly.wat")).unwrap();
    let cases: [(&[u8], &str); 5] = [
        (&module, "a core module, not a component"),
        (b"(component)", "wasm-tools parse"),
        (b"", "no WebAssembly"),
        (b"\x7fELF", "no WebAssembly"),
        (&whole[..whole.len() / 2], "damaged"),
    ];
    for (bytes, why) in cases {
        let said = say(bytes).unwrap_err();
        assert!(said.contains(why), "{said}");
        assert!(said.contains("buil"), "{said}");
    }
}

/// Whatever a file holds, it is judged and does no harm.
#[test]
fn no_cut_and_no_flipped_byte_does_harm() {
    let whole = wat::parse_str(include_str!("../tests/unruly.wat")).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    for at in 0..whole.len() {
        std::fs::write(&path, &whole[..at]).unwrap();
        // Names may be missing at its end.
        let _ = look(&path);
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        let _ = look(&path);
    }
}

#[test]
fn components_of_other_worlds_are_refused() {
    let cases = [
        ("(component)", "exports nothing, and no function apply"),
        (
            r#"(component (import "wasi:http/types@0.2.3" (instance)))"#,
            "wants wasi:http/types@0.2.3, which no transform is given",
        ),
        (
            r#"(component (import "wasi:cli/stdout@0.3.0" (instance)))"#,
            "wants wasi:cli/stdout@0.3.0",
        ),
        (
            r#"(component (import "log" (func)))"#,
            "wants log, which no transform is given",
        ),
        (
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "apply") (canon lift (core func $i "f"))))"#,
            "its apply is func(), and should be func(list<record{",
        ),
        (
            r#"(component
                (core module $m
                    (memory (export "memory") 1)
                    (func (export "g") (param i32 i32 i32 i32) (result i32) unreachable)
                    (func (export "f") (param i32 i32) (result i32) unreachable))
                (core instance $i (instantiate $m))
                (func (export "apply")
                    (param "records" (list string)) (result (list (tuple u8 string)))
                    (canon lift (core func $i "f")
                        (memory $i "memory") (realloc (func $i "g")))))"#,
            "its apply is func(list<string>) -> list<tuple<u8, string>>, and should be",
        ),
    ];
    for (text, why) in cases {
        let said = say_text(text).unwrap_err();
        assert!(said.contains(why), "{said}");
        assert!(said.contains("build it"), "{said}");
    }
}

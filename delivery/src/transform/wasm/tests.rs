use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use standpipe_config::names::{Arrival, Run, StreamName};
use tempfile::TempDir;

use super::{Allowance, Engine, FAILED, Fault, Outcome, Transform as _, Wasm};
use crate::failure::{Failure, Verdict};
use crate::record::portion::Portion;
use crate::record::{Row, Stage};

const UNRULY: &str = include_str!("tests/unruly.wat");

fn stream() -> StreamName {
    "shaped".parse().expect("a name")
}

fn allowance(folder: &Path, text: &str) -> Allowance {
    let component = folder.join("guest.wasm");
    let bytes = wat::parse_str(text).expect("a component");
    std::fs::write(&component, bytes).expect("written");
    Allowance {
        component,
        memory: 4 * 1024 * 1024,
        timeout: Duration::from_secs(60),
        instances: 1,
    }
}

async fn load(allowance: Allowance) -> Result<Wasm, Failure> {
    Wasm::load(&stream(), allowance, &Engine::new(None)).await
}

async fn unruly() -> Wasm {
    let folder = TempDir::new().expect("a folder");
    let allowance = allowance(folder.path(), UNRULY);
    load(allowance).await.expect("loads")
}

async fn apply(wasm: &Wasm, records: &[&str]) -> Result<Vec<Outcome>, Fault> {
    let mut portion = Portion::default();
    for (position, text) in records.iter().enumerate() {
        portion.push(&Row {
            run: Run([1; 8]),
            position: position as u64,
            index: 0,
            arrival: Arrival(7),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes: text.as_bytes(),
        });
    }
    wasm.apply(&Arc::new(portion)).await
}

fn kept(text: &str) -> Outcome {
    Outcome::Keep {
        bytes: text.as_bytes().to_vec().into(),
        keys: None,
    }
}

#[tokio::test]
async fn each_record_has_its_outcome() {
    let wasm = unruly().await;
    let records = ["a", "Dropped", "", "é", "P", "Failed"];
    let mut outcomes = apply(&wasm, &records).await.expect("done");
    let Some(Outcome::Failed(failed)) = outcomes.pop() else {
        panic!("the last one failed");
    };
    assert_eq!((failed.code, failed.attempts), (FAILED, 1));
    assert_eq!(failed.message, "no such luck");
    let keys = BTreeMap::from([("partition".to_owned(), "AB".to_owned())]);
    let partitioned = Outcome::Keep {
        bytes: "P".into(),
        keys: Some(Arc::new(keys)),
    };
    let expected = [kept("a"), Outcome::Drop, kept(""), kept("é"), partitioned];
    assert_eq!(outcomes, expected);
    assert_eq!(apply(&wasm, &[]).await.expect("done"), []);
}

#[tokio::test]
async fn a_call_that_fails_says_why_and_the_next_one_works() {
    let wasm = unruly().await;
    let refusals = [
        ("T", "unreachable"),
        ("M", "it wanted 4160KiB, and memory is 4MiB"),
        ("S", "gave 1 outcomes for 2 records"),
    ];
    for (record, why) in refusals {
        let failure = apply(&wasm, &[record, "a"]).await.expect_err(record);
        assert_eq!(failure.verdict, Verdict::Retry, "{record}");
        assert!(failure.message.contains(why), "{record}: {failure:?}");
        assert_eq!(apply(&wasm, &["a"]).await.expect("done"), [kept("a")]);
    }
}

#[tokio::test]
async fn a_loop_without_an_end_is_cut_off() {
    let folder = TempDir::new().expect("a folder");
    let allowance = Allowance {
        timeout: Duration::from_millis(200),
        ..allowance(folder.path(), UNRULY)
    };
    let wasm = load(allowance).await.expect("loads");
    let failure = apply(&wasm, &["L"]).await.expect_err("a loop");
    assert!(failure.message.contains("timeout of 200ms"), "{failure:?}");
    assert_eq!(failure.verdict, Verdict::Retry);
}

/// The one instance that may run is free again: the guest did not stay behind on its thread.
#[tokio::test]
async fn a_guest_that_nobody_waits_for_ends() {
    let wasm = unruly().await;
    let forgotten = tokio::time::timeout(Duration::from_millis(50), apply(&wasm, &["L"])).await;
    forgotten.expect_err("a loop");
    assert_eq!(apply(&wasm, &["a"]).await.expect("done"), [kept("a")]);
}

#[tokio::test]
async fn no_call_sees_what_another_left() {
    let wasm = unruly().await;
    for _ in 0..3 {
        assert_eq!(apply(&wasm, &["C"]).await.expect("done"), [kept("1")]);
    }
}

#[tokio::test]
async fn outcomes_are_bounded() {
    let wasm = unruly().await;
    // Each record says that it holds 32 KiB.
    let many = apply(&wasm, &["G"; 300]).await;
    let failure = many.map(drop).expect_err("too much");
    assert_eq!(failure.verdict, Verdict::Retry, "{failure:?}");
}

#[tokio::test]
async fn what_does_not_load_needs_an_operator() {
    let folder = TempDir::new().expect("a folder");
    let missing = Allowance {
        component: folder.path().join("missing.wasm"),
        ..allowance(folder.path(), UNRULY)
    };
    let narrow = Allowance {
        memory: 1024,
        ..allowance(folder.path(), UNRULY)
    };
    for (allowance, why) in [
        (missing, "No such file"),
        (narrow, "it wanted 64KiB, and memory is 1KiB"),
    ] {
        refused(allowance, why).await;
    }
    let texts = [
        ("(module)", "docs/wasm-transforms.md"),
        ("(component)", "apply"),
        (
            r#"(component (import "other:things/here" (func)))"#,
            "other:things/here",
        ),
        (
            r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func (export "apply") (canon lift (core func $i "f"))))"#,
            "apply",
        ),
    ];
    for (text, why) in texts {
        refused(allowance(folder.path(), text), why).await;
    }
}

async fn refused(allowance: Allowance, why: &str) {
    let failure = load(allowance).await.expect_err(why);
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    assert!(failure.message.contains(why), "{failure}");
    assert!(failure.message.contains("cannot be loaded"), "{failure}");
}

#[tokio::test]
async fn the_example_without_a_toolchain_drops_comments() {
    let text = include_str!("../../../../docs/examples/transform-wat/transform.wat");
    let folder = TempDir::new().expect("a folder");
    let allowance = allowance(folder.path(), text);
    let wasm = load(allowance).await.expect("loads");
    let long = "x".repeat(100_000);
    for _ in 0..2 {
        let outcomes = apply(&wasm, &["# a", &long, "", "b#"]).await.expect("done");
        assert_eq!(outcomes, [Outcome::Drop, kept(&long), kept(""), kept("b#")]);
    }
}

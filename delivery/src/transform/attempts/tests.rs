//! How often, how far apart, and what becomes of records then.

use std::sync::Mutex;

use tokio::time::Instant;

use super::*;
use crate::transform::vocabulary::portion;

/// Code that answers as it is told, and notes when it was asked.
struct Told {
    began: Instant,
    asked: Mutex<Vec<u64>>,
    answers: Mutex<Vec<Option<Fault>>>,
}

impl Told {
    fn new(answers: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self {
            began: Instant::now(),
            asked: Mutex::default(),
            answers: Mutex::new(answers.into_iter().collect()),
        }
    }

    /// Seconds after the beginning at which it was asked.
    fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transform for Told {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        self.asked.lock().unwrap().push(self.began.elapsed().as_secs());
        match self.answers.lock().unwrap().remove(0) {
            None => Ok(vec![Outcome::Drop; portion.len()]),
            Some(fault) => Err(fault),
        }
    }
}

fn fault(is_unreachable: bool) -> Option<Fault> {
    Some(Fault {
        verdict: Verdict::Retry,
        code: "Lambda.FunctionError",
        message: "no".into(),
        is_unreachable,
    })
}

const FIREHOSE: Attempts = Attempts {
    retries: 3,
    pause: Duration::from_secs(1),
    waits: false,
};

async fn made(attempts: Attempts, told: &Told) -> Result<Vec<Outcome>, Failure> {
    let portion = Arc::new(portion(&[b"a", b"b"]));
    attempts.make(told, &portion, |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn three_retries_follow_after_1_5_and_25_seconds_and_then_all_have_failed() {
    let told = Told::new([fault(false), fault(true), fault(false), fault(false)]);
    let outcomes = made(FIREHOSE, &told).await.unwrap();
    assert_eq!(told.asked(), [0, 1, 6, 31]);
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        let Outcome::Failed(why) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((why.code, why.attempts), ("Lambda.FunctionError", 4));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_succeeds_ends_it() {
    let told = Told::new([fault(false), None]);
    assert_eq!(made(FIREHOSE, &told).await, Ok(vec![Outcome::Drop; 2]));
}

#[tokio::test(start_paused = true)]
async fn where_records_wait_nobody_being_there_is_no_attempt() {
    let waits = Attempts {
        waits: true,
        ..FIREHOSE
    };
    let hour = (0..150).map(|_| fault(true));
    let told = Told::new(hour.chain([fault(false), fault(true), None]));
    assert_eq!(made(waits, &told).await, Ok(vec![Outcome::Drop; 2]));
    let asked = told.asked();
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= 25), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_needs_an_operator_halts_at_once() {
    let missing = fault(false).map(|fault| Fault {
        verdict: Verdict::Halt,
        ..fault
    });
    let failure = made(FIREHOSE, &Told::new([missing])).await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt);
}

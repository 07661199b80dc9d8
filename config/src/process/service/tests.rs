//! Signs of life, whatever the time they take.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::*;

const LIMIT: Duration = Duration::from_millis(30);

/// What happens with these answers, one after the other, until there is none any more.
async fn happens(answers: &[&[&str]]) -> Vec<&'static str> {
    let note = |said: &Mutex<Vec<&'static str>>, what| {
        said.lock().unwrap().push(what);
    };
    let (said, over) = (Mutex::new(vec![]), Notify::new());
    let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let answers: Mutex<VecDeque<Vec<String>>> = Mutex::new(answers.iter().map(owned).collect());
    let silent = |patience| {
        assert_eq!(patience, LIMIT / 3);
        note(&said, "asked");
        let answer = answers.lock().unwrap().pop_front();
        let over = &over;
        async move {
            match answer {
                Some(answer) => answer,
                None => {
                    over.notify_one();
                    std::future::pending().await
                }
            }
        }
    };
    tokio::select! {
        () = give_signs(LIMIT, silent, || note(&said, "sign")) => {}
        () = over.notified() => {}
    }
    said.into_inner().unwrap()
}

#[tokio::test]
async fn a_sign_follows_each_question_that_all_parts_have_answered() {
    let happened = happens(&[&[], &[]]).await;
    assert_eq!(happened, ["asked", "sign", "asked", "sign", "asked"]);
}

#[tokio::test]
async fn no_sign_comes_while_a_part_is_silent_and_they_come_again_when_it_answers() {
    let hangs: &[&str] = &["the journal of stream web"];
    let happened = happens(&[&[], hangs, hangs, &[]]).await;
    let expected = ["asked", "sign", "asked", "asked", "asked", "sign", "asked"];
    assert_eq!(happened, expected);
}

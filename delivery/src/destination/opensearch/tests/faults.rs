//! One fault after the other, each met once for certain.

use super::*;

async fn retry(sealed: &Sealed, cluster: &Cluster) {
    let failure = sealed.deliver(cluster, false).await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Retry, "{failure}");
}

/// Only the documents that a busy cluster did not take are sent again.
#[tokio::test]
async fn what_is_too_much_is_sent_again_alone() {
    let (fake, all) = (Fake::default(), rows(10));
    fake.held().faults = [Fault::Busy, Fault::Status(429)].into();
    let cluster = open(&place(&fake.start().await));
    seal_all(&all).delivered(&cluster).await;
    let sent: Vec<_> = fake.held().bulks.iter().map(Vec::len).collect();
    assert_eq!(sent, [10, 5, 5]);
    assert_eq!(fake.sources(), each_once(&all));
}

/// A cluster that stays busy makes the file wait, and what it took is not sent again.
#[tokio::test]
async fn a_busy_cluster_makes_a_file_wait_and_not_begin_anew() {
    let (fake, all) = (Fake::default(), rows(10));
    fake.held().faults = [Fault::Busy].into();
    fake.held().always = Some(Fault::Status(429));
    let cluster = open(&place(&fake.start().await));
    let sealed = seal_all(&all);
    retry(&sealed, &cluster).await;
    fake.held().always = None;
    fake.held().bulks.clear();
    sealed.delivered(&cluster).await;
    assert_eq!(fake.held().bulks.iter().map(Vec::len).sum::<usize>(), 5);
    assert_eq!(fake.sources(), each_once(&all));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved_until_it_fits() {
    let (fake, mut all) = (Fake::default(), rows(64));
    all.push(format!("{{\"large\":\"{}\"}}", "x".repeat(2000)));
    fake.held().limit = Some(1500);
    let cluster = open(&place(&fake.start().await));
    let refused = rejected(seal_all(&all).deliver(&cluster, false).await);
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].0, refused[0].1.code.as_str()), (64, "413"));
    assert_eq!(fake.sources(), each_once(&all[..64]));
    assert_eq!(
        cluster.inner.largest(),
        SMALLEST_BODY,
        "and it is remembered"
    );
}

/// What the cluster refuses, and what is no document, goes with the reason; the others are in.
#[tokio::test]
async fn poison_is_refused_alone() {
    let fake = Fake::default();
    let cluster = open(&place(&fake.start().await));
    let sealed = seal(&[
        "{\"n\":0}",
        "{\"poison\":1}",
        "no object",
        "",
        "[1]",
        "{\"two\":\n 2}",
        "{\"torn\":\"a\nb\"}",
    ]);
    let refused = rejected(sealed.deliver(&cluster, false).await);
    let found: Vec<_> = refused
        .iter()
        .map(|(row, r)| (*row, r.code.as_str()))
        .collect();
    let malformed = "OS.MalformedData";
    let expected = [
        (1, "400"),
        (2, malformed),
        (3, malformed),
        (4, malformed),
        (6, malformed),
    ];
    assert_eq!(found, expected);
    assert!(refused[0].1.message.contains("failed to parse"));
    let expected = ["{\"n\":0}", "{\"two\":  2}"].map(|row| (row.to_owned(), 1));
    assert_eq!(fake.sources(), BTreeMap::from(expected));
}

#[tokio::test]
async fn what_concerns_all_documents_halts() {
    for status in [400, 401, 403, 404] {
        let fake = Fake::default();
        fake.held().faults = [Fault::Status(status)].into();
        let cluster = open(&place(&fake.start().await));
        let failure = seal_all(&rows(3))
            .deliver(&cluster, true)
            .await
            .unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    }
    let fake = Fake::default();
    let cluster = open(&place(&fake.start().await));
    let failure = seal(&["{\"closed\":1}"])
        .deliver(&cluster, true)
        .await
        .unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    assert!(failure.message.contains("blocked"), "{failure}");
}

/// Rule 24, one plain index: sent again, each document is found to be there.
#[tokio::test]
async fn a_lost_answer_makes_no_duplicate() {
    for fault in [Fault::Lost, Fault::LostBefore, Fault::Status(502)] {
        let (fake, all) = (Fake::default(), rows(10));
        fake.held().faults = [fault].into();
        let cluster = open(&place(&fake.start().await));
        let sealed = seal_all(&all);
        retry(&sealed, &cluster).await;
        sealed.delivered(&cluster).await;
        assert_eq!(fake.sources(), each_once(&all));
        assert!(fake.held().gets_after.is_empty(), "nothing has to be asked");
    }
}

/// Rule 24, behind an alias that was rolled over meanwhile: each index is asked, when nothing can
/// be under way any more; also by the next process.
#[tokio::test]
async fn a_lost_answer_and_a_rollover_make_no_duplicate() {
    for restart in [false, true] {
        let (fake, all) = (Fake::default(), rows(10));
        fake.held().backing = vec!["orders-000001".into()];
        fake.held().faults = [Fault::LostAndRolled].into();
        let place = place(&fake.start().await);
        let mut cluster = open(&place);
        let sealed = seal_all(&all);
        retry(&sealed, &cluster).await;
        if restart {
            cluster = open(&place);
        }
        sealed.delivered(&cluster).await;
        assert_eq!(fake.sources(), each_once(&all));
        let held = fake.held();
        assert_eq!(held.backing.len(), 2);
        let early = held
            .gets_after
            .iter()
            .any(|after| *after < 2 * place.timeout());
        assert!(
            !held.gets_after.is_empty() && !early,
            "{:?}",
            held.gets_after
        );
    }
}

#[tokio::test]
async fn what_a_lost_request_did_not_do_is_sent_after_a_rollover() {
    let (fake, all) = (Fake::default(), rows(10));
    fake.held().backing = vec!["orders-000001".into(), "orders-000002".into()];
    fake.held().faults = [Fault::LostBefore].into();
    let cluster = open(&place(&fake.start().await));
    let sealed = seal_all(&all);
    retry(&sealed, &cluster).await;
    sealed.delivered(&cluster).await;
    assert_eq!(fake.sources(), each_once(&all));
}

/// Rule 21: the retry duration is over. What is not there is refused with what was said last.
#[tokio::test]
async fn the_last_try_gives_up_what_is_not_there() {
    let (fake, all) = (Fake::default(), rows(10));
    fake.held().faults = [Fault::Busy].into();
    fake.held().always = Some(Fault::Status(429));
    let cluster = open(&place(&fake.start().await));
    let refused = rejected(seal_all(&all).deliver(&cluster, true).await);
    assert_eq!(refused.len(), 5);
    assert!(refused.iter().all(|(_, reason)| reason.code == "429"));
    let there: Vec<_> = fake.sources().into_keys().collect();
    let odd = |row: &(u64, Reason)| all[row.0 as usize].clone();
    assert!(refused.iter().map(odd).all(|row| !there.contains(&row)));

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let sealed = seal_all(&all);
    let cluster = open(&place(&nobody));
    retry(&sealed, &cluster).await;
    assert!(!sealed.known.lock().unwrap().sent, "nothing was sent");
    assert_eq!(rejected(sealed.deliver(&cluster, true).await).len(), 10);
}

/// Rule 18: what may be there is asked for before it is given up, and what is there is delivered.
#[tokio::test]
async fn what_may_be_there_is_not_given_up() {
    let (fake, all) = (Fake::default(), rows(10));
    fake.held().faults = [Fault::Lost].into();
    let cluster = open(&place(&fake.start().await));
    let sealed = seal_all(&all);
    let failure = sealed.deliver(&cluster, true).await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Retry, "{failure}");
    fake.held().always = Some(Fault::Status(429));
    assert_eq!(sealed.deliver(&cluster, true).await, Ok(Outcome::Delivered));
    assert_eq!(fake.sources(), each_once(&all));
    assert!(!fake.held().gets_after.is_empty());
}

#[tokio::test]
async fn another_node_is_asked_when_one_does_not_answer() {
    let (fake, all) = (Fake::default(), rows(10));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let nodes = vec![nobody, fake.start().await];
    let place = Place { nodes, ..place("") };
    seal_all(&all).delivered(&open(&place)).await;
    assert_eq!(fake.sources(), each_once(&all));
}

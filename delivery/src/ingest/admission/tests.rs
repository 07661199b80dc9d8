use super::*;

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn memory_is_counted_and_comes_back() {
    let admission = Admission::new(100, SHORT);
    let mut grant = admission.take(60).await.unwrap();
    assert_eq!((grant.size(), admission.free()), (60, 40));
    grant.grow_to(90).await.unwrap();
    assert_eq!((grant.size(), admission.free()), (90, 10));
    grant.grow_to(20).await.unwrap();
    assert_eq!(grant.size(), 90, "growing never shrinks");
    grant.shrink_to(10);
    grant.shrink_to(50);
    assert_eq!((grant.size(), admission.free()), (10, 90));
    let permit = grant.into_permit();
    assert_eq!((permit.num_permits(), admission.free()), (10, 90));
    drop(permit);
    assert_eq!(admission.free(), 100);
}

#[tokio::test]
async fn who_cannot_have_memory_now_waits_and_is_then_refused() {
    let admission = Admission::new(100, SHORT);
    let first = admission.take(60).await.unwrap();
    assert_eq!(admission.take(50).await.unwrap_err(), NoMemory::Busy(SHORT));
    let waiting = tokio::spawn({
        let admission = Admission {
            patience: Duration::from_secs(60),
            ..admission.clone()
        };
        async move { admission.take(50).await.map(|grant| grant.size()) }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert_eq!(waiting.await.unwrap(), Ok(50));
}

#[tokio::test]
async fn who_needs_more_than_there_is_does_not_wait() {
    let admission = Admission::new(100, Duration::from_secs(3600));
    let (needed, total) = (101, 100);
    assert_eq!(
        admission.take(101).await.unwrap_err(),
        NoMemory::Never { needed, total }
    );
    let mut grant = admission.take(50).await.unwrap();
    assert_eq!(
        grant.grow_to(101).await,
        Err(NoMemory::Never { needed, total })
    );
    assert_eq!(grant.size(), 50);
}

#[test]
fn the_smallest_legal_memory_admits_the_largest_legal_request() {
    use standpipe_config::limits::MIN_MEMORY;
    let doors = share(MIN_MEMORY);
    assert!(doors >= (MAX_BODY + MAX_INFLATED_BODY) as u64);
    assert!(
        MIN_MEMORY - doors >= 32 * 1024 * 1024,
        "nothing is left for the lanes"
    );
    assert_eq!(share(1 << 30), 1 << 29);
}

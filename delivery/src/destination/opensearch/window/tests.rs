use super::*;

#[tokio::test]
async fn it_opens_slowly_and_closes_quickly() {
    let window = Window::new();
    for _ in 0..200 {
        window.enter().await.well();
    }
    let mut turns = Vec::new();
    while window.try_enter() {
        turns.push(Turn(window.clone()));
    }
    assert_eq!(turns.len(), MOST as usize);
    turns.pop().unwrap().busy();
    turns.pop().unwrap().busy();
    assert_eq!(window.lock().limit, MOST / 4.0);
    assert_eq!(window.lock().under_way, 14);
    turns.drain(..).for_each(Turn::busy);
    assert_eq!(window.lock().limit, 1.0);
    assert_eq!(window.lock().under_way, 0);
}

/// Whoever waits goes on as soon as there is room, also when room came several times at once.
#[tokio::test]
async fn who_waits_gets_a_turn() {
    let window = Window::new();
    let (first, second) = (window.enter().await, window.enter().await);
    let waits: Vec<_> = (0..8)
        .map(|_| {
            let window = window.clone();
            tokio::spawn(async move { window.enter().await.well() })
        })
        .collect();
    tokio::task::yield_now().await;
    drop((first, second));
    for wait in waits {
        wait.await.unwrap();
    }
    assert_eq!(window.lock().under_way, 0);
}

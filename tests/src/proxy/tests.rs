use super::*;

/// A server that answers each byte with the same byte.
fn echo() -> Listener {
    Listener::start(|mut client| {
        thread::spawn(move || std::io::copy(&mut client.try_clone().unwrap(), &mut client));
    })
    .unwrap()
}

fn comes_back(proxy: &Proxy, size: usize) -> bool {
    let mut client = TcpStream::connect(proxy.listener.address()).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut writer = client.try_clone().unwrap();
    let sent = thread::spawn(move || {
        let sent = writer.write_all(&vec![7; size]);
        sent.is_ok() && writer.shutdown(Shutdown::Write).is_ok()
    });
    let mut back = vec![];
    let heard = client.read_to_end(&mut back).is_ok();
    sent.join().unwrap() && heard && back.len() == size
}

#[test]
fn connections_break_until_the_network_heals() {
    let echo = echo();
    let proxy = Proxy::start(echo.address(), Random::seeded(1)).unwrap();
    let whole = (0..30).filter(|_| comes_back(&proxy, 1_000_000)).count();
    let (cut, swallowed) = proxy.faults();
    assert_eq!(
        whole,
        0,
        "each connection meets its fault within {} bytes",
        Temper::WILD.grace
    );
    assert!(cut > 0 && swallowed > 0, "{cut} {swallowed}");
    proxy.heal();
    assert!((0..5).all(|_| comes_back(&proxy, 1_000_000)));
}

#[test]
fn a_kind_network_can_be_gone_for_a_while() {
    let kind = Temper {
        faulty: 0,
        delay: Duration::from_millis(2),
        ..Temper::WILD
    };
    let echo = echo();
    let proxy = Proxy::with(echo.address(), Random::seeded(1), kind).unwrap();
    assert!((0..5).all(|_| comes_back(&proxy, 100_000)));
    proxy.cut_off();
    assert!(!(0..5).any(|_| comes_back(&proxy, 100_000)));
    proxy.restore();
    assert!((0..5).all(|_| comes_back(&proxy, 100_000)));
}

//! The network of these tests does what it is told to: otherwise they show nothing.

use std::net::SocketAddr;
use std::time::Duration;

use pintle_tests::{Direction, Fault, Line, Proxy, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// A server that sends back what it gets, and then ends.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
    address
}

/// Sends a hundred bytes, and gives what comes back until the end, or that there is none.
async fn ask(proxy: &Proxy) -> (Vec<u8>, Option<std::io::Result<usize>>) {
    let mut stream = within("a connection", TcpStream::connect(proxy.address())).await.expect("the proxy accepts");
    let hundred: Vec<u8> = (0..100).collect();
    let _ = stream.write_all(&hundred).await;
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let end = timeout(Duration::from_millis(500), stream.read_to_end(&mut heard)).await.ok();
    assert!(heard.iter().copied().eq(0..heard.len() as u8), "{heard:?}");
    (heard, end)
}

#[tokio::test]
async fn a_connection_fails_where_and_how_it_is_told() {
    let server = echo().await;
    for direction in [Direction::Up, Direction::Down] {
        for fault in [Fault::Cut, Fault::Reset, Fault::HalfClose, Fault::Swallow] {
            let proxy = Proxy::start(server).await;
            proxy.set(direction, Line::new().fails_after(42, fault));
            let (heard, end) = ask(&proxy).await;
            match (fault, direction) {
                // Bytes that are on their way go with the connection.
                (Fault::Cut | Fault::Reset, _) => assert!(heard.len() <= 42, "{fault:?} {direction:?}"),
                _ => assert_eq!(heard.len(), 42, "{fault:?} {direction:?}"),
            }
            match fault {
                Fault::Swallow => assert!(end.is_none(), "{direction:?}: {end:?}"),
                Fault::Reset => assert!(end.is_some_and(|end| end.is_err()), "{direction:?}"),
                Fault::Cut | Fault::HalfClose => assert!(end.is_some(), "{fault:?} {direction:?}"),
            }
        }
    }
}

#[tokio::test]
async fn one_connection_has_lines_of_its_own() {
    let proxy = Proxy::start(echo().await).await;
    proxy.set_nth(1, Direction::Down, Line::new().fails_after(7, Fault::HalfClose));
    for expected in [100, 7, 100] {
        assert_eq!(ask(&proxy).await.0.len(), expected);
    }
    assert_eq!(proxy.connections(), 3);
}

#[tokio::test]
async fn a_slow_line_keeps_the_order_when_it_becomes_quick() {
    let proxy = Proxy::start(echo().await).await;
    let delay = Duration::from_millis(200);
    proxy.set(Direction::Up, Line::new().delayed(delay).in_pieces(1));
    let mut stream = TcpStream::connect(proxy.address()).await.expect("the proxy accepts");
    let begun = Instant::now();
    let mut heard = [0; 2];
    stream.write_all(&[1]).await.expect("it is open");
    // The proxy has it when it has a connection to the server, which takes less than the delay.
    tokio::time::sleep(delay / 2).await;
    proxy.set(Direction::Up, Line::new());
    stream.write_all(&[2]).await.expect("it is open");
    within("both", stream.read_exact(&mut heard)).await.expect("it is open");
    assert_eq!(heard, [1, 2]);
    assert!(begun.elapsed() >= delay);
}

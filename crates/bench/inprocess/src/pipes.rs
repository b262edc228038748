//! Pipes with nobody at their ends: what part of the figures of the layer is theirs.

use bench_pipe::{UPGRADE, frame, pipe};
use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::meter::resident;
use crate::report::{Row, Rows};

/// About what is answered to the request for a WebSocket, open packet included.
const ANSWER: [u8; 300] = [b'x'; 300];

pub(crate) fn measure(sessions: usize) -> Vec<Row> {
    let mut rows = Rows::new("pipes", sessions);
    // So that what the allocator begins with is not put down to the pipes.
    drop(used_pipe());
    let before = resident();
    let pipes: Vec<_> = (0..sessions).map(|_| used_pipe()).collect();
    rows.memory("resident for each pipe, after what opens a session", before, resident());
    drop(pipes);
    rows.finish()
}

/// A pipe that has carried what opens a session.
fn used_pipe() -> (DuplexStream, DuplexStream) {
    let (mut here, mut there) = pipe();
    pass(&mut here, &mut there, UPGRADE);
    pass(&mut there, &mut here, &ANSWER);
    pass(&mut here, &mut there, &frame::text("40"));
    pass(&mut there, &mut here, &frame::answer(r#"40{"sid":"0123456789abcdefghij"}"#));
    (here, there)
}

/// Sends bytes through a pipe.
fn pass(from: &mut DuplexStream, to: &mut DuplexStream, bytes: &[u8]) {
    let mut received = vec![0; bytes.len()];
    from.write_all(bytes).now_or_never().expect("the pipe has room").expect("the pipe is open");
    to.read_exact(&mut received).now_or_never().expect("the bytes are there").expect("the pipe is open");
}

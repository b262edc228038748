//! Numbered events in both directions, to see that none is lost, doubled or out of order.

use axum::extract::State;
use pintle::{Ack, Data, EmitError, Socket};
use serde::Serialize;

use crate::app::App;

/// What one socket's numbers came to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Count {
    /// The number that is due.
    next: u64,
    /// How often another one came.
    faults: u64,
}

pub(crate) async fn number(socket: Socket, State(app): State<App>, Data(number): Data<u64>) {
    app.count(&socket, |count| {
        if number != count.next {
            count.faults += 1;
        }
        count.next = number + 1;
    });
}

pub(crate) async fn count(socket: Socket, State(app): State<App>) -> Ack<Count> {
    Ack(app.count(&socket, |count| *count))
}

/// Emits as many numbers as the client has room for.
pub(crate) async fn more(socket: Socket, Data((from, amount)): Data<(u64, u64)>) -> Result<(), EmitError> {
    for number in from..from + amount {
        socket.emit("number", number)?;
    }
    Ok(())
}

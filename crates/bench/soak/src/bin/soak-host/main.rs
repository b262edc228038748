//! `soak-host`: the server that `bench-soak` loads. It answers each event with a number of its own, so that the client can
//! tell what was lost, doubled or reordered on either way, and shows its gauges at `/gauges`.

mod events;
mod faults;
mod gauges;
mod options;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use pintle::SocketIo;

use crate::events::App;
use crate::options::{Options, USAGE};

fn main() -> io::Result<ExitCode> {
    let Some(options) = Options::from_args() else {
        writeln!(io::stderr(), "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    let app = App::new(options.fault);
    gauges::count_panics(app.counts.clone());
    options.stand.run(async |listener| axum::serve(listener, router(&options, app)).await)?;
    Ok(ExitCode::SUCCESS)
}

fn router(options: &Options, app: App) -> Router {
    let realtime = events::realtime(options).with_state(app.clone());
    let gauges = {
        let (counts, io) = (app.counts, realtime.io());
        get(move || async move { Json(gauges::read(&io, &counts)) })
    };
    Router::new()
        .route("/gauges", gauges)
        .route("/stall/{milliseconds}", get(stall))
        .route("/close", get(close))
        .layer(realtime)
}

/// Blocks a worker: what a handler does that forgets that it is async.
async fn stall(Path(milliseconds): Path<u64>) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// Closes the server, and says how many milliseconds that took.
async fn close(io: SocketIo) -> String {
    let start = Instant::now();
    io.close().await;
    start.elapsed().as_millis().to_string()
}

//! Layers of tower around the handlers of events: what no other server has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pintle::{Ack, BoxError, ClientError, Data, HandlerError, HandlerErrorKind, Namespace};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;

use crate::stage::{BOTH, Stage, notes, realtime};

#[tokio::test]
async fn s_52_a_timeout_ends_a_handler_that_takes_too_long() {
    let (told, mut heard) = notes();
    let custom = Namespace::new()
        .layer(TimeoutLayer::new(Duration::from_millis(50)))
        .on("slow", async || std::future::pending::<()>().await)
        .on("quick", async || Ack("done"))
        .on_error(async move |error: HandlerError| told.say((error.kind(), error.to_string())));
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let body = "const socket = await connect('/custom');
            return Promise.all([socket.emitWithAck('slow'), socket.emitWithAck('quick')]);";
        assert_eq!(stage.run(body).await, json!([{ "message": "internal error" }, "done"]));
        let (kind, error) = heard.next().await;
        assert_eq!(kind, HandlerErrorKind::Layer);
        assert!(error.contains("timed out"), "{error}");
    }
}

#[tokio::test]
async fn s_52_a_layer_can_say_to_the_client_what_went_wrong() {
    let explain = |error: BoxError| ClientError::new("too slow").with_data(50).with_source(error);
    let layer = ServiceBuilder::new().map_err(explain).timeout(Duration::from_millis(50));
    let realtime = realtime().event_layer(layer).on("slow", async || std::future::pending::<()>().await);
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let answer = stage.run("return (await connect()).emitWithAck('slow')").await;
    assert_eq!(answer, json!({ "message": "too slow", "data": 50 }));
}

#[tokio::test]
async fn s_52_a_rate_is_limited_for_each_socket_by_itself_and_events_keep_their_order() {
    const PERIOD: Duration = Duration::from_millis(200);
    let (told, mut heard) = notes();
    let custom =
        Namespace::new().layer(RateLimitLayer::new(2, PERIOD)).on("number", async move |Data(number): Data<u32>| {
            told.say(number);
            Ack(())
        });
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    stage.run("kept.sockets = [await connect('/custom'), await connect('/custom')];").await;
    let begun = Instant::now();
    // Six of each of the two: in three periods, whatever the other does.
    let body = "await Promise.all(kept.sockets.flatMap((socket, which) =>
        [1, 2, 3, 4, 5, 6].map((number) => socket.emitWithAck('number', 10 * which + number))));";
    stage.run(body).await;
    assert!(begun.elapsed() >= 2 * PERIOD, "{:?}", begun.elapsed());
    let (second, first): (Vec<_>, Vec<_>) = heard.all().into_iter().partition(|number| *number > 10);
    assert_eq!((first, second), (vec![1, 2, 3, 4, 5, 6], vec![11, 12, 13, 14, 15, 16]));
}

/// How many handlers ran at a time, at most, when two sockets asked five times each; they end when all that may have begun.
async fn most_at_a_time(layered: impl FnOnce(Namespace) -> Namespace, expected: usize) -> Option<usize> {
    let running = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), Semaphore::new(0)));
    let handler = {
        let running = running.clone();
        async move || {
            let (now, most, end) = &*running;
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if now.load(Ordering::SeqCst) == expected {
                end.add_permits(10);
            }
            end.acquire().await.expect("never closed").forget();
            now.fetch_sub(1, Ordering::SeqCst);
            // Whoever comes next is not held up any more.
            end.add_permits(1);
            Ack(())
        }
    };
    let custom = layered(Namespace::new()).on("work", handler);
    let mut stage = Stage::open(realtime().namespace("/custom", custom)).await?;
    stage
        .run(
            "const sockets = [await connect('/custom'), await connect('/custom')];
            await Promise.all(sockets.flatMap((socket) => [1, 2, 3, 4, 5].map(() => socket.emitWithAck('work'))));",
        )
        .await;
    Some(running.1.load(Ordering::SeqCst))
}

#[tokio::test]
async fn s_52_concurrency_is_limited_for_each_socket_or_for_all_together() {
    let each = most_at_a_time(|namespace| namespace.layer(ConcurrencyLimitLayer::new(2)), 4).await;
    assert!(each.is_none_or(|most| most == 4), "{each:?}");
    let all = most_at_a_time(|namespace| namespace.layer(GlobalConcurrencyLimitLayer::new(2)), 2).await;
    assert!(all.is_none_or(|most| most == 2), "{all:?}");
}

#[tokio::test]
async fn s_52_what_is_too_much_can_be_turned_away_at_once() {
    let end = Arc::new(Semaphore::new(0));
    let handler = {
        let end = end.clone();
        async move || {
            end.acquire().await.expect("never closed").forget();
            Ack("done")
        }
    };
    let (told, mut heard) = notes();
    // The layer that is added last sees an event first.
    let custom = Namespace::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(LoadShedLayer::new())
        .on("work", handler)
        .on_error(async move |error: HandlerError| told.say(error.to_string()));
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    let turned_away = stage
        .run(
            "const socket = await connect('/custom');
            kept.first = socket.emitWithAck('work');
            kept.socket = socket;
            return [await socket.emitWithAck('work'), await socket.emitWithAck('work')];",
        )
        .await;
    let internal = json!({ "message": "internal error" });
    assert_eq!(turned_away, json!([internal, internal]));
    for _ in 0..2 {
        let error = heard.next().await;
        assert!(error.contains("overloaded"), "{error}");
    }
    end.add_permits(2);
    let done = stage.run("return [await kept.first, await kept.socket.emitWithAck('work')]").await;
    assert_eq!(done, json!(["done", "done"]));
}

#[tokio::test]
async fn s_52_a_layer_sees_events_that_nobody_handles() {
    let (told, mut heard) = notes();
    let layer = tower::layer::layer_fn(move |inner: pintle::EventService| {
        let told = told.clone();
        tower::util::MapRequest::new(inner, move |request: pintle::EventRequest| {
            told.say((request.event().to_owned(), request.is_handled()));
            request
        })
    });
    let custom = Namespace::new().layer(layer).on("handled", async || Ack(()));
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    stage
        .run("const socket = await connect('/custom'); socket.emit('unknown'); await socket.emitWithAck('handled');")
        .await;
    assert_eq!(heard.all(), [("unknown".to_owned(), false), ("handled".to_owned(), true)]);
}

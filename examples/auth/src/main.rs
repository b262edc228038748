//! Who may connect, and where to: JSON Web Tokens, which `POST /login` gives out, looked at in two places.
//!
//! 1. At the HTTP handshake: [`require_user`] is an axum middleware, and covers REST routes and Socket.IO alike. Who has no
//!    token gets a 401 and not even a session. What it finds out, handlers get with axum's `Extension`.
//! 2. At a namespace: [`require_admin`] looks at the client's `auth`. It lets nobody into `/admin` but admins, and says why
//!    in the client's `connect_error`; the connection and its other namespaces stay. What it finds out, the namespace's
//!    handlers get in the same way.
//!
//! A browser cannot set headers on a WebSocket. For pages, 1. reads a cookie instead, or 2. is all there is.
//!
//! To try it: `cargo run -p example-auth`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const url = "http://localhost:3000", headers = { "content-type": "application/json" };
//! const body = JSON.stringify({ name: "ada", password: "analytical engine" });
//! const { token } = await fetch(`${url}/login`, { method: "POST", headers, body }).then((response) => response.json());
//! const options = { extraHeaders: { authorization: `Bearer ${token}` }, auth: { token } };
//! io(url, options).on("announcement", console.log).emit("who am i", console.log);
//! io(`${url}/admin`, options).on("connect_error", console.log).emit("announce", "it works");
//! ```

mod login;
mod token;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use pintle::{Ack, Auth, ClientError, Data, EmitError, Namespace, Socket, SocketIo, SocketIoLayer};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::token::{Claims, Keys, Role};

fn app(keys: Keys) -> Router {
    let realtime = SocketIoLayer::new()
        .on_connect(expire)
        .on("who am i", async |Extension(user): Extension<Claims>| Ack(user.sub))
        .namespace("/admin", Namespace::new().middleware(require_admin).on_connect(expire).on("announce", announce))
        .with_state(keys.clone());
    Router::new()
        .route("/me", get(async |Extension(user): Extension<Claims>| user.sub))
        .layer(realtime)
        // Outside of Socket.IO, so that it comes first.
        .layer(from_fn_with_state(keys.clone(), require_user))
        // After the layers, so that neither is around it: who logs in has no token yet.
        .route("/login", post(login::login))
        .with_state(keys)
}

/// 1. Every request that is under it needs a token.
async fn require_user(State(keys): State<Keys>, mut request: Request, next: Next) -> Response {
    let Some(user) = bearer(request.headers()).and_then(|token| keys.verify(token).ok()) else {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    };
    request.extensions_mut().insert(user);
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    token: String,
}

/// 2. The admins' namespace wants to see a token itself: one of the same user, and of an admin.
///
/// For this socket's handlers it takes the place of what the handshake said, so that none of them verifies it again.
async fn require_admin(
    socket: Socket,
    State(keys): State<Keys>,
    Extension(user): Extension<Claims>,
    Auth(Credentials { token }): Auth<Credentials>,
) -> Result<(), ClientError> {
    let no = |data| Err(ClientError::new("not authorized").with_data(data));
    match keys.verify(&token) {
        Err(_) => no(json!({ "code": "invalid_token" })),
        Ok(admin) if admin.sub != user.sub => no(json!({ "code": "other_user" })),
        Ok(admin) if admin.role != Role::Admin => no(json!({ "code": "wrong_role", "needs": Role::Admin })),
        Ok(admin) => {
            socket.set_extension(admin);
            Ok(())
        }
    }
}

/// From `/admin` to everybody in `/`, which is where `SocketIo` speaks to.
async fn announce(
    io: SocketIo,
    Extension(admin): Extension<Claims>,
    Data(text): Data<String>,
) -> Result<Ack<()>, EmitError> {
    io.emit("announcement", (admin.sub, text)).map(Ack)
}

/// A WebSocket is one request, whose token is looked at once. So who stays for longer than it is good for is sent away.
///
/// The task keeps the socket's id rather than the socket, which may be gone long before.
async fn expire(socket: Socket, Extension(user): Extension<Claims>) {
    let one = socket.everybody().in_(socket.id());
    tokio::spawn(async move {
        tokio::time::sleep(user.remaining()).await;
        one.close_connections();
    });
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = app(Keys::random()?);
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

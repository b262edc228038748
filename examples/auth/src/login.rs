//! The way to a token.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::token::{Keys, Role};

/// How long a token is good for, at most.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A real app has them in a database, with passwords that are hashed.
const USERS: [(&str, &str, Role); 2] =
    [("ada", "analytical engine", Role::Admin), ("ben", "lightning rod", Role::Member)];

#[derive(Deserialize)]
pub(crate) struct Login {
    name: String,
    password: String,
    /// Who wants a token for a shorter time gets it.
    seconds: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
}

/// A name and a password in, a token out.
pub(crate) async fn login(State(keys): State<Keys>, Json(login): Json<Login>) -> Result<Json<Token>, StatusCode> {
    let known = USERS.iter().find(|(name, password, _)| *name == login.name && *password == login.password);
    let &(name, _, role) = known.ok_or(StatusCode::UNAUTHORIZED)?;
    let lifetime = login.seconds.map_or(LIFETIME, Duration::from_secs).min(LIFETIME);
    let token = keys.sign(name, role, lifetime).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    Ok(Json(Token { token }))
}

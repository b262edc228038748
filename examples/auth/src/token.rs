//! JSON Web Tokens: who somebody is, signed by this server.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};

/// What a token says.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Claims {
    /// The user's name.
    pub(crate) sub: String,
    pub(crate) role: Role,
    /// When it ends, in seconds since 1970.
    exp: u64,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Admin,
    Member,
}

impl Claims {
    /// How long it is still good for: to the end of its last second, or who is sent away then could come right back.
    pub(crate) fn remaining(&self) -> Duration {
        Duration::from_secs((self.exp + 1).saturating_sub(get_current_timestamp()))
    }
}

/// The secret, in the forms it is needed in.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Inner>);

struct Inner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// A secret that nobody knows. It is gone with the process, and so are the tokens; a real app reads it from somewhere.
    pub(crate) fn random() -> io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        // No other algorithm is accepted, whatever the token says of itself.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        Ok(Self(Arc::new(Inner {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            validation,
        })))
    }

    pub(crate) fn sign(&self, user: &str, role: Role, lifetime: Duration) -> Result<String, Error> {
        let claims = Claims { sub: user.to_owned(), role, exp: get_current_timestamp() + lifetime.as_secs() };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.encoding)
    }

    /// What the token says, if it is one of ours and has not ended.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Error> {
        jsonwebtoken::decode(token, &self.0.decoding, &self.0.validation).map(|token| token.claims)
    }
}

//! Why there is no dish.

use pintle::{ClientError, IntoAckError};
use serde::Serialize;

/// An error of the app's own.
#[derive(Debug)]
pub(crate) enum OrderError {
    /// It is not on the menu.
    Unknown(String),
    SoldOut {
        instead: &'static str,
    },
}

/// Its public face: a message for people, and data for programs. The client gets `{ message, data }`; nothing of the error
/// is told that is not told here.
impl IntoAckError for OrderError {
    fn into_ack_error(self) -> ClientError {
        match self {
            Self::Unknown(dish) => ClientError::new(format!("there is no {dish}")),
            Self::SoldOut { instead } => ClientError::new("sold out").with_data(Hint { instead }),
        }
    }
}

#[derive(Serialize)]
struct Hint {
    instead: &'static str,
}

//! The parameters of a dynamic namespace.

mod de;

use serde::de::DeserializeOwned;

use self::de::ParamsError;
use super::{EventParts, FromEventParts};
use crate::error::ClientError;
use crate::pattern::ParamValues;
use crate::quoted;

/// The parameters of a dynamic namespace such as `/tenant/{id}`, read into `T`, as axum's `Path` reads those of a route.
///
/// - A struct or a map takes them by their names, a tuple or a `Vec` by their order, anything else the only one.
/// - A number, a `bool`, a `char` and an enum of names are read from the text; what reads strings gets it as it was sent.
///   Nothing is percent-decoded.
///
/// ```
/// use pintle::{Namespace, Params, Socket, SocketIoLayer};
///
/// #[derive(serde::Deserialize)]
/// struct Desk { tenant: u32, desk: String }
///
/// async fn tenant(socket: Socket, Params(id): Params<u32>) {
///     println!("{} is of tenant {id}", socket.id());
/// }
/// async fn desk(Params(Desk { tenant, desk }): Params<Desk>) {
///     println!("the {desk} desk of tenant {tenant}");
/// }
///
/// let layer: SocketIoLayer = SocketIoLayer::new()
///     .namespace("/tenant/{id}", Namespace::new().on_connect(tenant))
///     .namespace("/tenant/{tenant}/{desk}", Namespace::new().on_connect(desk));
/// # let _ = layer;
/// ```
///
/// # Rejections
///
/// A text that is no number where one is wanted is the client's mistake: it is told `invalid namespace parameters`. A `T`
/// that no name of the namespace can become, and a namespace without parameters, are the server's: the client is told
/// `internal error`, and the log what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromEventParts<S> for Params<T> {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        let socket = parts.socket();
        read(socket.namespace(), socket.params()).map(Self)
    }
}

pub(super) fn read<T: DeserializeOwned>(namespace: &str, params: Option<&ParamValues>) -> Result<T, ClientError> {
    let name = quoted::name(namespace);
    let Some(params) = params else {
        tracing::error!(namespace = ?name, "Params was asked for in a namespace without parameters");
        return Err(ClientError::unexplained());
    };
    de::from_params(params).map_err(|error| match error {
        ParamsError::Value(error) => {
            tracing::debug!(namespace = ?name, ?error, "the parameters of a namespace are not of the wanted type");
            ClientError::new("invalid namespace parameters")
        }
        ParamsError::Type(error) => {
            tracing::error!(namespace = ?name, ?error, "no parameters of the namespace can become what was asked for");
            ClientError::unexplained()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;

    fn told<T: DeserializeOwned>(pattern: &str, namespace: &str) -> Option<String> {
        let params = Pattern::parse(pattern).unwrap().matches(namespace).unwrap();
        read::<T>(namespace, Some(&params)).err().map(|error| error.message().to_owned())
    }

    #[test]
    fn the_client_is_told_of_its_own_mistakes_only() {
        assert_eq!(told::<u8>("/{id}", "/7"), None);
        assert_eq!(told::<u8>("/{id}", "/300").unwrap(), "invalid namespace parameters");
        assert_eq!(told::<(u8, u8)>("/{id}", "/7").unwrap(), "internal error");
        assert_eq!(read::<u8>("/", None).unwrap_err().message(), "internal error");
    }
}

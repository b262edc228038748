//! What an app keeps with a socket.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The value behind Node's `socket.data`: one for each socket, of any type that can be written as JSON. A clone shares it.
///
/// What reads and writes it is the user's code: clone it out of a lock first.
#[derive(Clone)]
pub(crate) struct SocketData(Arc<dyn Value>);

impl SocketData {
    pub(crate) fn new<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value as a `T`, if it is one. See [`get`](Self::get).
    pub(crate) fn read<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.get().inspect_err(|error| tracing::debug!(%error, "the data of a socket is another type's")).ok()
    }

    /// The value as a `T`. If that is the type that was put in, it is the value itself; any other is read from the value's
    /// JSON, each time anew.
    fn get<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, DataError> {
        let value: Arc<dyn Any + Send + Sync> = self.0.clone();
        value.downcast().or_else(|_| {
            let json = self.to_json().map_err(|source| DataError { wanted: None, source })?;
            let value = serde_json::from_str(json.get());
            value.map(Arc::new).map_err(|source| DataError { wanted: Some(type_name::<T>()), source })
        })
    }

    /// What others see of it: the nodes of a cluster, and the admin page.
    pub(crate) fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        self.0.to_json()
    }

    /// Whether both are the same value, not only equal ones.
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(&other.0))
    }
}

/// It may be long and secret.
impl fmt::Debug for SocketData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketData").finish_non_exhaustive()
    }
}

/// Any type that can be written as JSON.
trait Value: Any + Send + Sync {
    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error>;
}

impl<T: Serialize + Any + Send + Sync> Value for T {
    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(self)
    }
}

/// Why the data of a socket is not what was asked for.
#[derive(Debug)]
pub(crate) struct DataError {
    /// `None` if it did not even come to reading the JSON.
    wanted: Option<&'static str>,
    source: serde_json::Error,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wanted {
            Some(wanted) => write!(f, "the data of the socket is no `{wanted}`: {}", self.source),
            None => write!(f, "the data of the socket cannot be written as JSON: {}", self.source),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::{Deserialize, Serializer};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct User {
        name: String,
        #[serde(skip)]
        clicks: u32,
    }

    /// Has no JSON.
    #[derive(Debug, Deserialize)]
    struct Mute;

    impl Serialize for Mute {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not a word"))
        }
    }

    fn ada() -> SocketData {
        SocketData::new(User { name: "Ada".to_owned(), clicks: 3 })
    }

    #[test]
    fn its_own_type_is_the_value_itself() {
        let data = ada();
        let user = data.get::<User>().unwrap();
        // JSON would have lost this.
        assert_eq!(user.clicks, 3);
        assert!(Arc::ptr_eq(&user, &data.clone().get::<User>().unwrap()));
        // No JSON is needed for it either.
        assert!(SocketData::new(Mute).get::<Mute>().is_ok());
    }

    #[test]
    fn another_type_is_read_from_the_json() {
        let map = ada().get::<HashMap<String, String>>().unwrap();
        assert_eq!(*map, HashMap::from([("name".to_owned(), "Ada".to_owned())]));
    }

    #[test]
    fn it_travels_as_json() {
        let json = ada().to_json().unwrap();
        assert_eq!(json.get(), r#"{"name":"Ada"}"#);
        let remote = SocketData::new(json);
        assert_eq!(*remote.get::<User>().unwrap(), User { name: "Ada".to_owned(), clicks: 0 });
        assert_eq!(remote.to_json().unwrap().get(), r#"{"name":"Ada"}"#);
        assert_eq!(remote.get::<Box<RawValue>>().unwrap().get(), r#"{"name":"Ada"}"#);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let error = ada().get::<Vec<u8>>().unwrap_err();
        assert!(error.to_string().starts_with("the data of the socket is no `alloc::vec::Vec<u8>`: invalid type: map"));

        let error = SocketData::new(Mute).get::<User>().unwrap_err();
        assert_eq!(error.to_string(), "the data of the socket cannot be written as JSON: not a word");
    }

    #[test]
    fn equal_values_are_not_the_same_one() {
        let data = ada();
        assert!(data.ptr_eq(&data.clone()));
        assert!(!data.ptr_eq(&ada()));
        assert!(!SocketData::new(()).ptr_eq(&SocketData::new(())));
    }

    #[test]
    fn it_is_not_printed() {
        assert!(!format!("{:?}", ada()).contains("Ada"));
    }
}

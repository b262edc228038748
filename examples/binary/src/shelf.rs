//! Where files are kept: in memory, so there are few of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use pintle::{ClientError, SocketId};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{Piece, Progress};

/// The most bytes of a file, and the most files. Nothing that a client sends is kept without a limit.
const MAX_SIZE: usize = 16 << 20;
const MAX_FILES: usize = 64;

/// The files, and those that are on their way. Clones are handles to the same shelf.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    files: HashMap<String, File>,
    /// One of each client, so that what is left unfinished is bounded, and gone with the client.
    uploads: HashMap<SocketId, Upload>,
}

#[derive(Clone, Serialize)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: Bytes,
}

struct Upload {
    name: String,
    size: usize,
    received: BytesMut,
    /// Of what has been received: so no handler computes for long, as it would with the whole file at the end.
    hash: Sha256,
}

impl Shelf {
    /// Adds a piece to a file; one at the start begins anew.
    pub(crate) fn add(&self, from: SocketId, piece: &Piece) -> Result<Progress, ClientError> {
        let Piece { name, size, offset, bytes } = piece;
        if *size > MAX_SIZE {
            return Err(ClientError::new("the file is too large").with_data(MAX_SIZE));
        }
        let mut contents = self.lock();
        if *offset == 0 {
            contents.uploads.insert(from, Upload::new(name, *size));
        }
        let upload = contents.uploads.get_mut(&from).ok_or(ClientError::new("begin with the first piece"))?;
        let expected = upload.received.len();
        if upload.name != *name || upload.size != *size || expected != *offset || bytes.len() > size - offset {
            // Where to go on, for a client that has lost the thread.
            return Err(ClientError::new("this is not the next piece").with_data(expected));
        }
        upload.hash.update(bytes);
        upload.received.extend_from_slice(bytes);
        let received = upload.received.len();
        if received < *size {
            return Ok(Progress { received, sha256: None });
        }
        let sha256 = Bytes::copy_from_slice(&upload.hash.finalize_reset());
        let bytes = std::mem::take(&mut upload.received).freeze();
        contents.uploads.remove(&from);
        if contents.files.len() >= MAX_FILES && !contents.files.contains_key(name) {
            return Err(ClientError::new("the shelf is full"));
        }
        contents.files.insert(name.clone(), File { bytes, sha256: sha256.clone() });
        Ok(Progress { received, sha256: Some(sha256) })
    }

    pub(crate) fn get(&self, name: &str) -> Option<File> {
        self.lock().files.get(name).cloned()
    }

    /// Forgets what a client has begun.
    pub(crate) fn forget(&self, client: SocketId) {
        self.lock().uploads.remove(&client);
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    fn new(name: &str, size: usize) -> Self {
        Self { name: name.to_owned(), size, received: BytesMut::new(), hash: Sha256::new() }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&Sha256::digest(bytes))
}

//! Bodies as they arrive, within bounds on what they may keep of the memory.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body of a caller who is not known, and of small requests: passwords, directives.
pub(crate) const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// The largest body there is: far above any command, some ten thousand packets of an import.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What all bodies over the small limit may hold together.
const LARGE_BYTES_MAX: usize = 8 * BODY_BYTES_MAX;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError<E> {
    /// It is longer than allowed.
    TooLarge,
    /// The client stopped sending, or too many others send large ones.
    Incomplete,
    /// This caller may not send a large one.
    Refused(E),
}

/// Room for large bodies, shared by all requests.
pub(crate) struct Bodies(Arc<Semaphore>);

/// A body in memory; what it takes there is free again when this is dropped.
pub(crate) struct Buffered {
    pub(crate) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_BYTES_MAX)))
    }

    /// Reads a body; `admit` is asked before any of it over the small limit is kept.
    pub(crate) async fn read<E>(
        &self,
        body: Body,
        admit: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Buffered, BodyError<E>> {
        let hint = body.size_hint();
        let announced =
            hint.exact().map_or(BODY_BYTES_MAX, |size| size.try_into().unwrap_or(usize::MAX));
        let mut stream = Chunks::new(body);
        let read = async {
            let mut start = Bytes::new();
            if hint.lower() <= SMALL_BODY_BYTES_MAX as u64 {
                start = stream.gather(Bytes::new(), SMALL_BODY_BYTES_MAX).await?;
                if stream.is_done() {
                    return Ok(Buffered { bytes: start, _room: None });
                }
            }
            admit().await.map_err(BodyError::Refused)?;
            if announced > BODY_BYTES_MAX {
                return Err(BodyError::TooLarge);
            }
            // All at once: requests that each held a part and waited for more would wait for ever.
            let room = self.0.clone().acquire_many_owned(announced as u32).await;
            let bytes = stream.gather(start, BODY_BYTES_MAX).await?;
            if !stream.is_done() {
                return Err(BodyError::TooLarge);
            }
            Ok(Buffered { bytes, _room: room.ok() })
        };
        let read = within_time(read).await;
        if matches!(read, Err(BodyError::TooLarge | BodyError::Refused(_))) {
            stream.discard().await;
        }
        read
    }
}

/// Reads the body of a small request, or refuses it without a body of its own.
pub(crate) async fn read_small(body: Body) -> Result<Bytes, Response> {
    let mut stream = Chunks::new(body);
    let read = stream.gather::<Infallible>(Bytes::new(), SMALL_BODY_BYTES_MAX);
    match within_time(read).await {
        Ok(bytes) if stream.is_done() => Ok(bytes),
        Ok(_) => {
            stream.discard().await;
            Err(StatusCode::PAYLOAD_TOO_LARGE.into_response())
        }
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

async fn within_time<T, E>(
    read: impl Future<Output = Result<T, BodyError<E>>>,
) -> Result<T, BodyError<E>> {
    tokio::time::timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(BodyError::Incomplete))
}

/// A body chunk by chunk.
struct Chunks {
    stream: axum::body::BodyDataStream,
    /// The chunk that did not fit any more.
    over: Option<Bytes>,
    done: bool,
}

impl Chunks {
    fn new(body: Body) -> Self {
        Self { stream: body.into_data_stream(), over: None, done: false }
    }

    /// Returns whether the whole body was handed out.
    fn is_done(&self) -> bool {
        self.done
    }

    /// Goes on from `start` until the end of the body, or until the next chunk would go over
    /// `limit`.
    ///
    /// A body in one chunk is not copied. Several are, because a chunk of one byte keeps the
    /// buffer it was received in.
    async fn gather<E>(&mut self, start: Bytes, limit: usize) -> Result<Bytes, BodyError<E>> {
        let mut first = start;
        let mut rest: Option<BytesMut> = None;
        loop {
            let chunk = match self.over.take() {
                Some(chunk) => chunk,
                None => match self.stream.next().await {
                    Some(chunk) => chunk.map_err(|_| BodyError::Incomplete)?,
                    None => {
                        self.done = true;
                        break;
                    }
                },
            };
            let so_far = rest.as_ref().map_or(first.len(), BytesMut::len);
            if so_far + chunk.len() > limit {
                self.over = Some(chunk);
                break;
            }
            match &mut rest {
                Some(rest) => rest.extend_from_slice(&chunk),
                None if first.is_empty() => first = chunk,
                None => {
                    let mut all = BytesMut::from(std::mem::take(&mut first));
                    all.extend_from_slice(&chunk);
                    rest = Some(all);
                }
            }
        }
        Ok(rest.map_or(first, BytesMut::freeze))
    }

    /// Reads on without keeping anything, within bounds: a client that is cut off in the middle of
    /// sending does not see why.
    async fn discard(&mut self) {
        let mut left = 2 * BODY_BYTES_MAX;
        let all = async {
            while let Some(Ok(chunk)) = self.stream.next().await {
                if chunk.len() > left {
                    break;
                }
                left -= chunk.len();
            }
        };
        // Whoever is slow even so is cut off.
        let _ = tokio::time::timeout(BODY_TIMEOUT, all).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn chunked(chunks: usize, size: usize) -> Body {
        let chunks = (0..chunks).map(move |_| Ok::<_, Infallible>(Bytes::from(vec![7; size])));
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    async fn read(bodies: &Bodies, body: Body, known: bool) -> Result<usize, BodyError<()>> {
        let admit = async || if known { Ok(()) } else { Err(()) };
        bodies.read(body, admit).await.map(|read| read.bytes.len())
    }

    #[tokio::test]
    async fn only_who_is_known_sends_large_bodies() {
        let bodies = Bodies::new();
        for whole in [0, 1, SMALL_BODY_BYTES_MAX] {
            assert_eq!(read(&bodies, vec![0; whole].into(), false).await, Ok(whole));
        }
        assert_eq!(read(&bodies, chunked(64, 1024), false).await, Ok(SMALL_BODY_BYTES_MAX));
        for body in [vec![0; SMALL_BODY_BYTES_MAX + 1].into(), chunked(65, 1024)] {
            assert_eq!(read(&bodies, body, false).await, Err(BodyError::Refused(())));
        }
        assert_eq!(read(&bodies, chunked(65, 1024), true).await, Ok(65 * 1024));
        assert_eq!(read(&bodies, vec![0; BODY_BYTES_MAX].into(), true).await, Ok(BODY_BYTES_MAX));
        for body in [vec![0; BODY_BYTES_MAX + 1].into(), chunked(17, 1 << 20)] {
            assert_eq!(read(&bodies, body, true).await, Err(BodyError::TooLarge));
        }
        assert_eq!(bodies.0.available_permits(), LARGE_BYTES_MAX);
    }

    #[tokio::test]
    async fn large_bodies_wait_for_room() {
        let bodies = Bodies::new();
        let mut held = Vec::new();
        for _ in 0..8 {
            let read = bodies.read(vec![0; BODY_BYTES_MAX].into(), async || Ok::<_, ()>(())).await;
            held.push(read.unwrap_or_else(|error| panic!("{error:?}")));
        }
        let waiting = read(&bodies, vec![0; SMALL_BODY_BYTES_MAX + 1].into(), true);
        let mut waiting = std::pin::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(read(&bodies, vec![0; 10].into(), false).await, Ok(10), "small ones do not");
        held.pop();
        assert_eq!(waiting.await, Ok(SMALL_BODY_BYTES_MAX + 1));
    }
}

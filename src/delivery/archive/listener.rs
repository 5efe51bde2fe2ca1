//! Connections with mutual TLS, each with limits of its own: nobody can hold the archive by being slow.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::AbortHandle,
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Limits, metrics::Metrics};

/// Hands over connections whose handshake is done. Handshakes run beside each other, so a slow one delays no other.
pub struct TlsListener {
    ready: mpsc::Receiver<Connection>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl TlsListener {
    /// Begins to accept; must be called inside the runtime.
    pub fn start(socket: TcpListener, tls: TlsAcceptor, limits: Limits, address: SocketAddr, metrics: Arc<Metrics>) -> Self {
        let (sender, ready) = mpsc::channel(1);
        let accepting = tokio::spawn(accept(socket, tls, limits, sender, metrics)).abort_handle();
        Self { ready, address, accepting }
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => (connection, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(socket: TcpListener, tls: TlsAcceptor, limits: Limits, sender: mpsc::Sender<Connection>, metrics: Arc<Metrics>) {
    let room = Arc::new(Semaphore::new(limits.connections));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = socket.accept().await else {
            // Out of file descriptors, or a connection that ended at once: others may come through a little later.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (tls, sender, metrics) = (tls.clone(), sender.clone(), Arc::clone(&metrics));
        tokio::spawn(async move {
            // A handshake that fails was no station of ours, and one that does not end is given up.
            if let Ok(Ok(stream)) = timeout(limits.handshake, tls.accept(stream)).await {
                drop(sender.send(Connection::new(stream, limits, permit)).await);
            } else {
                metrics.handshake_failed();
            }
        });
    }
}

/// A TLS connection that ends when the other side is quiet for too long or the connection is too old.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    quiet_for: Duration,
    quiet: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TlsStream<TcpStream>, limits: Limits, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            quiet_for: limits.quiet,
            quiet: Box::pin(sleep(limits.quiet)),
            end: Box::pin(sleep(limits.connection)),
            _permit: permit,
        }
    }

    /// The outcome of an operation on the stream, unless the time is up.
    fn in_time<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if outcome.is_ready() {
            let next = Instant::now() + self.quiet_for;
            self.quiet.as_mut().reset(next);
            return outcome;
        }
        ready!(self.quiet.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.in_time(context, outcome)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.in_time(context, outcome)
    }
}

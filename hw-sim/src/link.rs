//! The shop's line to the world, with a switch: a small TCP relay on loopback that can be cut and mended.
//!
//! Cutting drops every open connection at once, in the middle of whatever it carried, and refuses new ones; that
//! is what a router without power looks like from the device.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A relay and its switch. Dropping it ends the relay and its connections.
pub struct Link {
    address: SocketAddr,
    is_up: watch::Sender<bool>,
    relay: tokio::task::JoinHandle<()>,
}

impl Link {
    /// Relays a free port of loopback to `target`; the link is up.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (is_up, seen) = watch::channel(true);
        let relay = tokio::spawn(accept(listener, target, seen));
        Ok(Self { address, is_up, relay })
    }

    /// Where the device connects.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Pulls the cable, or puts it back.
    pub fn set_up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }

    /// Whether the link carries anything.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.is_up.borrow()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, is_up: watch::Receiver<bool>) {
    while let Ok((device, _)) = listener.accept().await {
        if *is_up.borrow() {
            tokio::spawn(relay(device, target, is_up.clone()));
        }
    }
}

async fn relay(mut device: TcpStream, target: SocketAddr, mut is_up: watch::Receiver<bool>) {
    let Ok(mut collector) = TcpStream::connect(target).await else { return };
    tokio::select! {
        // Either end hanging up is the end of the connection, as on any wire.
        _ = tokio::io::copy_bidirectional(&mut device, &mut collector) => {}
        _ = is_up.wait_for(|is_up| !is_up) => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_cut_ends_what_is_open_and_refuses_what_is_new() {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link::to(echo.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut peer, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = peer.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        let mut device = TcpStream::connect(link.address()).await.unwrap();
        let mut byte = [0; 1];
        device.write_all(b"a").await.unwrap();
        device.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"a");

        link.set_up(false);
        assert_eq!(device.read(&mut byte).await.unwrap_or(0), 0, "the open connection ends");
        let mut refused = TcpStream::connect(link.address()).await.unwrap();
        assert_eq!(refused.read(&mut byte).await.unwrap_or(0), 0, "a new one gets nowhere");

        link.set_up(true);
        let mut again = TcpStream::connect(link.address()).await.unwrap();
        again.write_all(b"b").await.unwrap();
        again.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"b");
    }
}

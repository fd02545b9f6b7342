//! One connection through the line.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Behaviour, Line};

/// Bytes read at once; a batch and TLS around it take a few reads.
const READ_BYTES: usize = 64 * 1024;

/// What a client and a server have said in turn; the first turn of each is the handshake's.
#[derive(Default)]
struct Turns {
    client: u32,
    server: u32,
    client_spoke_last: bool,
}

impl Turns {
    /// Whether what the client says now belongs to a request.
    fn client_speaks(&mut self) -> bool {
        self.client += u32::from(!self.client_spoke_last);
        self.client_spoke_last = true;
        self.client > 1
    }

    /// Whether what the server says now belongs to an answer, and whether it is the answer's begin.
    fn server_speaks(&mut self) -> (bool, bool) {
        let begins = self.client_spoke_last;
        self.server += u32::from(begins);
        self.client_spoke_last = false;
        (self.server > 1, begins)
    }
}

pub(super) async fn serve(client: TcpStream, line: Arc<Line>) {
    let (mut behaviour, mut cuts) = (line.behaviour.subscribe(), line.cuts.subscribe());
    let impostor = match &*behaviour.borrow_and_update() {
        Behaviour::Answer(impostor) => Some(Arc::clone(impostor)),
        _ => None,
    };
    let cut = |behaviour: &Behaviour| matches!(behaviour, Behaviour::Refuse | Behaviour::Answer(_));
    // However a connection ends, both of its ends are closed.
    match impostor {
        Some(impostor) => {
            line.count();
            tokio::select! {
                () = impostor.serve(client) => {}
                _ = behaviour.changed() => {}
                _ = cuts.changed() => {}
            }
        }
        None => {
            tokio::select! {
                _ = relay(client, &line) => {}
                _ = behaviour.wait_for(cut) => {}
                _ = cuts.changed() => {}
            }
        }
    }
}

async fn relay(mut client: TcpStream, line: &Line) -> io::Result<()> {
    let Ok(target) = line.target.subscribe().wait_for(Option::is_some).await.map(|target| *target) else {
        return Ok(());
    };
    let mut collector = TcpStream::connect(target.expect("waited for")).await?;
    client.set_nodelay(true)?;
    collector.set_nodelay(true)?;
    let mut turns = Turns::default();
    let (mut asked, mut answered) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
    let mut behaviour = line.behaviour.subscribe();
    let (mut client_done, mut collector_done) = (false, false);
    while !(client_done && collector_done) {
        tokio::select! {
            count = client.read(&mut asked), if !client_done => {
                let count = count?;
                let now = behaviour.borrow().clone();
                let is_request = turns.client_speaks();
                match now {
                    Behaviour::BlackHole => {
                        line.count();
                        behaviour.wait_for(|now| !matches!(now, Behaviour::BlackHole)).await.ok();
                        return Ok(());
                    }
                    Behaviour::FailBefore if is_request && count > 0 => {
                        line.count();
                        return Ok(());
                    }
                    Behaviour::HalfClose if is_request && count > 0 => {
                        collector.write_all(&asked[..count]).await?;
                        collector.shutdown().await?;
                        line.count();
                        client_done = true;
                    }
                    _ if count == 0 => {
                        collector.shutdown().await?;
                        client_done = true;
                    }
                    _ => collector.write_all(&asked[..count]).await?,
                }
            }
            count = collector.read(&mut answered), if !collector_done => {
                let count = count?;
                if count == 0 {
                    client.shutdown().await?;
                    collector_done = true;
                    continue;
                }
                let now = behaviour.borrow().clone();
                let (is_answer, begins) = turns.server_speaks();
                if !is_answer {
                    client.write_all(&answered[..count]).await?;
                    continue;
                }
                match now {
                    Behaviour::FailAfter => {
                        line.count();
                        return Ok(());
                    }
                    Behaviour::HoldAnswers => {
                        line.count();
                        hold(&mut behaviour).await;
                    }
                    Behaviour::Delay(delay) if begins => {
                        line.count();
                        sleep(delay).await;
                    }
                    Behaviour::Truncate(bytes) => {
                        line.count();
                        return client.write_all(&answered[..count.min(bytes)]).await;
                    }
                    _ => {}
                }
                client.write_all(&answered[..count]).await?;
            }
        }
    }
    Ok(())
}

async fn hold(behaviour: &mut watch::Receiver<Behaviour>) {
    behaviour.wait_for(|now| !matches!(now, Behaviour::HoldAnswers)).await.ok();
}

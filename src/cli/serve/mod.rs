//! `gradus serve`.

mod hidden;
mod recogniser;
mod routes;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use gradus::models::ModelError;

use super::say;
use recogniser::Recogniser;

/// The file that `gradus train mnist` saves to.
const USUAL: &str = "mnist.safetensors";

/// Read digits that are drawn on a page
///
/// Prints the address of a page for the browser, on which one draws a digit with mouse, finger or
/// keyboard and sees what the network makes of it: the picture as it gets it, its hidden units, its
/// outputs. The page asks this program and nobody else, by POST /api/read with a PNG picture, which
/// other programs may do, too. A picture is prepared as `gradus predict` does. Ctrl-C stops.
#[derive(Args)]
pub struct Serve {
    /// The checkpoint, of a network with 28×28 inputs and a row of outputs [default:
    /// mnist.safetensors, which `gradus train mnist` saves]
    checkpoint: Option<PathBuf>,

    /// The address or name to listen at; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: String,

    /// The port; 0 takes one that is free
    #[arg(long, default_value_t = 8028)]
    port: u16,
}

impl Serve {
    /// Serves until it is told to stop.
    pub fn run(self) -> Result<(), ModelError> {
        let recogniser = Recogniser::load(&self.checkpoint()?)?;
        let about = recogniser.about();
        let listening = || format!("{}:{}", self.host, self.port);
        let refused =
            |source| ModelError::File { path: listening().into(), action: "listen", source };
        let listener = TcpListener::bind((self.host.as_str(), self.port)).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let app = routes::routes(Arc::new(recogniser));
        let ready = || {
            say(&about)?;
            say(&format!("{}\nCtrl-C stops.", pages(address)))
        };
        server::serve(listener, app, ready, refused)
    }

    /// The checkpoint asked for, or the usual one if it is there.
    fn checkpoint(&self) -> Result<PathBuf, ModelError> {
        match &self.checkpoint {
            Some(checkpoint) => Ok(checkpoint.clone()),
            None if Path::new(USUAL).exists() => Ok(USUAL.into()),
            None => Err(ModelError::Format {
                path: USUAL.into(),
                problem: "is not in this folder; `gradus train mnist` makes it, or name another \
                          checkpoint: gradus serve FILE"
                    .to_owned(),
            }),
        }
    }
}

/// The page's address, and who can see it.
fn pages(address: SocketAddr) -> String {
    let ip = address.ip();
    if ip.is_loopback() {
        return format!("http://{address}/");
    }
    // The address of all of a machine's networks is none that a browser could ask.
    let here = match (ip.is_unspecified(), ip.is_ipv4()) {
        (false, _) => address,
        (true, true) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        (true, false) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    };
    format!("http://{here}/, and whoever reaches this machine at {address} can use it")
}

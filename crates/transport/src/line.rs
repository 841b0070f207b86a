//! The line to Central, step by step: what a person wants to know when a call fails.

use crate::client::io_failed;
use crate::{CentralClient, TransportError, Waiting};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use ureq::http::Uri;

/// Where a call goes first: to Central, or to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether it is a proxy.
    pub is_proxy: bool,
    /// Who named the proxy: the site's file, a variable of the environment, or the operating system's
    /// settings.
    pub said_by: Option<String>,
}

impl std::fmt::Display for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl CentralClient {
    /// Where a call goes first.
    pub fn first_hop(&self) -> Hop {
        if let Some(proxy) = self.agent().config().proxy() {
            return Hop {
                host: bare(proxy.host()),
                port: proxy.port(),
                is_proxy: true,
                said_by: self.proxy_said_by().map(str::to_owned),
            };
        }
        let uri = self.url().parse::<Uri>().unwrap_or_default();
        let usual = if uri.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        Hop {
            host: bare(uri.host().unwrap_or_default()),
            port: uri.port_u16().unwrap_or(usual),
            is_proxy: false,
            said_by: None,
        }
    }

    /// The addresses of the first hop's name, as this machine's resolver gives them.
    ///
    /// # Errors
    ///
    /// [`TransportError::NameUnknown`], or [`TransportError::TimedOut`] after the time that the client
    /// gives the name server.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, TransportError> {
        let hop = self.first_hop();
        let url = || self.url().to_owned();
        let (tell, told) = mpsc::channel();
        // The system's resolver cannot be told to stop: its thread ends when it does.
        std::thread::spawn(move || {
            let found = (hop.host.as_str(), hop.port).to_socket_addrs();
            let _ = tell.send(found.map(Iterator::collect::<Vec<_>>));
        });
        match told.recv_timeout(self.timeouts().resolve) {
            Ok(Ok(found)) if !found.is_empty() => Ok(found),
            Ok(_) => Err(TransportError::NameUnknown { url: url() }),
            Err(_) => Err(TransportError::TimedOut {
                url: url(),
                waiting: Waiting::Name,
            }),
        }
    }

    /// Opens a TCP connection to one address of the first hop, and closes it again; not a byte is sent.
    ///
    /// # Errors
    ///
    /// [`TransportError`] naming why there is none.
    pub fn reach(&self, address: &SocketAddr) -> Result<(), TransportError> {
        let opened = TcpStream::connect_timeout(address, self.timeouts().connect);
        opened
            .map(drop)
            .map_err(|error| io_failed(self.url().to_owned(), error))
    }

    /// Central's own description of its service (WSDL), by a plain GET through the proxy and TLS where
    /// there are any. It needs no enrolment.
    ///
    /// # Errors
    ///
    /// [`TransportError`] naming what failed.
    pub fn describe(&self) -> Result<String, TransportError> {
        let url = format!("{}?wsdl", self.url());
        let response = self.agent().get(&url).header("accept", "text/xml").call();
        let bytes = self.answer(response.map_err(|error| self.failed(error))?)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> String {
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inner.unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientConfig;

    fn hop(url: &str, proxy: Option<&str>) -> Hop {
        let config = ClientConfig {
            proxy: proxy.map(str::to_owned),
            allow_plain_http: true,
            ..ClientConfig::new(url)
        };
        CentralClient::new(config).expect("a client").first_hop()
    }

    #[test]
    fn a_call_goes_to_central_or_to_the_proxy_first() {
        for (url, proxy, expected, is_proxy) in [
            (
                "https://central.example/soap",
                None,
                "central.example:443",
                false,
            ),
            (
                "http://central.example/soap",
                None,
                "central.example:80",
                false,
            ),
            ("https://[::1]:8443/soap", None, "::1:8443", false),
            (
                "https://central.example/soap",
                Some("http://me:secret@proxy.example:3128"),
                "proxy.example:3128",
                true,
            ),
        ] {
            let hop = hop(url, proxy);
            assert_eq!(hop.to_string(), expected);
            assert_eq!(hop.is_proxy, is_proxy, "{url}");
        }
    }
}

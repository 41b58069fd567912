//! What carries a device's messages: UDP as it is, or DTLS with a pre-shared key by OpenSSL.

use firstlight::coap::Conversation;
use firstlight::fleet::lwm2m::{Content, Object, SECURITY, Value};

/// One side of a connection; datagrams come out as they are to be sent.
pub enum Link {
    Plain,
    #[cfg(feature = "dtls")]
    Psk(Box<psk::Client>),
}

/// Who a device is on the wire, and its key.
#[derive(Clone)]
pub struct Key {
    pub identity: String,
    pub key: Vec<u8>,
}

impl Key {
    /// Returns what the account of the bootstrap server holds.
    pub fn of(objects: &[Object]) -> Option<Self> {
        let security = objects.iter().find(|object| object.id == SECURITY)?;
        security.instances.iter().find_map(|instance| {
            let value = |id| match &instance.resources.iter().find(|resource| resource.id == id)?.content {
                Content::Single(value) => Some(value),
                Content::Multiple(_) => None,
            };
            match (value(1)?, value(3)?, value(5)?) {
                (Value::Boolean(true), Value::Opaque(identity), Value::Opaque(key)) => Some(Self {
                    identity: identity.expose(|bytes| String::from_utf8_lossy(bytes).into_owned()),
                    key: key.expose(<[u8]>::to_vec),
                }),
                _ => None,
            }
        })
    }
}

impl Link {
    /// Begins; the key is of use with DTLS alone.
    pub fn new(key: Option<&Key>) -> Self {
        match key {
            None => Self::Plain,
            #[cfg(feature = "dtls")]
            Some(key) => Self::Psk(Box::new(psk::Client::new(key))),
            #[cfg(not(feature = "dtls"))]
            Some(_) => panic!("DTLS is not in this build"),
        }
    }

    /// Returns true once messages can be sent.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(feature = "dtls")]
            Self::Psk(client) => client.joined,
        }
    }

    /// Takes a datagram; messages in it go to the conversation. Returns what is to be sent at once.
    pub fn received(&mut self, at: std::time::Duration, datagram: &[u8], said: &mut Conversation) -> Vec<Vec<u8>> {
        match self {
            Self::Plain => {
                said.received(at, datagram);
                Vec::new()
            }
            #[cfg(feature = "dtls")]
            Self::Psk(client) => {
                let (heard, sent) = client.go(Some(datagram));
                heard.iter().for_each(|message| said.received(at, message));
                sent
            }
        }
    }

    /// Goes on with a handshake: begins it, and repeats what was lost.
    pub fn go_on(&mut self) -> Vec<Vec<u8>> {
        match self {
            Self::Plain => Vec::new(),
            #[cfg(feature = "dtls")]
            Self::Psk(client) => client.go(None).1,
        }
    }

    /// Returns a message as it is sent.
    pub fn sealed(&mut self, message: Vec<u8>) -> Vec<Vec<u8>> {
        match self {
            Self::Plain => vec![message],
            #[cfg(feature = "dtls")]
            Self::Psk(client) => client.say(&message),
        }
    }

    /// Says that nothing more will be said.
    pub fn close(&mut self) -> Vec<Vec<u8>> {
        match self {
            Self::Plain => Vec::new(),
            #[cfg(feature = "dtls")]
            Self::Psk(client) => client.close(),
        }
    }
}

#[cfg(feature = "dtls")]
mod psk {
    use std::collections::VecDeque;
    use std::io::{self, Read, Write};

    use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode, SslVersion};

    use super::Key;

    /// The suite that `LwM2M` wants of every client.
    const SUITE: &str = "PSK-AES128-CCM8";
    const MTU: u32 = 1_280;

    #[derive(Default)]
    struct Wire {
        received: VecDeque<Vec<u8>>,
        sent: Vec<Vec<u8>>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let datagram = self.received.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
            let length = datagram.len().min(buffer.len());
            buffer[..length].copy_from_slice(&datagram[..length]);
            Ok(length)
        }
    }

    impl Write for Wire {
        fn write(&mut self, datagram: &[u8]) -> io::Result<usize> {
            self.sent.push(datagram.to_vec());
            Ok(datagram.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub struct Client {
        stream: SslStream<Wire>,
        pub joined: bool,
    }

    impl Client {
        pub fn new(key: &Key) -> Self {
            let mut context = SslContext::builder(SslMethod::dtls_client()).unwrap();
            context.set_security_level(0);
            context.set_min_proto_version(Some(SslVersion::DTLS1_2)).unwrap();
            context.set_options(SslOptions::NO_QUERY_MTU);
            context.set_verify(SslVerifyMode::NONE);
            context.set_cipher_list(SUITE).unwrap();
            let Key { identity, key } = key.clone();
            context.set_psk_client_callback(move |_, _, named, secret| {
                named[..identity.len()].copy_from_slice(identity.as_bytes());
                named[identity.len()] = 0;
                secret[..key.len()].copy_from_slice(&key);
                Ok(key.len())
            });
            let mut ssl = Ssl::new(&context.build()).unwrap();
            ssl.set_mtu(MTU).unwrap();
            ssl.set_connect_state();
            Self { stream: SslStream::new(ssl, Wire::default()).unwrap(), joined: false }
        }

        /// Goes on as far as what was received allows; without a datagram OpenSSL's own timer runs.
        pub fn go(&mut self, datagram: Option<&[u8]>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
            self.stream.get_mut().received.extend(datagram.map(<[u8]>::to_vec));
            let mut heard = Vec::new();
            loop {
                let waiting = self.stream.get_ref().received.len();
                let mut buffer = [0; 2_048];
                let done = if self.joined {
                    self.stream.ssl_read(&mut buffer).map(|length| heard.push(buffer[..length].to_vec()))
                } else {
                    self.stream.do_handshake().map(|()| self.joined = true)
                };
                let goes_on = match done {
                    Ok(()) => true,
                    Err(error) => {
                        error.code() == ErrorCode::WANT_READ && waiting != self.stream.get_ref().received.len()
                    }
                };
                if !goes_on {
                    return (heard, std::mem::take(&mut self.stream.get_mut().sent));
                }
            }
        }

        pub fn say(&mut self, message: &[u8]) -> Vec<Vec<u8>> {
            let _ = self.stream.ssl_write(message);
            std::mem::take(&mut self.stream.get_mut().sent)
        }

        pub fn close(&mut self) -> Vec<Vec<u8>> {
            let _ = self.stream.shutdown();
            std::mem::take(&mut self.stream.get_mut().sent)
        }
    }
}

//! The shared engine: PostgreSQL 13 or newer, over TLS wherever the server is not this machine.

use std::collections::HashMap;
use std::error::Error;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{Connection, Engine, Opener, Purpose};
use super::{RegistryError, Row, Sql, Value};

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server may say nothing to what was sent.
const SILENCE: Duration = Duration::from_secs(15);
/// Statements kept ready on a connection.
const STATEMENTS: usize = 256;

/// After so many rows were written the tables are counted anew: until PostgreSQL has done that by itself, within its minute, it
/// plans for tables of no known size and looks at every row of the fleet, or of a list, for some that are asked for.
const COUNTED_AFTER: [u64; 4] = [2_000, 20_000, 200_000, 2_000_000];
/// The tables that every registration is looked up in.
const COUNT: &str = "ANALYZE device, registration, nonce, allow, block, attribute, credential";

/// A PostgreSQL database with the registry.
pub(super) struct PostgresServer {
    config: Config,
    tls: Option<rustls::ClientConfig>,
    store: String,
}

impl PostgresServer {
    /// Takes a `postgres://` address. TLS is used where the server is not on this machine: its certificate is always
    /// checked there, whatever `sslmode` says, against `sslrootcert=PATH` of the address, else the system's authorities.
    pub(super) fn new(address: &str) -> Result<Self, RegistryError> {
        let wrong = |reason: String| RegistryError::Address { address: without_password(address), reason };
        let (plain, roots) = split_roots(address);
        let mut config: Config = plain.parse().map_err(|error: postgres::Error| wrong(with_cause(&error)))?;
        config.connect_timeout(PATIENCE);
        // A server that is cut off in the middle is given up, not waited for.
        config.tcp_user_timeout(SILENCE);
        config.keepalives_idle(SILENCE);
        config.application_name("firstlight");
        let is_near = is_near(&config);
        if !is_near {
            config.ssl_mode(SslMode::Require);
        }
        let wants_tls = !is_near || config.get_ssl_mode() == SslMode::Require;
        let tls = if wants_tls { Some(client_tls(&roots).map_err(wrong)?) } else { None };
        Ok(Self { config, tls, store: without_password(address) })
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        match &self.tls {
            Some(tls) => self.config.connect(MakeRustlsConnect::new(tls.clone())),
            None => self.config.connect(NoTls),
        }
    }
}

/// Takes `sslrootcert=PATH` out of the address: the driver does not know that word.
fn split_roots(address: &str) -> (String, String) {
    let system = "/etc/ssl/certs/ca-certificates.crt".to_owned();
    let Some((before, query)) = address.split_once('?') else { return (address.to_owned(), system) };
    let (roots, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|word| word.starts_with("sslrootcert="));
    let plain = if others.is_empty() { before.to_owned() } else { format!("{before}?{}", others.join("&")) };
    let roots = roots.first().and_then(|word| word.split_once('=')).map_or(system, |(_, path)| path.to_owned());
    (plain, roots)
}

fn client_tls(roots: &str) -> Result<rustls::ClientConfig, String> {
    let unread = |error: &dyn std::fmt::Display| format!("the certificates in {roots:?} cannot be read: {error}");
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(roots).map_err(|error| unread(&error))?;
    for certificate in certificates {
        // A bundle of the system's may hold some that rustls does not take.
        let _ = store.add(certificate.map_err(|error| unread(&error))?);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(|error| error.to_string())?.with_root_certificates(store).with_no_client_auth())
}

/// A socket of this machine: nobody else can listen there.
fn is_near(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
    })
}

/// Returns the address as it may be shown.
pub(super) fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let rest = rest.split('?').next().unwrap_or(rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let Some((user, host)) = authority.rsplit_once('@') else { return format!("{scheme}://{rest}") };
    let user = user.split(':').next().unwrap_or(user);
    format!("{scheme}://{user}@{host}{}", &rest[authority.len()..])
}

impl Opener for PostgresServer {
    fn open(&self, purpose: Purpose) -> Result<Box<dyn Connection>, RegistryError> {
        let away =
            |error: &postgres::Error| RegistryError::Away { store: self.store.clone(), reason: with_cause(error) };
        let mut client = self.connect().map_err(|error| away(&error))?;
        // A guess that a plan is dear would have it compiled, which takes longer than anything here runs.
        client.batch_execute("SET jit = off").map_err(|error| away(&error))?;
        if purpose == Purpose::Read {
            // Every question has an index of its own: a table is never read whole because a guess says so.
            client.batch_execute("SET enable_seqscan = off").map_err(|error| away(&error))?;
        }
        let client = Talk(Some(client));
        Ok(Box::new(PostgresConnection {
            client,
            ready: HashMap::new(),
            store: self.store.clone(),
            written: 0,
            counted: 0,
        }))
    }

    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn store(&self) -> &str {
        &self.store
    }
}

/// A client that says farewell on a thread of its own: the driver waits in a runtime of its own then, which is not possible
/// on a thread of another runtime, and there the last one who knows the registry may end.
struct Talk(Option<Client>);

impl Deref for Talk {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.as_ref().expect("the client is there until the end")
    }
}

impl DerefMut for Talk {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_mut().expect("the client is there until the end")
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let client = self.0.take();
        if let Ok(farewell) = std::thread::Builder::new().name("farewell".to_owned()).spawn(move || drop(client)) {
            let _ = farewell.join();
        }
    }
}

struct PostgresConnection {
    client: Talk,
    ready: HashMap<String, Statement>,
    store: String,
    written: u64,
    counted: usize,
}

impl PostgresConnection {
    fn statement(&mut self, text: &str) -> Result<Statement, postgres::Error> {
        if let Some(ready) = self.ready.get(text) {
            return Ok(ready.clone());
        }
        if self.ready.len() >= STATEMENTS {
            self.ready.clear();
        }
        let statement = self.client.prepare(text)?;
        self.ready.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    fn said<T>(&self, result: Result<T, postgres::Error>) -> Result<T, RegistryError> {
        result.map_err(|error| self.failure(&error))
    }

    fn wrote(&mut self, result: Result<u64, postgres::Error>) -> Result<u64, RegistryError> {
        self.written += result.as_ref().copied().unwrap_or(0);
        self.said(result)
    }

    fn failure(&self, error: &postgres::Error) -> RegistryError {
        let (store, reason) = (self.store.clone(), with_cause(error));
        let code = error.code().map(|state| state.code().to_owned()).unwrap_or_default();
        match &code[..code.len().min(2)] {
            // Connection, operator's shutdown, resources, conflicts: it passes.
            "53" if code == "53100" => RegistryError::Full { store },
            "08" | "57" | "58" | "" | "53" | "40" | "55" => RegistryError::Away { store, reason },
            _ => RegistryError::Statement { store, reason },
        }
    }
}

impl Sql for PostgresConnection {
    fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, RegistryError> {
        let ran = self.statement(text).and_then(|statement| self.client.execute(&statement, &borrowed(values)));
        self.wrote(ran)
    }

    /// Without a copy of every value.
    fn execute_rows(&mut self, text: &str, rows: &[Vec<Value>]) -> Result<u64, RegistryError> {
        let values = borrowed(rows.iter().flatten());
        let ran = self.statement(text).and_then(|statement| self.client.execute(&statement, &values));
        self.wrote(ran)
    }

    fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError> {
        let ran = self.statement(text).and_then(|statement| self.client.query(&statement, &borrowed(values)));
        let rows = self.said(ran)?;
        rows.iter().map(|row| row_of(row, &self.store)).collect()
    }
}

fn borrowed<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<&'a (dyn ToSql + Sync)> {
    values.into_iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row_of(row: &postgres::Row, store: &str) -> Result<Row, RegistryError> {
    let values = row.columns().iter().enumerate().map(|(at, column)| {
        let read = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|number| Value::from(number.map(i64::from))),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map(Value::from),
            _ => row.try_get::<_, Option<String>>(at).map(Value::from),
        };
        read.map_err(|error| RegistryError::damaged(store, with_cause(&error)))
    });
    Ok(Row::new(values.collect::<Result<_, _>>()?))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Connection for PostgresConnection {
    fn begin(&mut self, purpose: Purpose) -> Result<(), RegistryError> {
        self.run(match purpose {
            Purpose::Write => "BEGIN",
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
    }

    fn commit(&mut self) -> Result<(), RegistryError> {
        let committed = self.client.batch_execute("COMMIT");
        let is_due = COUNTED_AFTER.get(self.counted).is_some_and(|rows| self.written >= *rows);
        if committed.is_ok() && is_due {
            self.counted = COUNTED_AFTER.partition_point(|rows| *rows <= self.written);
            // Plans only: whoever may not count them is served all the same.
            let _ = self.client.batch_execute(COUNT);
        }
        committed.map_err(|error| match self.failure(&error) {
            // The answer is missing: the server may have done it.
            RegistryError::Away { store, reason } => RegistryError::Unknown { store, reason },
            other => other,
        })
    }

    fn run(&mut self, script: &str) -> Result<(), RegistryError> {
        let ran = self.client.batch_execute(script);
        self.said(ran)
    }

    fn is_lost(&self) -> bool {
        self.client.is_closed()
    }
}

fn with_cause(error: &dyn Error) -> String {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, shown) in [
            ("postgres://ann:se@cret@db.example:5433/fleet?sslmode=require", "postgres://ann@db.example:5433/fleet"),
            ("postgres://db.example/fleet", "postgres://db.example/fleet"),
            ("postgresql://ann@%2Frun%2Fpg/fleet", "postgresql://ann@%2Frun%2Fpg/fleet"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }

    #[test]
    fn the_roots_of_an_address_are_taken_out_of_it() {
        let (plain, roots) = split_roots("postgres://db/x?sslmode=require&sslrootcert=/ca.pem&application_name=a");
        assert_eq!((plain.as_str(), roots.as_str()), ("postgres://db/x?sslmode=require&application_name=a", "/ca.pem"));
        assert_eq!(split_roots("postgres://db/x?sslrootcert=/ca.pem").0, "postgres://db/x");
    }

    #[test]
    fn only_this_machine_is_near() {
        let near = |address: &str| is_near(&address.parse().unwrap());
        assert!(near("postgres://localhost/x") && near("postgres://127.0.0.1/x") && near("postgres://%2Frun/x"));
        assert!(!near("postgres://db.example/x") && !near("postgres://localhost,db.example/x"));
    }
}

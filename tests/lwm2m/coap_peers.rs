//! Conversations with CoAP that somebody else wrote: libcoap's programs and aiocoap, over UDP, both ways, with blocks.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use firstlight::coap::{Asked, Conversation, Request, Response, Timing, Unanswered, Word};
use firstlight::format::coap::Code;

/// The port of CoAP; each server of a test has an address of its own.
const PORT: u16 = 5683;
const CHANGED: Code = Code(0x44);
const NOT_FOUND: Code = Code(0x84);
/// Longer than any block, and no multiple of one.
const LONG: usize = 3_001;

/// aiocoap as a server that keeps what it gets, answers late, and offers more than a block.
const AIOCOAP_SERVER: &str = r#"
import asyncio, sys
import aiocoap, aiocoap.resource as resource

class Kept(resource.Resource):
    content = b""
    async def render_put(self, request):
        self.content = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)
    async def render_get(self, request):
        return aiocoap.Message(payload=self.content, content_format=request.opt.accept)

class Late(resource.Resource):
    async def render_post(self, request):
        await asyncio.sleep(1)
        return aiocoap.Message(code=aiocoap.CHANGED, payload=b"late " + "&".join(request.opt.uri_query).encode())

async def main():
    site = resource.Site()
    site.add_resource(["kept"], Kept())
    site.add_resource(["late"], Late())
    await aiocoap.Context.create_server_context(site, bind=(sys.argv[1], 5683), transports=["simplesocketserver"])
    await asyncio.get_running_loop().create_future()

asyncio.run(main())
"#;

/// aiocoap as a client: puts as many bytes as it is told, in blocks of its choice, and reads them back.
const AIOCOAP_CLIENT: &str = r#"
import asyncio, sys
import aiocoap

async def main():
    base, length = sys.argv[1], int(sys.argv[2])
    payload = bytes(at % 251 for at in range(length))
    context = await aiocoap.Context.create_client_context()
    async def say(code, path, payload=b""):
        message = aiocoap.Message(code=code, uri=base + path, payload=payload)
        answer = await context.request(message).response
        return answer.code, answer.payload
    code, _ = await say(aiocoap.PUT, "/kept", payload)
    assert code == aiocoap.CHANGED, code
    code, answer = await say(aiocoap.GET, "/kept")
    assert (code, answer) == (aiocoap.CONTENT, payload), (code, len(answer))
    code, answer = await say(aiocoap.POST, "/late?ep=gw-1&pct=112")
    assert (code, answer) == (aiocoap.CHANGED, b"ep=gw-1&pct=112"), (code, answer)
    code, _ = await say(aiocoap.GET, "/nothing")
    assert code == aiocoap.NOT_FOUND, code
    await context.shutdown()

asyncio.run(main())
"#;

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn python() -> Command {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
    assert!(python.exists(), "{} is missing: tests/run makes it", python.display());
    Command::new(python)
}

/// One conversation over a socket.
struct Talk {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    said: Conversation,
    begun: Instant,
}

impl Talk {
    fn new(timing: Timing) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self { socket, peer: None, said: Conversation::new(timing, [5; 16]), begun: Instant::now() }
    }

    /// Sends what is to be sent, and waits a little for what comes.
    fn turn(&mut self) {
        while let Some(datagram) = self.said.datagram() {
            self.socket.send_to(&datagram, self.peer.unwrap()).unwrap();
        }
        let now = self.begun.elapsed();
        let wait = self.said.deadline().map_or(Duration::from_millis(50), |due| due.saturating_sub(now));
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(50));
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut buffer = [0; 2_048];
        if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            assert_eq!(*self.peer.get_or_insert(from), from, "one peer");
            self.said.received(self.begun.elapsed(), &buffer[..length]);
        }
        self.said.tick(self.begun.elapsed());
    }

    fn ask(&mut self, request: Request) -> Result<Response, Unanswered> {
        let asked = self.said.ask(self.begun.elapsed(), request);
        loop {
            self.turn();
            match self.said.word() {
                Some(Word::Answered { ticket, response }) if ticket == asked => return Ok(response),
                Some(Word::Unanswered { ticket, why }) if ticket == asked => return Err(why),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        }
    }

    /// Answers a client as the servers above do until it ends; a peer for each of its sockets.
    fn serve(&mut self, mut client: Child, slow: Duration) -> (Output, Vec<Request>) {
        let (mut kept, mut requests) = (Vec::new(), Vec::new());
        let mut late: Option<(Duration, Asked, Response)> = None;
        while client.try_wait().unwrap().is_none() {
            self.turn();
            let now = self.begun.elapsed();
            if let Some((_, asked, response)) = late.take_if(|(due, ..)| *due <= now) {
                self.said.answer(now, asked, response);
            }
            while let Some(word) = self.said.word() {
                let Word::Asked { asked, request, .. } = word else { panic!("{word:?}") };
                match (request.path.join("/").as_str(), request.code) {
                    ("kept", Code::PUT) => {
                        kept = request.payload.to_vec();
                        self.said.answer(now, asked, Response::new(CHANGED));
                    }
                    ("kept", Code::GET) => {
                        self.said.answer(now, asked, Response::new(Code::CONTENT).with(42, kept.clone()));
                    }
                    ("late", Code::POST) => {
                        let answer = Response::new(CHANGED).with(0, request.query.join("&").into_bytes());
                        late = Some((now + slow, asked, answer));
                    }
                    _ => self.said.answer(now, asked, Response::new(NOT_FOUND)),
                }
                requests.push(request);
            }
        }
        (client.wait_with_output().unwrap(), requests)
    }

    fn url(&self, path: &str) -> String {
        format!("coap://{}{path}", self.socket.local_addr().unwrap())
    }
}

/// Somebody else's server at an address that no other test has, for as long as `_held` is held.
struct Server {
    child: Child,
    address: Ipv4Addr,
    _held: UdpSocket,
}

impl Server {
    fn start(command: impl FnOnce(&str) -> Command) -> Self {
        let held = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let [high, low] = held.local_addr().unwrap().port().to_be_bytes();
        let address = Ipv4Addr::new(127, 83, high, low);
        let mut command = command(&address.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error} (tests/run installs it)"));
        Self { child, address, _held: held }
    }

    fn libcoap(more: &[&str]) -> Self {
        Self::start(|address| {
            let mut command = Command::new("coap-server-notls");
            command.args(["-A", address, "-p", "5683", "-v", "0"]).args(more);
            command
        })
    }

    fn aiocoap() -> Self {
        Self::start(|address| {
            let mut command = python();
            command.args(["-c", AIOCOAP_SERVER, address]);
            command
        })
    }

    /// Begins to talk with it; what is said before it listens is repeated.
    fn talk(&self, timing: Timing) -> Talk {
        Talk { peer: Some((self.address, PORT).into()), ..Talk::new(timing) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Patient with a program that takes its time to start, and quick with lost datagrams.
fn timing(block: u16, same_token: bool) -> Timing {
    let (ack_timeout, most_repetitions) = (Duration::from_millis(100), 8);
    Timing { block, same_token, ack_timeout, most_repetitions, ..Timing::default() }
}

#[test]
fn libcoaps_server_takes_our_blocks_and_we_take_its() {
    let server = Server::libcoap(&["-d", "9"]);
    for (block, same_token) in [(1_024, false), (64, false), (256, true)] {
        let mut talk = server.talk(timing(block, same_token));
        let payload = bytes(LONG + usize::from(block));
        let path = format!("/kept-{block}");
        let put = talk.ask(Request::new(Code::PUT, &path).with(42, payload.clone())).unwrap();
        assert_eq!(put.code.to_string(), "2.01", "{block}");
        let got = talk.ask(Request::new(Code::GET, &path)).unwrap();
        assert_eq!((got.code, got.payload.as_slice()), (Code::CONTENT, payload.as_slice()), "{block}");
        let links = talk.ask(Request::new(Code::GET, "/.well-known/core").accepting(40)).unwrap();
        assert!(links.format == Some(40) && String::from_utf8_lossy(&links.payload).contains("</async>"));
        assert_eq!(talk.ask(Request::new(Code::GET, "/nothing")).unwrap().code, NOT_FOUND);
        assert_eq!(talk.ask(Request::new(Code::DELETE, &path)).unwrap().code.to_string(), "2.02");
    }
}

/// `/async` acknowledges first, and answers a second later in a message of its own.
#[test]
fn libcoaps_late_answers_and_those_over_a_bad_network_arrive() {
    let server = Server::libcoap(&["-l", "30%"]);
    let mut talk = server.talk(timing(1_024, false));
    let late = Request { query: vec!["1".to_owned()], ..Request::new(Code::GET, "/async") };
    assert_eq!(*talk.ask(late).unwrap().payload, b"done".to_vec());
    for _ in 0..10 {
        let time = talk.ask(Request::new(Code::GET, "/time")).unwrap();
        assert_eq!(time.code, Code::CONTENT);
    }
    assert!(talk.said.is_quiet());
}

#[test]
fn aiocoaps_server_takes_our_blocks_and_we_take_its() {
    let server = Server::aiocoap();
    for (block, same_token) in [(1_024, false), (32, true)] {
        let mut talk = server.talk(timing(block, same_token));
        let payload = bytes(LONG);
        let put = talk.ask(Request::new(Code::PUT, "/kept").with(42, payload.clone())).unwrap();
        assert_eq!(put.code, CHANGED, "{block}");
        let got = talk.ask(Request::new(Code::GET, "/kept").accepting(42)).unwrap();
        assert_eq!((got.code, got.format, got.payload.to_vec()), (Code::CONTENT, Some(42), payload));
        let late = Request { query: vec!["a=1".to_owned(), "b=2".to_owned()], ..Request::new(Code::POST, "/late") };
        assert_eq!(*talk.ask(late).unwrap().payload, b"late a=1&b=2".to_vec());
        assert_eq!(talk.ask(Request::new(Code::GET, "/nothing")).unwrap().code, NOT_FOUND);
    }
}

#[test]
fn aiocoaps_client_sends_us_blocks_and_reads_ours() {
    for (block, length) in [(1_024, LONG), (64, 1_000), (1_024, 10)] {
        let mut talk = Talk::new(timing(block, false));
        let mut client = python();
        client.args(["-c", AIOCOAP_CLIENT, &talk.url(""), &length.to_string()]).stderr(Stdio::piped());
        let (output, requests) = talk.serve(client.spawn().unwrap(), Duration::from_millis(1_500));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(requests.len(), 4, "each was told once: {requests:?}");
        assert_eq!(*requests[0].payload, bytes(length));
    }
}

/// Runs libcoap's client against us; what it got.
fn client(talk: &mut Talk, folder: &Path, arguments: &[&str], path: &str) -> (Vec<u8>, Vec<Request>) {
    let out = folder.join("out");
    let mut command = Command::new("coap-client-notls");
    command.args(["-B", "60", "-v", "1"]).args(arguments).arg("-o").arg(&out).arg(talk.url(path));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    talk.peer = None;
    talk.said = Conversation::new(timing(1_024, false), [6; 16]);
    let (_, requests) = talk.serve(child.expect("coap-client-notls is missing: tests/run installs libcoap3-bin"), SLOW);
    (std::fs::read(&out).unwrap_or_default(), requests)
}

const SLOW: Duration = Duration::from_millis(1_200);

#[test]
fn libcoaps_client_sends_us_blocks_and_hears_late_answers() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::write(&input, bytes(LONG)).unwrap();
    let input = input.to_str().unwrap();
    let mut talk = Talk::new(timing(1_024, false));
    for (more, count) in [(&["-b", "256"][..], 1), (&["-b", "1024", "-l", "1,3"], 1), (&[], 1)] {
        let arguments = [&["-m", "put", "-t", "42", "-f", input], more].concat();
        let (_, requests) = client(&mut talk, folder.path(), &arguments, "/kept");
        assert_eq!(requests.len(), count, "{more:?}");
        assert_eq!((requests[0].format, requests[0].payload.to_vec()), (Some(42), bytes(LONG)), "{more:?}");
    }
    let (answer, requests) = client(&mut talk, folder.path(), &["-m", "post"], "/late?ep=gw-1");
    assert_eq!((answer, requests.len()), (b"ep=gw-1".to_vec(), 1));
}

//! DNS questions that the system's own look-up of addresses cannot ask: SRV, TXT and MX records.
//!
//! One question over UDP, over TCP when the answer was cut, to the servers that `/etc/resolv.conf`
//! names. Nothing is cached: a run asks each question once.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use contactcmd_domain::dav::{DnsAnswer, DnsRecord, RecordKind, Srv};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};

/// How long one server is waited for. Twice two servers are eight seconds at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many servers are asked, and how often.
const SERVERS: usize = 2;
const ROUNDS: usize = 2;
/// Without EDNS an answer over UDP is no longer than 512 bytes (RFC 1035 2.3.4); some servers send
/// more.
const LONGEST: usize = 4096;

/// Asks DNS servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    patience: Duration,
}

impl Resolver {
    /// The servers that this system uses. Where it does not say (Windows), every question fails, and
    /// says so.
    pub fn of_the_system() -> Self {
        let text = std::fs::read_to_string(Path::new("/etc/resolv.conf")).unwrap_or_default();
        Self::new(servers(&text), PATIENCE)
    }

    /// These servers, each waited for so long.
    pub fn new(servers: Vec<SocketAddr>, patience: Duration) -> Self {
        Self { servers, patience }
    }

    /// The records of a name. `id` must be random, so that nobody can guess it and answer in the
    /// server's place. Blocks for some seconds at most.
    pub fn ask(&self, name: &str, kind: RecordKind, id: u16) -> DnsAnswer {
        let Some(question) = question(name, kind, id) else {
            return DnsAnswer::Failed(format!("`{name}` is no name that DNS can have"));
        };
        if self.servers.is_empty() {
            return DnsAnswer::Failed(
                "this system does not say which DNS server to ask".to_owned(),
            );
        }
        let mut failed = String::new();
        for _ in 0..ROUNDS {
            for server in self.servers.iter().take(SERVERS) {
                match self.ask_one(*server, &question, kind) {
                    Ok(DnsAnswer::Failed(why)) => failed = why,
                    Ok(answer) => return answer,
                    Err(error) => failed = format!("the DNS server {server}: {error}"),
                }
            }
        }
        DnsAnswer::Failed(failed)
    }

    fn ask_one(
        &self,
        server: SocketAddr,
        question: &[u8],
        kind: RecordKind,
    ) -> io::Result<DnsAnswer> {
        let answer = self.over_udp(server, question)?;
        match read(&answer, question, kind) {
            Said::Whole(answer) => Ok(answer),
            Said::Cut => match read(&self.over_tcp(server, question)?, question, kind) {
                Said::Whole(answer) => Ok(answer),
                Said::Cut | Said::NotOurs => Ok(not_dns()),
            },
            Said::NotOurs => Ok(not_dns()),
        }
    }

    fn over_udp(&self, server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0))?;
        // Nobody else is listened to then.
        socket.connect(server)?;
        socket.set_read_timeout(Some(self.patience))?;
        socket.send(question)?;
        let mut answer = vec![0; LONGEST];
        let length = socket.recv(&mut answer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
            }
            _ => error,
        })?;
        answer.truncate(length);
        Ok(answer)
    }

    fn over_tcp(&self, server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&server, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.set_write_timeout(Some(self.patience))?;
        let length = u16::try_from(question.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], question].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}

/// The servers that a `resolv.conf` names. Addresses of one link only (`fe80::1%eth0`) are left out.
fn servers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        let address: IpAddr = words.next().filter(|_| is_server)?.parse().ok()?;
        Some(SocketAddr::new(address, 53))
    };
    text.lines().filter_map(address).collect()
}

fn question(name: &str, kind: RecordKind, id: u16) -> Option<Vec<u8>> {
    let kind = match kind {
        RecordKind::Srv => TYPE::SRV,
        RecordKind::Txt => TYPE::TXT,
        RecordKind::Mx => TYPE::MX,
    };
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(name).ok()?,
        kind.into(),
        CLASS::IN.into(),
        false,
    ));
    packet.build_bytes_vec().ok()
}

/// What bytes say.
enum Said {
    Whole(DnsAnswer),
    /// The answer did not fit.
    Cut,
    /// It answers something else, or is not DNS.
    NotOurs,
}

fn read(answer: &[u8], question: &[u8], kind: RecordKind) -> Said {
    let (Ok(answer), Ok(asked)) = (Packet::parse(answer), Packet::parse(question)) else {
        return Said::NotOurs;
    };
    let is_ours = answer.id() == asked.id()
        && answer.has_flags(PacketFlag::RESPONSE)
        && answer.questions.first().map(|q| q.qtype) == asked.questions.first().map(|q| q.qtype);
    if !is_ours {
        return Said::NotOurs;
    }
    if answer.has_flags(PacketFlag::TRUNCATION) {
        return Said::Cut;
    }
    Said::Whole(match answer.rcode() {
        RCODE::NoError => match records(&answer, kind) {
            records if records.is_empty() => DnsAnswer::Nothing,
            records => DnsAnswer::Records(records),
        },
        RCODE::NameError => DnsAnswer::Nothing,
        other => DnsAnswer::Failed(format!("the DNS server answered {other:?}")),
    })
}

fn records(answer: &Packet<'_>, kind: RecordKind) -> Vec<DnsRecord> {
    let mut found = Vec::new();
    for record in &answer.answers {
        match (&record.rdata, kind) {
            (RData::SRV(srv), RecordKind::Srv) => found.push((
                0,
                DnsRecord::Srv(Srv {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_string(),
                }),
            )),
            (RData::TXT(txt), RecordKind::Txt) => {
                found.extend(txt.iter_raw().map(|(key, value)| {
                    let value = value.map(String::from_utf8_lossy).unwrap_or_default();
                    let text = format!("{}={value}", String::from_utf8_lossy(key));
                    (0, DnsRecord::Txt(text))
                }));
            }
            (RData::MX(mx), RecordKind::Mx) => {
                found.push((mx.preference, DnsRecord::Mx(mx.exchange.to_string())));
            }
            _ => {}
        }
    }
    found.sort_by_key(|(preference, _)| *preference);
    found.into_iter().map(|(_, record)| record).collect()
}

fn not_dns() -> DnsAnswer {
    DnsAnswer::Failed("the DNS server's answer makes no sense".to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{MX, SRV, TXT};

    use super::*;

    const NAME: &str = "_carddavs._tcp.example.org";

    fn answer_to(question: &[u8], rdata: Vec<RData<'_>>) -> Packet<'static> {
        let asked = Packet::parse(question).unwrap();
        let mut answer = Packet::new_reply(asked.id());
        answer.questions = asked.questions.iter().map(|q| q.clone().into_owned()).collect();
        for rdata in rdata {
            let name = Name::new_unchecked(NAME);
            answer.answers.push(ResourceRecord::new(name, CLASS::IN, 60, rdata.into_owned()));
        }
        answer
    }

    fn srv(target: &str) -> RData<'_> {
        RData::SRV(SRV { priority: 1, weight: 2, port: 443, target: Name::new_unchecked(target) })
    }

    fn found(target: &str) -> DnsAnswer {
        let target = target.to_owned();
        DnsAnswer::Records(vec![DnsRecord::Srv(Srv { priority: 1, weight: 2, port: 443, target })])
    }

    /// Answers one question over UDP with what `reply` makes of it.
    fn one_answer(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut question = [0; 512];
            let (length, from) = socket.recv_from(&mut question).unwrap();
            socket.send_to(&reply(&question[..length]), from).unwrap();
        });
        address
    }

    fn ask(server: SocketAddr, kind: RecordKind) -> DnsAnswer {
        Resolver::new(vec![server], Duration::from_millis(500)).ask(NAME, kind, 4711)
    }

    #[test]
    fn records_are_read_and_their_absence_is_a_value() {
        let at =
            one_answer(|q| answer_to(q, vec![srv("dav.example.org")]).build_bytes_vec().unwrap());
        assert_eq!(ask(at, RecordKind::Srv), found("dav.example.org"));
        let at = one_answer(|q| answer_to(q, vec![srv("")]).build_bytes_vec().unwrap());
        assert_eq!(ask(at, RecordKind::Srv), found(""), "`.` is the empty name");
        let at = one_answer(|q| answer_to(q, vec![]).build_bytes_vec().unwrap());
        assert_eq!(ask(at, RecordKind::Srv), DnsAnswer::Nothing);
        let at = one_answer(|q| {
            let mut answer = answer_to(q, vec![]);
            *answer.rcode_mut() = RCODE::NameError;
            answer.build_bytes_vec().unwrap()
        });
        assert_eq!(ask(at, RecordKind::Srv), DnsAnswer::Nothing);
        let text = || TXT::new().with_string("path=/dav/").unwrap();
        let at = one_answer(move |q| {
            answer_to(q, vec![RData::TXT(text()), srv("x.example")]).build_bytes_vec().unwrap()
        });
        let path = DnsRecord::Txt("path=/dav/".to_owned());
        assert_eq!(ask(at, RecordKind::Txt), DnsAnswer::Records(vec![path]));
        let mx = |preference, host: &'static str| {
            RData::MX(MX { preference, exchange: Name::new_unchecked(host) })
        };
        let at = one_answer(move |q| {
            answer_to(q, vec![mx(20, "b.example"), mx(10, "a.example")]).build_bytes_vec().unwrap()
        });
        let hosts = ["a.example", "b.example"].map(|host| DnsRecord::Mx(host.to_owned()));
        assert_eq!(ask(at, RecordKind::Mx), DnsAnswer::Records(hosts.to_vec()));
    }

    #[test]
    fn an_answer_that_was_cut_is_asked_for_over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).unwrap();
        thread::spawn(move || {
            let mut question = [0; 512];
            let (length, from) = socket.recv_from(&mut question).unwrap();
            let mut cut = answer_to(&question[..length], vec![]);
            cut.set_flags(PacketFlag::TRUNCATION);
            socket.send_to(&cut.build_bytes_vec().unwrap(), from).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; length + 2];
            stream.read_exact(&mut asked).unwrap();
            let whole = answer_to(&asked[2..], vec![srv("dav.example.org")]);
            let whole = whole.build_bytes_vec().unwrap();
            let size = u16::try_from(whole.len()).unwrap().to_be_bytes();
            stream.write_all(&[&size[..], &whole].concat()).unwrap();
        });
        assert_eq!(ask(address, RecordKind::Srv), found("dav.example.org"));
    }

    #[test]
    fn what_is_no_answer_is_told_and_never_believed() {
        type Lie = fn(&[u8]) -> Vec<u8>;
        let lies: [Lie; 3] = [
            |_| b"not dns".to_vec(),
            |question| question.to_vec(),
            |question| {
                let mut answer = answer_to(question, vec![srv("evil.example")]);
                answer.set_id(answer.id() ^ 1);
                answer.build_bytes_vec().unwrap()
            },
        ];
        for lie in lies {
            // The second round finds nobody, and waits no longer than it must.
            let server = one_answer(lie);
            let resolver = Resolver::new(vec![server], Duration::from_millis(20));
            let answer = resolver.ask(NAME, RecordKind::Srv, 4711);
            assert!(matches!(answer, DnsAnswer::Failed(_)), "{answer:?}");
        }
        let nobody = Resolver::new(vec![], PATIENCE).ask(NAME, RecordKind::Srv, 1);
        assert!(matches!(nobody, DnsAnswer::Failed(_)));
        let long = "x".repeat(64);
        let no_name = Resolver::new(vec![], PATIENCE).ask(&long, RecordKind::Srv, 1);
        assert!(matches!(no_name, DnsAnswer::Failed(why) if why.contains("no name")));
    }

    #[test]
    fn the_servers_of_the_system_are_read() {
        let text = "# x\nsearch lan\nnameserver 192.0.2.1\nnameserver  2001:db8::1 \n\
                    nameserver fe80::1%eth0\noptions timeout:1\n;nameserver 192.0.2.9\n";
        let expected = ["192.0.2.1:53", "[2001:db8::1]:53"].map(|at| at.parse().unwrap());
        assert_eq!(servers(text), expected);
    }
}

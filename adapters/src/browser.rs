//! The user's browser, and a port of this computer that it comes back to (RFC 8252 7.3).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often is looked whether somebody came, or the wait is over.
const GLANCE: Duration = Duration::from_millis(50);

/// How long one visitor may take. Browsers open connections in advance and say nothing on them.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest head of a request.
const MAX_HEAD: usize = 16 * 1024;

/// Shows an address in the user's browser; whether one was started. That it can show anything is not
/// known even then.
pub fn open(address: &str) -> bool {
    let Some((program, arguments)) = opener() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).arg(address);
    // What a browser mutters is not the user's business here.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

fn opener() -> Option<(&'static str, &'static [&'static str])> {
    if cfg!(target_os = "macos") {
        return Some(("open", &[]));
    }
    if cfg!(windows) {
        // Not `start`, which is the shell's and reads `&` as its own.
        return Some(("rundll32", &["url.dll,FileProtocolHandler"]));
    }
    // Without a screen xdg-open starts a browser in the terminal, on top of what is said there.
    let is_there = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = is_there("DISPLAY") || is_there("WAYLAND_DISPLAY");
    has_screen.then_some(("xdg-open", &[]))
}

/// A port on 127.0.0.1 that waits for the browser; closed when dropped.
pub struct Port {
    listener: TcpListener,
}

impl Port {
    /// Opens one that is free.
    ///
    /// # Errors
    ///
    /// What the system says; there is none then.
    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }

    /// Its number.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn number(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Gives each visitor the page that `reception` makes of the target of the request, until it
    /// breaks, `most` is over, or `is_over` says so.
    ///
    /// # Errors
    ///
    /// What the system says when nobody can be received any more. A visitor who leaves is none.
    pub fn wait(
        self,
        most: Duration,
        is_over: &dyn Fn() -> bool,
        reception: &mut dyn FnMut(&str) -> ControlFlow<String, String>,
    ) -> io::Result<()> {
        let started = Instant::now();
        while started.elapsed() < most && !is_over() {
            let visitor = match self.listener.accept() {
                Ok((visitor, _)) => visitor,
                Err(error) if is_passing(&error) => {
                    std::thread::sleep(GLANCE);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Ok(Some(target)) = target_of(&visitor) else { continue };
            let answered = reception(&target);
            let (status, page) = match &answered {
                ControlFlow::Break(page) => ("200 OK", page),
                ControlFlow::Continue(page) => ("404 Not Found", page),
            };
            let _ = show(&visitor, status, page);
            if answered.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
}

/// The target of a GET; `None` for anything else.
fn target_of(mut visitor: &TcpStream) -> io::Result<Option<String>> {
    visitor.set_nonblocking(false)?;
    visitor.set_read_timeout(Some(PATIENCE))?;
    visitor.set_write_timeout(Some(PATIENCE))?;
    let started = Instant::now();
    let (mut head, mut part) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = visitor.read(&mut part)?;
        if read == 0 || head.len() > MAX_HEAD || started.elapsed() > PATIENCE {
            return Ok(None);
        }
        head.extend_from_slice(part.get(..read).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    Ok(match (words.next(), words.next()) {
        (Some("GET"), Some(target)) => Some(target.to_owned()),
        _ => None,
    })
}

/// One page of plain text, after which the connection is closed. It must not be kept: the code stands
/// in its address.
fn show(mut visitor: &TcpStream, status: &str, page: &str) -> io::Result<()> {
    let length = page.len();
    write!(
        visitor,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}"
    )?;
    visitor.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn visitors_get_pages_until_the_right_one_came() {
        let port = Port::open().unwrap();
        let number = port.number().unwrap();
        let visitors = std::thread::spawn(move || {
            // One who leaves, one who is wrong, one who asks for the icon, and the right one.
            drop(TcpStream::connect((Ipv4Addr::LOCALHOST, number)).unwrap());
            [
                "POST /?code=1 HTTP/1.1\r\n\r\n",
                "GET /icon HTTP/1.1\r\n\r\n",
                "GET /?code=1 HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            .map(|request| visit(number, request))
        });
        let mut targets = Vec::new();
        let mut reception = |target: &str| {
            targets.push(target.to_owned());
            if target.contains("code") {
                ControlFlow::Break("thanks".to_owned())
            } else {
                ControlFlow::Continue("no".to_owned())
            }
        };
        port.wait(Duration::from_secs(60), &|| false, &mut reception).unwrap();
        let [other, icon, right] = visitors.join().unwrap();
        assert_eq!(targets, ["/icon", "/?code=1"]);
        assert_eq!(other, "");
        assert!(icon.starts_with("HTTP/1.1 404 ") && icon.ends_with("\r\n\r\nno"), "{icon}");
        assert!(right.starts_with("HTTP/1.1 200 ") && right.ends_with("\r\n\r\nthanks"), "{right}");
    }

    #[test]
    fn the_wait_ends_when_the_time_is_up_or_the_user_stops_it() {
        for (most, over) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
            let port = Port::open().unwrap();
            let mut nobody = |target: &str| panic!("{target} came");
            port.wait(most, &|| over, &mut nobody).unwrap();
        }
    }
}

//! Mails that are being sent when the program is asked to stop.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Duration,
};

use domain::mail::MailState;
use store::Db;

use super::program::{EMAIL, Server, install};

/// A mail server that takes a second and a half to answer, as spam filters do.
fn converse(stream: TcpStream, heard: &mpsc::Sender<()>) -> std::io::Result<()> {
    let mut answer = stream.try_clone()?;
    answer.write_all(b"220 mail.test ESMTP\r\n")?;
    let mut content = false;
    for line in BufReader::new(stream).lines() {
        match line?.as_str() {
            "." if content => {
                content = false;
                let _ = heard.send(());
                std::thread::sleep(Duration::from_millis(1_500));
                answer.write_all(b"250 taken\r\n")?;
            }
            _ if content => {}
            "DATA" => {
                content = true;
                answer.write_all(b"354 go on\r\n")?;
            }
            _ => answer.write_all(b"250 yes\r\n")?,
        }
    }
    Ok(())
}

/// F11: each new release would send a few mails twice.
#[test]
fn f11_a_mail_on_its_way_is_recorded_before_the_program_ends() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let (heard, hears) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = converse(stream, &heard);
        }
    });
    let smtp =
        [("GUICHET_SMTP_HOST", "127.0.0.1"), ("GUICHET_SMTP_PORT", port.as_str()), ("GUICHET_SMTP_TLS", "false")];
    let server = Server::start(place.path(), &data, &smtp);
    let asked = server.post("/fn/session/forgot", &format!("email={EMAIL}"), "").expect("an answer");
    assert_eq!(asked.status, 200, "{}", asked.body);
    hears.recv_timeout(Duration::from_secs(30)).expect("a mail");
    server.stop();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let counted = runtime.block_on(async {
        let db = Db::open(&Db::sqlite_url(&data.join("guichet.db"))).await.expect("the database");
        store::mail::count(&db).await.expect("counts")
    });
    assert_eq!(counted, [(MailState::Sent, 1)]);
}

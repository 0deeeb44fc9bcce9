//! Every mail in words, in both languages; over real SMTP; refused, put off, and sent again after a crash.

use std::{
    num::NonZeroU32,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    Failure,
    access::Role,
    audit::Verb,
    locale::Locale,
    mail::{MailKind, MailState},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use service::{
    Limits, Parts, RandomIds, Services,
    files::FileStore,
    live::Bus,
    mail::{Letter, Mailer, SendError, SmtpMailer, SmtpSettings, deliver_due, render},
    session::{Hasher, KnownActors},
};
use testkit::{World, on_both};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

const CASE: &str = "01990000-0000-7000-8000-000000000001";

/// What each mail is made of, with everything it can say.
fn example(kind: MailKind) -> Value {
    let case = json!({ "name": "Ana Lopez", "number": "GUI-000000001", "title": "L'écran reste vide", "case": CASE });
    let with = |mut params: Value, more: Value| {
        if let (Value::Object(params), Value::Object(more)) = (&mut params, more) {
            params.extend(more);
        }
        params
    };
    match kind {
        MailKind::Announcement => json!({
            "name": "Ana Lopez", "title": "Un nouveau portail d’assistance", "html": "<p>Bonne <strong>nouvelle</strong>.</p>",
            "text": "Bonne nouvelle.", "link": "http://localhost:3000/announcements/spring?a=1&b=2", "contact": "care@nordlys.example",
        }),
        MailKind::Invitation => json!({
            "name": "Ana Lopez", "organisation": "Brasserie du Nord", "roles": ["support_system_admin", "contract_contact"],
            "reasons": [
                { "rule": "KnownAdmin", "record": "ADM-17" },
                { "rule": "DeploymentContact", "contract": "C-1", "product": "Atlas" },
            ],
            "by": null, "invitation": "01990000-0000-7000-8000-000000000002", "invitation_version": 1,
            "ends_at": "2026-03-16T09:00:00Z", "before_launch": true, "launch_on": "2026-05-11",
        }),
        MailKind::PasswordReset => json!({
            "name": "Ana Lopez", "reset": "01990000-0000-7000-8000-000000000003", "reset_version": 1,
            "ends_at": "2026-03-02T09:30:00Z",
        }),
        MailKind::RoleGranted => json!({
            "name": "Ana Lopez", "organisation": "Brasserie du Nord", "roles": ["product_support_user"], "by": "Bob Martin",
            "invited": false, "before_launch": true, "launch_on": null,
        }),
        MailKind::UserCreated => json!({
            "name": "Ana Lopez", "organisation": "Brasserie du Nord", "person": "Ugo Petit", "email": "ugo@example.com",
            "role": "support_user", "by": "Bob Martin", "at": "2026-03-02T09:00:00Z",
        }),
        MailKind::CaseOpened => with(case, json!({ "priority": "p2" })),
        MailKind::CaseReplied => with(case, json!({ "text": "Merci.\nNous regardons.", "author": "Omar Agent" })),
        MailKind::CaseClosed => case,
        MailKind::AccessRemoved => json!({
            "name": "Ana Lopez", "organisation": "Brasserie du Nord", "roles": ["support_user"], "whole": true, "by": "Bob Martin",
        }),
    }
}

/// R25, R30, F4: the words of every mail; a change of them is seen in review.
#[tokio::test]
async fn every_mail_in_both_languages() {
    let world = World::sqlite().await;
    for kind in MailKind::ALL {
        for locale in Locale::ALL {
            let mail = render(&world.services, *kind, locale, &example(*kind)).expect("rendered");
            let shown = format!("Subject: {}\n\n{}\n================\n{}\n", mail.subject, mail.text, mail.html);
            insta::assert_snapshot!(format!("{}_{}", kind.key(), locale.key()), shown);
        }
    }
}

/// FreeScout CVE-2025-48388, RT CVE-2012-4730: a name is neither markup nor a header.
#[tokio::test]
async fn cve_2025_48388_and_cve_2012_4730_names_are_only_names() {
    let world = World::sqlite().await;
    for kind in MailKind::ALL {
        let mut params = example(*kind);
        let Value::Object(fields) = &mut params else { panic!("an object") };
        for (name, value) in fields.iter_mut() {
            let typed =
                ["name", "organisation", "person", "by", "title", "author", "text", "email"].contains(&name.as_str());
            if typed && value.is_string() {
                *value = json!("<b>Eve</b>\r\nBcc: thief@example.com");
            }
        }
        for locale in Locale::ALL {
            let mail = render(&world.services, *kind, locale, &params).expect("rendered");
            assert!(!mail.html.contains("<b>Eve"), "{} {}", kind.key(), locale.key());
            assert!(mail.html.contains("&lt;b&gt;Eve"), "{} {}", kind.key(), locale.key());
            assert!(!mail.subject.contains(['\r', '\n']), "{} {}", kind.key(), locale.key());
        }
    }
}

/// What the server answers to the end of DATA, or to RCPT.
#[derive(Clone, Copy)]
enum Answer {
    Take,
    RefuseForGood,
    NotNow,
    /// The password is wrong.
    Locked,
}

/// A server that takes the connection and never says a word.
struct Silent;

impl Mailer for Silent {
    fn patience(&self) -> Duration {
        Duration::from_millis(50)
    }
    fn send<'a>(&'a self, _: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(std::future::pending())
    }
}

/// A mail server of a few lines: keeps what it was told.
struct Smtp {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Smtp {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Answer::Take));
        let (notes, rule) = (heard.clone(), answer.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (notes, rule) = (notes.clone(), rule.clone());
                tokio::spawn(async move {
                    let (read, mut write) = stream.into_split();
                    let mut lines = BufReader::new(read).lines();
                    write.write_all(b"220 mail.test ESMTP\r\n").await.ok();
                    let mut data = false;
                    while let Ok(Some(line)) = lines.next_line().await {
                        let reply: &[u8] = if data {
                            data = line != ".";
                            if data { b"" } else { b"250 queued\r\n" }
                        } else if line.starts_with("DATA") {
                            data = true;
                            b"354 go on\r\n"
                        } else if line.starts_with("RCPT") {
                            match *rule.lock().expect("a rule") {
                                Answer::Take => b"250 ok\r\n",
                                Answer::RefuseForGood => b"550 no such mailbox\r\n",
                                Answer::NotNow => b"451 try later\r\n",
                                Answer::Locked => b"535 authentication failed\r\n",
                            }
                        } else if line.starts_with("EHLO") {
                            b"250-mail.test\r\n250 8BITMIME\r\n"
                        } else {
                            b"250 ok\r\n"
                        };
                        notes.lock().expect("the notes").push(line);
                        if write.write_all(reply).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, heard, answer }
    }

    fn set(&self, answer: Answer) {
        *self.answer.lock().expect("a rule") = answer;
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().expect("the notes"))
    }
}

/// The same world with a real way out.
fn with_mailer(world: &World, mailer: Arc<dyn Mailer>) -> Services {
    Services::new(Parts {
        db: world.services.db.clone(),
        clock: world.clock.clone(),
        ids: Arc::new(RandomIds),
        settings: world.services.settings.clone(),
        secrets: world.services.secrets.clone(),
        files: FileStore::directory(&world.directory.path().join("files")).expect("a file store"),
        mailer,
        hasher: Hasher::cheap().expect("a hasher"),
        limits: Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX),
        bus: Bus::default(),
        known: KnownActors::default(),
    })
}

async fn queue(world: &World, key: &str) {
    let tx = store::write_tx(&world.services.db).await.expect("a transaction");
    let mail = store::mail::NewMail {
        id: world.services.id(),
        idempotency_key: key.to_owned(),
        kind: MailKind::CaseClosed,
        person: None,
        recipient: "ana@example.com".into(),
        locale: Locale::Fr,
        params: json!({ "name": "Ana", "number": "GUI-1", "title": "Écran\r\nBcc: thief@example.com", "case": CASE }),
        case: None,
        now: world.services.now(),
    };
    store::mail::insert(&tx, mail).await.expect("queued");
    tx.commit().await.expect("a commit");
}

async fn count(world: &World, state: MailState) -> u64 {
    let counts = store::mail::count(&world.services.db).await.expect("counts");
    counts.into_iter().find(|(of, _)| *of == state).map_or(0, |(_, number)| number)
}

fn line<'a>(heard: &'a [String], start: &str) -> &'a str {
    heard.iter().find(|line| line.starts_with(start)).map_or("", String::as_str)
}

on_both! {
    /// R25: a mail leaves once, over SMTP; a refusal for good ends it, a refusal for now puts it back.
    async fn r25_mails_leave_over_smtp(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));

        queue(&world, "one").await;
        queue(&world, "one").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(1), "the same key is one mail");
        let heard = smtp.take();
        assert!(line(&heard, "EHLO ").len() > 5);
        assert!(line(&heard, "MAIL FROM:<support@nordlys.example>").len() > 5);
        assert!(line(&heard, "RCPT TO:<ana@example.com>").len() > 5);
        let data = heard.iter().position(|line| line == "DATA").expect("a message");
        let headers: Vec<String> = heard[data..].iter().take_while(|line| !line.is_empty()).cloned().collect();
        assert_eq!(line(&headers, "Auto-Submitted:"), "Auto-Submitted: auto-generated");
        assert_eq!(line(&headers, "Bcc:"), "", "CVE-2012-4730: no header out of a title");
        assert!(line(&headers, "Message-ID: <").ends_with("@localhost>"));
        assert_eq!(count(&world, MailState::Sent).await, 1);

        smtp.set(Answer::NotNow);
        queue(&world, "later").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        assert_eq!(count(&world, MailState::Queued).await, 1);
        smtp.set(Answer::Take);
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0), "not before its time");
        world.clock.advance(SignedDuration::from_secs(61));
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(1));

        smtp.set(Answer::RefuseForGood);
        queue(&world, "never").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        assert_eq!(count(&world, MailState::Dead).await, 1);
    }

    /// A mistyped password gives up no mail: the round ends, the queue waits, and goes on when it is mended.
    async fn a_server_that_lets_nobody_in_gives_up_no_mail(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        smtp.set(Answer::Locked);
        queue(&world, "one").await;
        queue(&world, "two").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        let tries = smtp.take().iter().filter(|line| line.starts_with("RCPT")).count();
        assert_eq!((tries, count(&world, MailState::Queued).await), (1, 2));
        smtp.set(Answer::Take);
        world.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(2));
    }

    /// lettre #1027: the worker does not wait for ever.
    async fn a_silent_server_keeps_no_worker(world: World) {
        let services = with_mailer(&world, Arc::new(Silent));
        queue(&world, "one").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        assert_eq!(count(&world, MailState::Queued).await, 1);
    }

    /// A worker whose lease ran out cannot undo what the next one recorded: no third copy.
    async fn a_late_worker_changes_nothing(world: World) {
        queue(&world, "slow").await;
        let now = world.services.now();
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let slow = store::mail::claim(&tx, now, now + SignedDuration::from_secs(90)).await.expect("claimed").expect("a mail");
        tx.commit().await.expect("a commit");
        world.clock.advance(SignedDuration::from_secs(91));
        assert_eq!(world.mails().await.len(), 1);
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let held = store::mail::set_failed(&tx, &slow, "too late", Some(now)).await.expect("an answer");
        tx.commit().await.expect("a commit");
        assert!(!held);
        assert_eq!(count(&world, MailState::Sent).await, 1);
    }

    /// What was given up goes out again, all of it at once; only those who may, and the ledger says so.
    async fn dead_mails_are_sent_again(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        smtp.set(Answer::RefuseForGood);
        queue(&world, "one").await;
        queue(&world, "two").await;
        deliver_due(&services, &CancellationToken::new()).await.expect("a round");
        assert_eq!(count(&world, MailState::Dead).await, 2);

        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let refused = service::mail::retry(&world.context(omar).await, None).await;
        assert!(matches!(refused, Err(Failure::Forbidden(_))), "{refused:?}");
        let igor = world.vendor("Igor Operator", Role::Operator).await;
        let igor = world.context(igor).await;
        service::mail::retry(&igor, None).await.expect("queued again");
        assert_eq!(service::mail::retry(&igor, None).await, Err(Failure::NotFound), "nothing is left to try");
        smtp.set(Answer::Take);
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(2));
        let events = service::audit::list(&igor, None, None).await.expect("a ledger");
        assert_eq!(events.rows.iter().filter(|event| event.verb == Verb::MailRequeued).count(), 1);
    }

    /// A crash between sending and recording: the lease runs out, the second copy has the first one's Message-ID.
    async fn a_crash_sends_the_same_message_again(world: World) {
        queue(&world, "crash").await;
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let now = world.services.now();
        let lease = now + SignedDuration::from_secs(90);
        let claimed = store::mail::claim(&tx, now, lease).await.expect("claimed").expect("a mail");
        tx.commit().await.expect("a commit");
        // Here the process sent the mail and died.
        assert!(world.mails().await.is_empty(), "nobody else takes it while the lease runs");
        world.clock.advance(SignedDuration::from_secs(91));
        let again = world.mails().await;
        let ids: Vec<_> = again.iter().map(|letter| letter.message_id.clone()).collect();
        assert_eq!(ids, [format!("<{}@localhost>", claimed.id)]);
        assert_eq!(count(&world, MailState::Sent).await, 1);
    }
}

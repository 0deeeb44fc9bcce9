//! Every mail in words, in both languages; over real SMTP; refused, put off, and sent again after a crash.

use std::{
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{
    CaseId, Failure, OrganisationId, PersonId,
    access::{Granted, Permission, Reach, Role},
    audit::Verb,
    cases::CaseForm,
    locale::Locale,
    mail::{MailKind, MailProblem, MailState},
    people::RoleForm,
    rollout::Phase,
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
        MailKind::AddressProposed => json!({
            "name": "Ana Lopez", "organisation": "Brasserie du Nord", "email": "ana.lopez@example.com", "by": "Bob Martin",
            "address_change": "01990000-0000-7000-8000-000000000004", "ends_at": "2026-03-02T09:30:00Z",
        }),
        MailKind::AddressChanged => json!({
            "name": "Ana Lopez", "email": "ana.lopez@example.com", "at": "2026-03-02T09:30:00Z",
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Take,
    RefuseForGood,
    NotNow,
    /// The password is wrong.
    Locked,
    RefuseSender,
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

/// Takes three mails: with the second one another change begins to write and goes on doing so, the third takes a moment.
struct Blocking {
    db: store::Db,
    begun: AtomicUsize,
    taken: AtomicUsize,
    writer: tokio::sync::Mutex<Option<store::Tx>>,
}

impl Mailer for Blocking {
    fn send<'a>(&'a self, _: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move {
            if self.begun.fetch_add(1, Ordering::SeqCst) == 1 {
                *self.writer.lock().await = Some(store::write_tx(&self.db).await.expect("a transaction"));
            } else {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.taken.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
}

/// F11: what a mail server took is recorded at once. While one mail waits to be recorded, the answer to the next is heard.
#[tokio::test]
async fn f11_a_mail_that_waits_to_be_recorded_holds_up_no_other() {
    let world = World::sqlite().await;
    let mailer = Arc::new(Blocking {
        db: world.services.db.clone(),
        begun: AtomicUsize::new(0),
        taken: AtomicUsize::new(0),
        writer: tokio::sync::Mutex::new(None),
    });
    let services = with_mailer(&world, mailer.clone());
    for key in ["one", "two", "three"] {
        queue(&world, key).await;
    }
    let round = tokio::spawn(async move { deliver_due(&services, &CancellationToken::new()).await });
    for _ in 0..100 {
        if mailer.taken.load(Ordering::SeqCst) == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(mailer.taken.load(Ordering::SeqCst), 3, "all three left");
    assert_eq!(count(&world, MailState::Sent).await, 1, "nothing could be recorded meanwhile");
    mailer.writer.lock().await.take().expect("it writes").rollback().await.expect("ended");
    assert_eq!(round.await.expect("no panic"), Ok(3));
    assert_eq!(count(&world, MailState::Sent).await, 3);
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
                        } else if line.starts_with("MAIL") && *rule.lock().expect("a rule") == Answer::RefuseSender {
                            b"553 sender not allowed\r\n"
                        } else if line.starts_with("RCPT") {
                            match *rule.lock().expect("a rule") {
                                Answer::Take | Answer::RefuseSender => b"250 ok\r\n",
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

/// Queues a mail that concerns its recipient whatever happens: to a person whose address is the name of `key`.
async fn queue(world: &World, key: &str) {
    queue_to(world, key, "ana@example.com", MailKind::AccessRemoved).await;
}

async fn queue_to(world: &World, key: &str, address: &str, kind: MailKind) -> PersonId {
    let tx = store::write_tx(&world.services.db).await.expect("a transaction");
    let found = store::people::find_by_email(&tx, address).await.expect("a lookup");
    let person = match found {
        Some(person) => person,
        None => {
            let id: PersonId = world.services.id();
            let proof = Granted::to_system(Permission::PersonCreate, None);
            let new = store::people::NewPerson {
                id,
                name: "Ana",
                email: address,
                normalised: address,
                phone: None,
                locale: Locale::Fr,
                now: world.services.now(),
            };
            store::people::insert(&tx, &proof, new).await.expect("a person");
            id
        }
    };
    let params = json!({
        "name": "Ana", "organisation": "Écran\r\nBcc: thief@example.com", "roles": ["support_user"], "whole": true,
        "by": "Bob", "reset": person, "reset_version": 0, "ends_at": "2030-01-01T00:00:00Z",
    });
    let mail = store::mail::NewMail {
        id: world.services.id(),
        idempotency_key: key.to_owned(),
        kind,
        person: Some(person),
        recipient: address.into(),
        locale: Locale::Fr,
        params,
        case: None,
        organisation: None,
        mailing: None,
        due: world.services.now(),
        now: world.services.now(),
    };
    store::mail::insert(&tx, mail).await.expect("queued");
    tx.commit().await.expect("a commit");
    person
}

async fn claim_one(world: &World, lease: SignedDuration) -> store::mail::Claimed {
    let now = world.services.now();
    let tx = store::write_tx(&world.services.db).await.expect("a transaction");
    let mut claimed = store::mail::claim(&tx, now, now + lease, 1).await.expect("claimed");
    tx.commit().await.expect("a commit");
    claimed.pop().expect("a mail")
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
    async fn a_server_that_refuses_the_login_gives_up_no_mail(world: World) {
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
        let slow = claim_one(&world, SignedDuration::from_secs(90)).await;
        world.clock.advance(SignedDuration::from_secs(91));
        assert_eq!(world.mails().await.len(), 1);
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let held = store::mail::set_failed(&tx, &slow, MailProblem::Later, "too late", Some(now)).await.expect("an answer");
        tx.commit().await.expect("a commit");
        assert!(!held);
        assert_eq!(count(&world, MailState::Sent).await, 1);
    }

    /// Undeliverable mails go out again, all with one action; only with the permission, and with an event in the ledger.
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
        let claimed = claim_one(&world, SignedDuration::from_secs(90)).await;
        // Here the process sent the mail and died.
        assert!(world.mails().await.is_empty(), "no other worker takes it while the lease runs");
        world.clock.advance(SignedDuration::from_secs(91));
        let again = world.mails().await;
        let ids: Vec<_> = again.iter().map(|letter| letter.message_id.clone()).collect();
        assert_eq!(ids, [format!("<{}@localhost>", claimed.id)]);
        assert_eq!(count(&world, MailState::Sent).await, 1);
    }

    /// F5, K9: mail that was queued before its recipient was removed is not sent afterwards.
    async fn f5_mail_with_case_text_does_not_reach_the_removed(world: World) {
        let scene = Scene::new(&world).await;
        scene.answer(&world, "SECRET-AFTER-REMOVAL").await;
        let claire = world.context(scene.claire).await;
        service::people::remove(&claire, scene.company, scene.ines).await.expect("removed");
        let mails = world.mails().await;
        assert!(mails.iter().all(|mail| !mail.text.contains("SECRET")), "{mails:?}");
        assert_eq!(count(&world, MailState::Dropped).await, 2, "the receipt of the case and the answer");
        assert_eq!(count(&world, MailState::Dead).await, 0, "what is dropped was not given up");
        // Trying all again revives nothing.
        let igor = world.vendor("Igor Operator", Role::Operator).await;
        let igor = world.context(igor).await;
        assert_eq!(service::mail::retry(&igor, None).await, Err(Failure::NotFound));
        assert!(world.mails().await.is_empty());
    }

    /// F5: a role that was taken, and one that covers other products by now.
    async fn f5_mail_with_case_text_does_not_reach_those_whose_role_no_longer_covers_it(world: World) {
        for narrowed in [false, true] {
            let scene = Scene::new(&world).await;
            scene.answer(&world, "SECRET-AFTER-ROLE").await;
            let claire = world.context(scene.claire).await;
            let standing = store::people::list_standing(&world.services.db, scene.ines, Some(scene.company), world.services.now()).await;
            for grant in standing.expect("roles") {
                service::people::revoke_role(&claire, scene.company, scene.ines, grant.id).await.expect("revoked");
            }
            if narrowed {
                let form = RoleForm { role: "product_support_user".into(), products: vec![scene.other.to_string()], ..RoleForm::default() };
                service::people::grant_role(&claire, scene.company, scene.ines, &form).await.expect("granted");
            }
            let mails = world.mails().await;
            assert!(mails.iter().all(|mail| !mail.text.contains("SECRET")), "{narrowed}: {mails:?}");
        }
    }

    /// F5: "retry all" asks again, and a mail goes to the address the person has then.
    async fn f5_a_mail_that_is_tried_again_is_asked_again(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        let scene = Scene::new(&world).await;
        smtp.set(Answer::RefuseForGood);
        scene.answer(&world, "SECRET-AFTER-RETRY").await;
        deliver_due(&services, &CancellationToken::new()).await.expect("a round");
        assert!(count(&world, MailState::Dead).await > 0);
        service::people::remove(&world.context(scene.claire).await, scene.company, scene.ines).await.expect("removed");
        let igor = world.vendor("Igor Operator", Role::Operator).await;
        service::mail::retry(&world.context(igor).await, None).await.expect("queued again");
        smtp.set(Answer::Take);
        smtp.take();
        deliver_due(&services, &CancellationToken::new()).await.expect("a round");
        assert!(smtp.take().iter().all(|line| !line.contains("SECRET")));
    }

    /// F5: a link that a newer one ended, or that was used, is not sent.
    async fn f5_links_that_ended_are_not_revived(world: World) {
        queue_to(&world, "reset", "ana@example.com", MailKind::PasswordReset).await;
        assert!(world.mails().await.is_empty(), "Ana has no account to sign in with");
        let company = world.organisation("Alpha", &[]).await;
        let ana = store::people::find_by_email(&world.services.db, "ana@example.com").await.expect("a lookup").expect("Ana");
        world.join(ana, company).await;
        queue_to(&world, "reset-2", "ana@example.com", MailKind::PasswordReset).await;
        assert_eq!(world.mails().await.len(), 1);
        queue_to(&world, "reset-3", "ana@example.com", MailKind::PasswordReset).await;
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        store::people::set_password(&tx, ana, 0, "hash", world.services.now()).await.expect("a password");
        tx.commit().await.expect("a commit");
        assert!(world.mails().await.is_empty(), "the password it would replace is gone");
        assert_eq!(count(&world, MailState::Dropped).await, 2);
    }

    /// F11: who waits for a way in does not wait behind the rest.
    async fn f11_ways_in_leave_before_cases_and_cases_before_mass_mails(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        for (key, kind) in [("a", MailKind::Announcement), ("b", MailKind::AccessRemoved), ("c", MailKind::PasswordReset)] {
            let person = queue_to(&world, key, "ana@example.com", kind).await;
            if key == "a" {
                world.join(person, company).await;
            }
            world.clock.advance(SignedDuration::from_secs(1));
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(claim_one(&world, SignedDuration::from_secs(90)).await.mail.expect("readable").kind);
        }
        assert_eq!(order, [MailKind::PasswordReset, MailKind::AccessRemoved, MailKind::Announcement]);
    }

    /// B16: 500 addresses that no server takes hold up no other, and one without SMTPUTF8 takes a domain in letters.
    async fn b16_bad_addresses_hold_up_no_other_mail(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        for number in 0..500 {
            queue_to(&world, &format!("bad-{number}"), &format!("zoé{}@rosier.example", number % 3), MailKind::AccessRemoved).await;
        }
        queue_to(&world, "idn", "kontakt@müller-bücher.example", MailKind::AccessRemoved).await;
        queue(&world, "good").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(2), "in one round");
        assert_eq!(count(&world, MailState::Dead).await, 500);
        let heard = smtp.take();
        assert!(heard.iter().any(|line| line.contains("kontakt@xn--mller-bcher-thbg.example")), "{heard:?}");
    }

    /// B16: a sender that the server refuses is a slip in the settings. It gives up no mail, and they leave once it is mended.
    async fn b16_a_refused_sender_gives_up_no_mail(world: World) {
        let smtp = Smtp::start().await;
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: smtp.port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        queue(&world, "one").await;
        queue(&world, "two").await;
        smtp.set(Answer::RefuseSender);
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        assert_eq!((count(&world, MailState::Dead).await, count(&world, MailState::Queued).await), (0, 2));
        let tried = smtp.take().iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!(tried, 1, "one mail finds out");
        smtp.set(Answer::Take);
        world.clock.advance(SignedDuration::from_mins(10));
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(2));
    }

    /// F19b: lettre would read a line without end into memory, before any authentication.
    async fn f19b_a_server_that_talks_without_end_is_cut_off(world: World) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let told = Arc::new(Mutex::new(0_usize));
        let counter = told.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {
                    *counter.lock().expect("the counter") += 4096;
                }
            }
        });
        let settings = SmtpSettings { host: "127.0.0.1".into(), port, tls: false, user: None, password: None };
        let services = with_mailer(&world, Arc::new(SmtpMailer::new(&settings).expect("a mailer")));
        queue(&world, "one").await;
        assert_eq!(deliver_due(&services, &CancellationToken::new()).await, Ok(0));
        assert_eq!(count(&world, MailState::Queued).await, 1, "it is tried again");
        // What was read is bounded; the rest sits in the buffers of the machine.
        assert!(*told.lock().expect("the counter") < 32 * 1024 * 1024);
    }

    /// B18: the mails of a case are one thread in a mail program.
    async fn b18_mails_of_a_case_refer_to_the_same_message_and_keep_their_subject(world: World) {
        let scene = Scene::new(&world).await;
        scene.answer(&world, "one").await;
        scene.answer(&world, "two").await;
        let mails = world.mails().await;
        let of_case: Vec<_> = mails.iter().filter(|mail| mail.thread.is_some()).collect();
        assert_eq!(of_case.len(), 3, "{mails:?}");
        let thread = format!("<case-{}@localhost>", scene.case);
        assert!(of_case.iter().all(|mail| mail.thread.as_ref() == Some(&thread)), "{of_case:?}");
        assert!(of_case.iter().all(|mail| mail.subject == of_case[0].subject && mail.subject.ends_with("] Écran")), "{of_case:?}");
    }
}

/// A company with an administrator, a user who opened a case, and an agent who answers it.
struct Scene {
    company: OrganisationId,
    claire: PersonId,
    ines: PersonId,
    omar: PersonId,
    other: domain::ProductId,
    case: CaseId,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let (atlas, other) = (world.product("atlas").await, world.product("nova").await);
        let tag = count(world, MailState::Sent).await + count(world, MailState::Dropped).await;
        let company = world.organisation(&format!("Montclair {tag}"), &[atlas, other]).await;
        world.enrol(company, &[atlas], Phase::Launch).await;
        let claire = world
            .member(company, &format!("Claire{tag} Admin"), Role::SupportSystemAdmin, Reach::Organisation, None)
            .await;
        let ines = world.member(company, &format!("Ines{tag} User"), Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor(&format!("Omar{tag} Agent"), Role::Agent).await;
        let form = CaseForm {
            organisation: company.to_string(),
            product: atlas.to_string(),
            title: "Écran".into(),
            description: "Vide.".into(),
            priority: "p2".into(),
            impact: String::new(),
        };
        let case = service::cases::open(&world.context(ines).await, &form, &[]).await.expect("a case");
        Self { company, claire, ines, omar, other, case }
    }

    async fn answer(&self, world: &World, text: &str) {
        let omar = world.context(self.omar).await;
        service::cases::reply(&omar, self.case, text, &[], service::cases::Reply::Answer).await.expect("a reply");
    }
}

//! Files: quotas, the sweep against uploads, who sees the files of a note.

use std::{fs::File, num::NonZeroU32, path::PathBuf, time::SystemTime};

use domain::{
    CaseId, Failure, FieldError, FileId, OrganisationId, PersonId,
    access::{Permission, Place, Reach, Role},
    cases::{CaseForm, StreamItem},
    files::{MAX_FILE_BYTES, MAX_UNATTACHED_BYTES},
};
use jiff::SignedDuration;
use service::{
    Context, Limits, Parts, RandomIds, Services, Settings,
    cases::{self, Reply},
    files::{self, FileStore, Uploads},
    jobs,
    live::Bus,
    session::{Hasher, KnownActors},
};
use store::{files::NewFile, jobs::NewJob};
use testkit::{World, on_both};

async fn upload(context: &Context, name: &str, bytes: &[u8]) -> Result<FileId, Failure> {
    let uploads = Uploads::begin(context, None).await?;
    let body = futures::stream::iter(bytes.chunks(7).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())));
    uploads.take(name, body).await.map(|file| file.id)
}

async fn company(world: &World) -> (OrganisationId, PersonId, CaseId) {
    let product = world.product("atlas").await;
    let company = world.organisation("Brasserie du Nord", &[product]).await;
    let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
    let form = CaseForm {
        organisation: company.to_string(),
        product: product.to_string(),
        title: "The till".into(),
        description: "It does not open.".into(),
        priority: "p3".into(),
        impact: String::new(),
    };
    let case = cases::open(&world.context(ana).await, &form, &[]).await.expect("a case");
    (company, ana, case)
}

async fn sweep(world: &World) {
    let services = &world.services;
    let (id, now) = (services.id(), services.now());
    let tx = store::write_tx(&services.db).await.expect("a transaction");
    let payload = serde_json::Value::Null;
    let job = NewJob { id, kind: "sweep", dedup_key: None, payload, run_at: now, now };
    store::jobs::insert(&tx, job).await.expect("a job");
    tx.commit().await.expect("a commit");
    assert_eq!(jobs::run_due(services).await, Ok(1));
}

/// A row without bytes, as large as it says.
async fn insert_row(world: &World, uploader: PersonId, size: u64, number: u32) {
    let tx = store::write_tx(&world.services.db).await.expect("a transaction");
    let mut sha256 = [0; 32];
    sha256[..4].copy_from_slice(&number.to_be_bytes());
    let (id, now) = (world.services.id(), world.services.now());
    let new = NewFile { id, uploader, name: "a.txt", media_type: "text/plain", size, sha256, announced: false, now };
    store::files::insert(&tx, new).await.expect("a row");
    tx.commit().await.expect("a commit");
}

/// The stored bytes, but for those that are still coming in.
fn stored(world: &World) -> Vec<PathBuf> {
    let root = world.directory.path().join("files");
    let folders = std::fs::read_dir(root).expect("the files").map(|entry| entry.expect("an entry").path());
    folders
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("a file").path())
        .collect()
}

/// Lets the bytes be as old as the world's clock says that they are.
fn age(world: &World, by: SignedDuration) {
    for path in stored(world) {
        let then = SystemTime::from(world.services.now() - by);
        File::options().append(true).open(path).and_then(|file| file.set_modified(then)).expect("an age");
    }
}

/// The same world with a limit of bytes for a company.
fn with_storage(world: &World, company_storage_bytes: u64) -> Services {
    Services::new(Parts {
        db: world.services.db.clone(),
        clock: world.clock.clone(),
        ids: std::sync::Arc::new(RandomIds),
        settings: Settings { company_storage_bytes, ..world.services.settings.clone() },
        secrets: world.services.secrets.clone(),
        files: FileStore::directory(&world.directory.path().join("files")).expect("a file store"),
        mailer: world.mailer.clone(),
        hasher: Hasher::cheap().expect("a hasher"),
        limits: Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX),
        bus: Bus::default(),
        known: KnownActors::default(),
    })
}

fn refusal(outcome: Result<FileId, Failure>) -> FieldError {
    match outcome {
        Err(Failure::Invalid(errors)) => errors.get("files").cloned().expect("an error under files"),
        other => panic!("{other:?}"),
    }
}

on_both! {
    /// F13: however many uploads were left, one sweep takes all of them, and their bytes.
    async fn f13_a_sweep_goes_on_until_nothing_is_left(world: World) {
        let (_, ana, _) = company(&world).await;
        let context = world.context(ana).await;
        for number in 0..1_201 {
            insert_row(&world, ana, 1, number).await;
        }
        upload(&context, "a.txt", b"left behind").await.expect("taken");
        world.clock.advance(SignedDuration::from_hours(25));
        age(&world, SignedDuration::from_hours(25));
        sweep(&world).await;
        let left = store::files::list_orphans(&world.services.db, world.services.now(), world.services.now(), 10).await.expect("a list");
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
    }

    /// A4: bytes that an upload has just put down are not taken from under the row it is about to write.
    async fn a4_the_sweep_leaves_bytes_that_came_just_now(world: World) {
        let (_, ana, case) = company(&world).await;
        let context = world.context(ana).await;
        upload(&context, "first.txt", b"the same bytes").await.expect("taken");
        world.clock.advance(SignedDuration::from_hours(25));
        // Put down again, by an upload that has not committed: its row is not there yet.
        age(&world, SignedDuration::from_mins(1));
        sweep(&world).await;
        assert_eq!(stored(&world).len(), 1, "young bytes stay although no row names them");

        // The same bytes are old, and an upload comes: it makes them young again.
        age(&world, SignedDuration::from_hours(25));
        let second = upload(&context, "second.txt", b"the same bytes").await.expect("taken");
        let modified = std::fs::metadata(&stored(&world)[0]).and_then(|file| file.modified()).expect("an age");
        assert!(modified > SystemTime::from(world.services.now() - SignedDuration::from_hours(1)));
        cases::reply(&context, case, "Here.", &[second], Reply::Answer).await.expect("a reply");
        world.clock.advance(SignedDuration::from_hours(50));
        age(&world, SignedDuration::from_hours(50));
        sweep(&world).await;
        assert!(files::open(&context, second).await.is_ok(), "what a row names is never deleted");
    }

    /// F4: an upload whose bytes cannot be put in their place leaves neither a row nor bytes, and counts for nothing.
    async fn f4_bytes_that_cannot_be_stored_leave_nothing(world: World) {
        let (_, ana, _) = company(&world).await;
        let context = world.context(ana).await;
        // Where the bytes of `abc` belong, a folder stands in the way.
        let root = world.directory.path().join("files");
        let place = root.join("ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        std::fs::create_dir_all(place.join("in the way")).expect("a folder");
        let refused = upload(&context, "a.txt", b"abc").await;
        assert!(matches!(refused, Err(Failure::Unexpected(_))), "{refused:?}");
        assert_eq!(store::files::sum_unattached(&world.services.db, ana).await.expect("a sum"), 0);
        assert_eq!(std::fs::read_dir(root.join("incoming")).expect("a folder").count(), 0);
        std::fs::remove_dir_all(&place).expect("a way");
        upload(&context, "a.txt", b"abc").await.expect("taken");
        assert!(place.is_file());
    }

    /// F4: what the end of the process cut off is gone after a day: a row without its bytes, and bytes without a row.
    async fn f4_an_upload_that_was_cut_off_is_forgotten(world: World) {
        let (_, ana, _) = company(&world).await;
        insert_row(&world, ana, 5, 1).await;
        // Half an upload, and bytes that a sweep had moved aside.
        for folder in ["files/incoming", "files/doomed"] {
            let folder = world.directory.path().join(folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("half"), b"half").expect("a file");
        }
        age(&world, SignedDuration::from_hours(23));
        sweep(&world).await;
        assert_eq!(stored(&world).len(), 2, "it may still be coming");
        world.clock.advance(SignedDuration::from_hours(25));
        age(&world, SignedDuration::from_hours(25));
        sweep(&world).await;
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
        assert_eq!(store::files::sum_unattached(&world.services.db, ana).await.expect("a sum"), 0);
    }

    /// A5: at most 100 MB wait to be attached, and room comes back with the form that names them.
    async fn a5_a_person_has_a_bounded_number_of_bytes_unattached(world: World) {
        let (_, ana, _) = company(&world).await;
        let context = world.context(ana).await;
        for number in 0..4 {
            insert_row(&world, ana, MAX_FILE_BYTES, number).await;
        }
        insert_row(&world, ana, MAX_FILE_BYTES - 10, 4).await;
        let full = FieldError::UploadsFull { max_bytes: MAX_UNATTACHED_BYTES };
        assert_eq!(refusal(upload(&context, "a.txt", &[b'x'; 11]).await), full);
        assert_eq!(stored(&world), Vec::<PathBuf>::new(), "nothing of what is refused stays");
        upload(&context, "a.txt", &[b'x'; 10]).await.expect("it fits");
        assert!(matches!(Uploads::begin(&context, None).await, Err(Failure::Invalid(_))), "before a byte is read");
        let bob = world.vendor("Bob Agent", Role::Agent).await;
        upload(&world.context(bob).await, "a.txt", &[b'x'; 11]).await.expect("others have their own");
        world.clock.advance(SignedDuration::from_hours(25));
        sweep(&world).await;
        upload(&context, "a.txt", &[b'x'; 11]).await.expect("room again");
    }

    /// A5: the files of a company have a limit; the text of a reply without files is taken all the same.
    async fn a5_a_company_has_a_bounded_number_of_bytes(world: World) {
        let (_, ana, case) = company(&world).await;
        let context = Context { services: with_storage(&world, 100), ..world.context(ana).await };
        let (first, second) = (upload(&context, "a.txt", &[b'a'; 60]).await, upload(&context, "b.txt", &[b'b'; 60]).await);
        let (first, second) = (first.expect("it fits"), second.expect("it fits by itself"));
        cases::reply(&context, case, "One.", &[first], Reply::Answer).await.expect("a reply");
        let refused = cases::reply(&context, case, "Two.", &[second], Reply::Answer).await;
        let full = FieldError::StorageFull { max_bytes: 100 };
        assert_eq!(refused, Err(Failure::field("files", full.clone())));
        cases::reply(&context, case, "Two.", &[], Reply::Answer).await.expect("words are taken");
        assert_eq!(refusal(upload(&context, "c.txt", &[b'c'; 41]).await), full, "said before the form is sent");

        let agent = world.vendor("Omar Agent", Role::Agent).await;
        let agent = Context { services: context.services.clone(), ..world.context(agent).await };
        assert!(Uploads::begin(&agent, Some(case)).await.is_ok(), "40 bytes are left");
        let file = upload(&agent, "d.txt", &[b'd'; 41]).await.expect("it waits for some case");
        let refused = cases::reply(&agent, case, "Three.", &[file], Reply::Answer).await;
        assert_eq!(refused, Err(Failure::field("files", full)));
        let unlimited = Context { services: with_storage(&world, 0), ..agent };
        cases::reply(&unlimited, case, "Three.", &[file], Reply::Answer).await.expect("0 is no limit");
    }

    /// B13: the files of an internal note are for the readers of the note; a customer sees neither them nor their names.
    async fn b13_the_files_of_a_note_go_with_the_note(world: World) {
        let (_, ana, case) = company(&world).await;
        let agent = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, agent) = (world.context(ana).await, world.context(agent).await);
        cases::note(&agent, case, "Look at this.").await.expect("a note");
        let note = |stream: &[StreamItem]| stream.iter().find_map(|item| match item {
            StreamItem::Note(note) => Some(note.clone()),
            StreamItem::Entry(_) => None,
        });
        let entry = note(&cases::detail(&agent, case).await.expect("a case").stream).expect("a note").id;
        let file = upload(&agent, "CANARY.log", b"internal").await.expect("taken");
        let granted = agent.authorize(Permission::CaseNote, &Place::vendor()).await.expect("allowed");
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let tied = store::files::attach(&tx, &granted, &[file], case, entry).await.expect("tied");
        assert_eq!(tied, 1);
        tx.commit().await.expect("a commit");

        let read = note(&cases::detail(&agent, case).await.expect("a case").stream).expect("a note");
        assert_eq!(read.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["CANARY.log"]);
        assert!(files::open(&agent, file).await.is_ok());
        assert!(matches!(files::open(&ana, file).await, Err(Failure::NotFound)));
        let seen = serde_json::to_string(&cases::detail(&ana, case).await.expect("a case")).expect("JSON");
        assert!(!seen.contains("CANARY"), "{seen}");
    }

    /// Bytes that an import put down before it was cut off, and that no later one named: a day's sweeps find them, wherever
    /// in the store they lie, and leave those that a row names.
    async fn bytes_that_no_row_names_are_swept(world: World) {
        let (_, ana, case) = company(&world).await;
        let context = world.context(ana).await;
        let named = upload(&context, "named.txt", b"named").await.expect("taken");
        cases::reply(&context, case, "Here.", &[named], Reply::Answer).await.expect("a reply");
        let root = world.directory.path().join("files");
        for head in ["00", "7f", "ff"] {
            std::fs::create_dir_all(root.join(head)).expect("a folder");
            std::fs::write(root.join(head).join(format!("{head}{}", "a1".repeat(31))), "cut off").expect("bytes");
        }
        let swept = async |hours: i64| {
            for _ in 0..hours {
                world.clock.advance(SignedDuration::from_hours(1));
                sweep(&world).await;
            }
        };
        age(&world, SignedDuration::from_hours(-48));
        swept(24).await;
        assert_eq!(stored(&world).len(), 4, "young bytes may belong to an import that is under way");
        age(&world, SignedDuration::from_hours(48));
        swept(24).await;
        assert_eq!(stored(&world).len(), 1);
        assert!(files::open(&context, named).await.is_ok());
    }

    /// A5: an upload for an import is forgotten after two weeks in which nothing happened to it.
    async fn a5_uploads_for_imports_expire(world: World) {
        let shelf = world.directory.path().join("imports");
        let make = |name: &str, days: i64| {
            let folder = shelf.join(name);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("content"), "x").expect("a file");
            let then = SystemTime::from(world.services.now() - SignedDuration::from_hours(24 * days));
            File::open(&folder).and_then(|folder| folder.set_modified(then)).expect("an age");
            folder
        };
        let id = |n: u128| uuid::Uuid::from_u128(n).to_string();
        let (old, young, other) = (make(&id(1), 15), make(&id(2), 13), make("notes of the operator", 99));
        let half_gone = make(&format!("gone-{}", id(3)), 15);
        sweep(&world).await;
        assert_eq!([&old, &young, &other, &half_gone].map(|folder| folder.exists()), [false, true, true, false]);
    }
}

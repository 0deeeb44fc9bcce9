//! The command line, as a program.

use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::program::{Server, guichet, install, run};

const SMTP: [(&str, &str); 1] = [("GUICHET_SMTP_HOST", "mail.example")];

fn doctor(data_dir: &Path) -> (bool, String) {
    run(guichet(data_dir).envs(SMTP).arg("doctor"))
}

/// Lists everything below a directory, with size and time to tell whether it changed.
fn listing(directory: &Path) -> Vec<(PathBuf, u64, i64)> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        let about = fs::metadata(&path).expect("there");
        if about.is_dir() {
            waiting.extend(fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path()));
        } else {
            found.push((path, about.len(), about.mtime_nsec()));
        }
    }
    found.sort();
    found
}

/// T18: a mistyped directory does not become an installation.
#[test]
fn t18_only_three_commands_create_an_installation() {
    let place = tempfile::tempdir().expect("a directory");
    let missing = place.path().join("misstyped");
    let page = place.path().join("page.en.md");
    fs::write(&page, "---\ntitle: t\ndescription: d\n---\ntext").expect("written");
    let records = place.path().join("records.jsonl");
    fs::write(&records, "{\"type\":\"organisation\",\"id\":\"R-1\",\"name\":\"A\"}\n").expect("written");
    let commands: [&[&str]; 6] = [
        &["doctor"],
        &["announce", &page.display().to_string()],
        &["import", &records.display().to_string(), "--commit"],
        &["user", "create", "--email", "a@b.example", "--name", "A", "--role", "agent"],
        &["user", "set-password", "--email", "a@b.example"],
        &["user", "remove", "--email", "a@b.example"],
    ];
    for words in commands {
        let (done, said) = run(guichet(&missing).args(words));
        assert!(!done && said.contains("there is no directory"), "{words:?}: {said}");
        assert!(!missing.exists(), "{words:?}");
    }
    fs::create_dir(&missing).expect("made");
    for words in commands {
        let (done, said) = run(guichet(&missing).args(words));
        assert!(!done && said.contains("there is no database"), "{words:?}: {said}");
        assert_eq!(listing(&missing).len(), 0, "{words:?}");
    }
}

/// F8: other users of the machine cannot look into the data directory, however it was created.
#[test]
fn f8_nothing_in_the_data_directory_is_open_to_others() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    fs::create_dir(&data).expect("made");
    let open = || {
        let (mut open, mut waiting) = (Vec::new(), vec![data.clone()]);
        while let Some(path) = waiting.pop() {
            let about = fs::metadata(&path).expect("there");
            if about.mode() & 0o077 != 0 {
                open.push(path.clone());
            }
            if about.is_dir() {
                waiting.extend(fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path()));
            }
        }
        open
    };
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("opened");
    install(&data, &[]);
    assert_eq!(open(), Vec::<PathBuf>::new());
    let database = data.join("guichet.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).expect("opened");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("opened");
    let (well, said) = doctor(&data);
    assert!(!well && said.contains("PROBLEM others on this machine can use"), "{said}");
    assert!(!open().is_empty(), "looking changes nothing");
    let server = Server::start(place.path(), &data, &[]);
    assert_eq!(server.sign_in().0, 200);
    assert_eq!(open(), Vec::<PathBuf>::new());
    server.stop();
}

/// F15: one process serves a database; the command line works beside it, and `doctor` asks it for its own view.
#[test]
fn f15_a_second_server_is_refused_and_commands_are_not() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let server = Server::start(place.path(), &data, &[("GUICHET_SMTP_HOST", "smtp.nordlys.example")]);
    let site = place.path().join("site").display().to_string();
    let leptos = [("LEPTOS_OUTPUT_NAME", "guichet"), ("LEPTOS_SITE_ROOT", &site)];
    let (done, said) = run(guichet(&data).envs(leptos).env("GUICHET_LISTEN", "127.0.0.1:0").arg("serve"));
    assert!(!done && said.contains("another process serves this database"), "{said}");
    assert!(said.contains(&server.address.to_string()), "it says which: {said}");
    let records = place.path().join("records.jsonl");
    fs::write(&records, "{\"type\":\"organisation\",\"id\":\"R-1\",\"name\":\"A\"}\n").expect("written");
    let (done, said) = run(guichet(&data).arg("import").arg(&records).arg("--commit"));
    assert!(done && said.contains("Written."), "{said}");
    let before = listing(&data);
    let (well, said) = run(guichet(&data).arg("doctor"));
    assert!(well, "the server has a mail server, this shell has none: {said}");
    assert!(said.contains("mail leaves by smtp.nordlys.example:587"), "{said}");
    assert_eq!(before.len(), listing(&data).len(), "doctor makes nothing beside a server either");
    server.stop();
    let (well, said) = run(guichet(&data).arg("doctor"));
    assert!(!well && said.contains("none runs here") && said.contains("no SMTP server is configured"), "{said}");
}

/// U9: a logo that no page can show is named at the start, before visitors find out.
#[test]
fn u9_a_logo_that_cannot_be_shown_is_named_at_the_start() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    fs::create_dir_all(place.path().join("site/pkg")).expect("made");
    let site = place.path().join("site").display().to_string();
    let serve = |logo: &Path| {
        let leptos = [("LEPTOS_OUTPUT_NAME", "guichet"), ("LEPTOS_SITE_ROOT", site.as_str())];
        run(guichet(&data)
            .envs(leptos)
            .env("GUICHET_LISTEN", "127.0.0.1:0")
            .env("GUICHET_LOGO", logo)
            .current_dir(place.path())
            .arg("serve"))
    };
    let file = |name: &str, bytes: &[u8]| {
        let path = place.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    for (logo, why) in [
        (place.path().join("gone.svg"), "entity not found"),
        (file("empty.svg", b""), "not an SVG image"),
        (file("page.png", b"<html>"), "not a PNG image"),
        (file("huge.png", &vec![0; 1024 * 1024 + 1]), "larger than 1 MB"),
    ] {
        let (done, said) = serve(&logo);
        assert!(!done && said.contains(why) && said.contains(&logo.display().to_string()), "{why}: {said}");
    }
}

/// T20: a path that this user may not look at is not called missing, and standard input is not called the start.
#[test]
fn t20_what_is_no_installation_is_told_with_the_reason() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("file");
    fs::write(&file, "text").expect("written");
    let (done, said) = run(guichet(&file).args(["user", "list"]));
    assert!(!done && said.contains("is no directory"), "{said}");
    let (done, said) = run(guichet(&file.join("below")).args(["user", "list"]));
    assert!(!done && said.contains("not a directory"), "{said}");
    let (done, said) = run(guichet(&file).arg("demo"));
    assert!(!done && said.contains(&file.display().to_string()), "{said}");
    let data = place.path().join("data");
    install(&data, &[]);
    let mut user = guichet(&data);
    user.args(["user", "create", "--email", "a@b.example", "--name", "A", "--role", "agent"]);
    let mut child = user.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("an input").write_all(b"\xff\xfe a password of some length").expect("typed");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("the password cannot be read"), "{said}");
}

/// What may be given for a role or a language is said where another word was given, and in the help.
#[test]
fn a_word_that_is_no_role_is_answered_with_the_roles() {
    let place = tempfile::tempdir().expect("a directory");
    let create = ["user", "create", "--email", "a@b.example", "--name", "A"];
    for words in [&["--role", "boss"][..], &["--help"], &["--role", "support_user"]] {
        let (_, said) = run(guichet(place.path()).args(create).args(words));
        for role in ["agent", "lead", "programme_manager", "operator"] {
            assert!(said.contains(role), "{words:?}: {said}");
        }
    }
    let (done, said) = run(guichet(place.path()).args(create).args(["--role", "agent", "--locale", "de"]));
    assert!(!done && said.contains("fr or en"), "{said}");
}

/// F7, said the other way round: an account of the vendor's own people at another domain.
#[test]
fn f7_an_address_of_staff_at_another_domain_is_pointed_out() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let create = |email: &str| {
        let mut user = guichet(&data);
        user.env("GUICHET_MAIL_FROM", "help@nordlys.example")
            .args(["user", "create", "--name", "A", "--role", "agent", "--email", email]);
        let mut child = user.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        child.stdin.take().expect("an input").write_all(b"a password of some length").expect("typed");
        String::from_utf8(child.wait_with_output().expect("an end").stdout).expect("text")
    };
    let said = create(" \u{feff}Zoe@mail.Nordlys.example\u{200b}");
    assert!(said.starts_with("Zoe@mail.nordlys.example can sign in") && !said.contains("Note"), "{said}");
    let said = create("yan@private.example");
    assert!(said.contains("Note: this address is not at nordlys.example"), "{said}");
}

/// F12: `doctor` only reads, and finds what is damaged or missing.
#[test]
fn f12_doctor_only_reads_and_finds_what_is_missing() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let attached = place.path().join("files");
    fs::create_dir(&attached).expect("made");
    fs::write(attached.join("data.txt"), "what was attached").expect("written");
    let records = place.path().join("records.jsonl");
    let lines = [
        r#"{"type":"organisation","id":"R-1","name":"Atelier Rosier"}"#,
        r#"{"type":"case","id":"C-1","organisation":"R-1","title":"Le VPN tombe","requestor":"Yan","status":"closed","priority":"p2","opened_at":"2026-01-05T10:00:00Z","entries":[{"author":"Yan","side":"customer","at":"2026-01-05T10:00:00Z","body":"Depuis lundi.","files":["files/data.txt"]}]}"#,
    ];
    fs::write(&records, lines.join("\n")).expect("written");
    let (done, said) = run(guichet(&data).arg("import").arg(&records).arg("--commit"));
    assert!(done && said.contains("Written."), "{said}");

    let before = listing(&data);
    let (well, said) = doctor(&data);
    assert!(well, "{said}");
    assert_eq!(listing(&data), before, "nothing is made, nothing is changed");
    let closed = guichet(&data).envs(SMTP).arg("doctor").stdout(closed_pipe()).stderr(Stdio::null()).status();
    assert!(closed.expect("it runs").success(), "T17: whoever reads may go away");

    let object =
        before.iter().map(|(path, ..)| path).find(|path| path.starts_with(data.join("files"))).expect("a file");
    let bytes = fs::read(object).expect("read");
    for (words, damaged) in [
        ("is missing", None),
        ("is not what was stored", Some("what was attached.")),
        ("is not what was stored", Some("what was attachem")),
    ] {
        match damaged {
            None => fs::remove_file(object).expect("removed"),
            Some(text) => fs::write(object, text).expect("written"),
        }
        let (well, said) = doctor(&data);
        assert!(!well && said.contains(words), "{damaged:?}: {said}");
        fs::write(object, &bytes).expect("restored");
    }
    let key = data.join("secrets/link.key");
    let secret = fs::read(&key).expect("read");
    fs::remove_file(&key).expect("removed");
    let (well, said) = doctor(&data);
    assert!(!well && said.contains("link.key is missing") && !key.exists(), "{said}");
    fs::write(&key, secret).expect("restored");

    // A letter of a text, a letter of a company's name, and noise over a page.
    let database = data.join("guichet.db");
    let stored = fs::read(&database).expect("read");
    let place_of = |text: &str| stored.windows(text.len()).position(|bytes| bytes == text.as_bytes()).expect("stored");
    for at in [place_of("Depuis lundi."), place_of("Le VPN tombe"), place_of("Atelier Rosier"), 4096, 8192] {
        let mut damaged = stored.clone();
        damaged[at] ^= 1;
        fs::write(&database, &damaged).expect("written");
        let (well, said) = doctor(&data);
        assert!(!well && said.contains("PROBLEM"), "byte {at}: {said}");
    }
    fs::write(&database, "no database at all, but a text of some length".repeat(100)).expect("written");
    let (well, said) = doctor(&data);
    assert!(!well && said.contains("its file is no database"), "{said}");
    fs::write(&database, &stored).expect("restored");
    let (well, said) = doctor(&data);
    assert!(well, "{said}");
}

/// Returns a pipe without a reader.
fn closed_pipe() -> Stdio {
    let mut child = Command::new("true").stdin(Stdio::piped()).spawn().expect("a program");
    let input = child.stdin.take().expect("its input");
    child.wait().expect("its end");
    Stdio::from(input)
}

/// T17: when the reader of an import's output goes away, the import goes on.
#[test]
fn t17_a_closed_pipe_ends_the_output_and_not_the_import() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let records = place.path().join("records.jsonl");
    let mut lines = String::new();
    for number in 0..2_000 {
        lines.push_str(&format!(
            "{{\"type\":\"organisation\",\"id\":\"R-{number}\",\"name\":\"Company {number}\"}}\n{{\"type\":\"x\"}}\n"
        ));
    }
    fs::write(&records, lines).expect("written");
    let import = || {
        let mut command = guichet(&data);
        command.arg("import").arg(&records).args(["--commit", "--skip-refused"]);
        command
    };
    let status = import().stdout(closed_pipe()).stderr(closed_pipe()).status().expect("it runs");
    assert!(status.success());
    let (done, said) = run(&mut import());
    assert!(done && said.contains("unchanged 2000"), "all was written, and the lease given back: {said}");
}

/// T20
#[test]
fn t20_files_that_cannot_be_imported_are_named_with_the_reason() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let table = place.path().join("Users.CSV");
    fs::write(&table, "id\n1\n").expect("written");
    let import = |file: &Path| run(guichet(&data).arg("import").arg(file));
    let (done, said) = import(Path::new("/nope.jsonl"));
    assert!(!done && said.contains("cannot read /nope.jsonl: No such file or directory\n"), "{said}");
    let (done, said) = import(&table);
    assert!(!done && said.contains("Users.CSV is one table: give the folder that holds it"), "{said}");
    let (done, said) = run(guichet(&data).args(["announce", "nope.fr.md"]));
    assert!(!done && said.contains("cannot read nope.fr.md: No such file or directory\n"), "{said}");
}

/// What a dry run advises works: `--commit` alone would refuse a file with a refused record.
#[test]
fn a_dry_run_with_refused_records_names_the_flag_that_leaves_them_out() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    let records = place.path().join("records.jsonl");
    let good = "{\"type\":\"organisation\",\"id\":\"R-1\",\"name\":\"Atelier Rosier\"}\n";
    let import = |text: &str| {
        fs::write(&records, text).expect("written");
        run(guichet(&data).arg("import").arg(&records)).1
    };
    let said = import(good);
    assert!(said.contains("again with --commit to write"), "{said}");
    let said = import(&format!("{good}{{\"type\":\"nothing\",\"id\":\"R-2\"}}\n"));
    assert!(said.contains("--commit --skip-refused"), "{said}");
}

/// F19h: every command reports a schema of a later version as such.
#[test]
fn f19h_a_newer_schema_is_reported_as_such() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    install(&data, &[]);
    // The name of the last migration as a later version might have it.
    let database = data.join("guichet.db");
    let mut bytes = fs::read(&database).expect("read");
    let name = b"m20261126_0011_search_heads";
    assert!(bytes.windows(name.len()).any(|found| found == name), "a command leaves nothing in the WAL");
    while let Some(at) = bytes.windows(name.len()).position(|found| found == name) {
        bytes[at..at + 9].copy_from_slice(b"m29991231");
    }
    fs::write(&database, bytes).expect("written");
    for words in [&["migrate"][..], &["doctor"], &["user", "remove", "--email", "a@b.example"]] {
        let (done, said) = run(guichet(&data).envs(SMTP).args(words));
        assert!(!done && said.contains("made by a newer version"), "{words:?}: {said}");
    }
}

#[test]
fn a_misspelt_variable_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let (done, said) =
        run(guichet(place.path()).env("GUICHET_PUBLIC_URI", "https://support.example.com").arg("migrate"));
    assert!(!done && said.contains("GUICHET_PUBLIC_URI") && said.contains("public_url?"), "{said}");
}

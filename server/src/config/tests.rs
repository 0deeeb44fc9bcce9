//! What the configuration accepts and how it says what is wrong.

use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(None, None, &environment).map_err(|error| error.to_string())
}

fn refused(name: &str, value: &str) -> String {
    load(&[(name, value)]).expect_err("a wrong value")
}

#[test]
fn the_environment_overrides_and_is_checked() {
    let config =
        load(&[("GUICHET_LISTEN", "127.0.0.1:8080"), ("GUICHET_SMTP_TLS", "false"), ("GUICHET_VENDOR", "Nordlys")])
            .expect("valid");
    assert_eq!(config.listen.port(), 8080);
    assert!(!config.smtp_tls);
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert!(refused("GUICHET_CASE_PREFIX", "gui-").starts_with("GUICHET_CASE_PREFIX in the environment: must be"));
    let public = [("GUICHET_REHEARSAL_CLOCK", "clock"), ("GUICHET_PUBLIC_URL", "https://support.example.com")];
    assert!(load(&public).expect_err("people work there").contains("GUICHET_REHEARSAL_CLOCK"));
}

/// U9: mails name the vendor as sender, even when the setting has only an address or nothing.
#[test]
fn u9_the_vendor_is_the_sender() {
    let from = |pairs: &[(&str, &str)]| load(pairs).expect("valid").settings().mail_from;
    assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys")]), "Nordlys <support@localhost>");
    let address = ("GUICHET_MAIL_FROM", "help@nordlys.example");
    assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys, Inc."), address]), "\"Nordlys, Inc.\" <help@nordlys.example>");
    let named = ("GUICHET_MAIL_FROM", "Care <help@nordlys.example>");
    assert_eq!(from(&[("GUICHET_VENDOR", "Nordlys"), named]), "Care <help@nordlys.example>");
}

/// U9: the name is one line with something to see in it, and the sender an address that mails can leave from.
#[test]
fn u9_the_name_and_the_sender_are_fit_for_pages_and_mails() {
    let config = load(&[("GUICHET_VENDOR", "Nord\nlys\u{202e} \"A/S\", Ørsted")]).expect("valid");
    assert_eq!(config.vendor, "Nord lys \"A/S\", Ørsted");
    assert_eq!(config.settings().mail_from, "\"Nord lys \\\"A/S\\\", Ørsted\" <support@localhost>");
    for wrong in ["", " ", "\u{200b}", "x".repeat(81).as_str()] {
        let error = refused("GUICHET_VENDOR", wrong);
        assert!(error.starts_with("GUICHET_VENDOR in the environment: must be a name"), "{error}");
    }
    let error = refused("GUICHET_MAIL_FROM", "Zoé <zoé@nordlys.example>");
    assert!(error.starts_with("GUICHET_MAIL_FROM in the environment: must be an address"), "{error}");
    assert!(load(&[("GUICHET_MAIL_FROM", "help@müller.example")]).is_ok());
    assert!(refused("GUICHET_SMTP_HOST", "mail example").contains("must be the name of a host"));
}

/// F7: an address at the vendor's domains is no customer's. The domain of the sender is one of them unless the setting says
/// otherwise.
#[test]
fn f7_the_domains_of_the_vendor_are_its_own() {
    let of = |pairs: &[(&str, &str)]| load(pairs).expect("valid").settings().vendor_domains;
    assert_eq!(of(&[]), Vec::<String>::new(), "localhost is no domain of a vendor");
    let sender = ("GUICHET_MAIL_FROM", "Nordlys <support@Nordlys.example>");
    assert_eq!(of(&[sender]), ["nordlys.example"]);
    let own = ("GUICHET_VENDOR_DOMAINS", r#"["müller.example", "nordlys.example"]"#);
    assert_eq!(of(&[sender, own]), ["xn--mller-kva.example", "nordlys.example"]);
    assert_eq!(of(&[sender, ("GUICHET_VENDOR_DOMAINS", "[]")]), Vec::<String>::new());
    for wrong in [r#"["@nordlys.example"]"#, r#"["localhost"]"#, r#"[""]"#] {
        let error = refused("GUICHET_VENDOR_DOMAINS", wrong);
        assert!(error.starts_with("GUICHET_VENDOR_DOMAINS in the environment: must be domains"), "{wrong}: {error}");
    }
}

#[test]
fn an_accent_on_which_white_letters_are_illegible_is_refused() {
    for wrong in ["teal", "#fff", "#ffcc00", "#0f766", "#0f766e;}"] {
        let error = refused("GUICHET_ACCENT", wrong);
        assert!(error.starts_with("GUICHET_ACCENT in the environment: must be a colour"), "{wrong}: {error}");
    }
    assert!(load(&[("GUICHET_ACCENT", "#1d4ed8"), ("GUICHET_IMAGE_HOSTS", "[\"docs.example\"]")]).is_ok());
    assert!(refused("GUICHET_IMAGE_HOSTS", "[\"https://docs.example/\"]").contains("must be names of hosts"));
}

#[test]
fn a_wrong_value_is_named_with_its_origin() {
    let error = refused("GUICHET_LISTEN", "nowhere");
    assert!(error.starts_with("GUICHET_LISTEN in the environment: ") && error.contains("socket address"), "{error}");
    assert!(error.ends_with("; for example 127.0.0.1:3000"), "{error}");
    let error = refused("GUICHET_TRUSTED_PROXIES", "10.0.0.1");
    assert!(error.ends_with("; for example [\"10.0.0.1\", \"172.16.0.0/12\"]"), "{error}");
    let error = refused("GUICHET_SMTP_PORT", "many");
    assert!(error.starts_with("GUICHET_SMTP_PORT in the environment: "), "{error}");
    let error = refused("GUICHET_PUBLIC_URL", "ftp://x");
    assert!(error.starts_with("GUICHET_PUBLIC_URL in the environment: must begin with"), "{error}");
    for wrong in [
        "https://:80",
        "https://a b.example",
        "https://x.example/support",
        "https://x.example?a",
        "https://me@x.example",
    ] {
        let error = refused("GUICHET_PUBLIC_URL", wrong);
        assert!(error.contains("must be an address like https://support.example.com"), "{wrong}: {error}");
    }
    for wrong in ["Support", "Support <support at example.com>", "@"] {
        let error = refused("GUICHET_MAIL_FROM", wrong);
        assert!(error.starts_with("GUICHET_MAIL_FROM in the environment: must be an address"), "{error}");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("guichet.toml");
    std::fs::write(&file, "vendor = \"Nordlys\"\nlog = 3").expect("written");
    let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("a number").to_string();
    assert!(error.starts_with(&format!("log in {}: ", file.display())), "{error}");
}

/// F19h
#[test]
fn f19h_no_error_reveals_the_password() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("guichet.toml");
    for wrong in
        ["smtp_host = \"mail\"\nsmtp_password = \"s3cret", "smtp_password = 53372 s3cret", "smtp_password = 53372"]
    {
        std::fs::write(&file, wrong).expect("written");
        let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("no password").to_string();
        assert!(!error.contains("s3cret") && !error.contains("53372"), "{error}");
        assert!(error.contains("guichet.toml"), "{error}");
    }
    std::fs::write(&file, "smtp_host = \"mail\"\nsmtp_port = = 3").expect("written");
    let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("no value").to_string();
    assert!(error.contains("line 2, column 13"), "{error}");
}

#[test]
fn listening_on_every_address_needs_a_public_url() {
    let error = refused("GUICHET_LISTEN", "0.0.0.0:8080");
    assert!(error.starts_with("public_url (not set): has to be set"), "{error}");
    assert!(load(&[("GUICHET_LISTEN", "[::]:80"), ("GUICHET_PUBLIC_URL", "https://support.example.com/")]).is_ok());
}

#[test]
fn proxies_are_addresses_or_networks() {
    let config = load(&[("GUICHET_TRUSTED_PROXIES", r#"["10.0.0.1", "172.16.0.0/12", "fd00::/8"]"#)]).expect("valid");
    for (address, trusted) in [
        ("10.0.0.1", true),
        ("10.0.0.2", false),
        ("172.31.255.1", true),
        ("::ffff:172.16.3.4", true),
        ("172.32.0.1", false),
        ("fd12::1", true),
        ("2001:db8::1", false),
    ] {
        assert_eq!(config.trusts(address.parse().expect("an address")), trusted, "{address}");
    }
    let error = refused("GUICHET_TRUSTED_PROXIES", r#"["10.0.0.0/33"]"#);
    assert!(error.contains("10.0.0.0/33 is neither an address nor a network"), "{error}");
}

#[test]
fn the_public_origin_is_what_browsers_send() {
    let of = |url: &str| Config { public_url: url.into(), ..Config::default() };
    assert_eq!(of("https://Support.example.com").public_origin(), "https://support.example.com");
    assert_eq!(of("https://support.example.com:443/x").public_origin(), "https://support.example.com");
    assert_eq!(of("http://10.0.0.3:8080").public_origin(), "http://10.0.0.3:8080");
    assert_eq!(of("https://Müller.example").public_origin(), "https://xn--mller-kva.example");
    assert!(of("http://127.0.0.1:3000").is_local() && of("http://[::1]:3000").is_local());
    assert!(of("http://localhost").is_local() && !of("https://localhost.example.com").is_local());
}

#[test]
fn unknown_settings_are_named_with_the_likely_one() {
    let error = refused("GUICHET_LISEN", "127.0.0.1:1");
    assert_eq!(error, "GUICHET_LISEN in the environment: no such setting; did you mean listen?");
    assert!(load(&[("GUICHET_TEST_POSTGRES", "x"), ("GUICHET_E2E_PORT", "1"), ("GUICHET_BIN", "x")]).is_ok());
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("guichet.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:1\"").expect("written");
    let error = Config::load(Some(&file), None, &BTreeMap::new()).expect_err("a misspelt setting").to_string();
    assert_eq!(error, format!("lisen in {}: no such setting; did you mean listen?", file.display()));
}

//! The command line, as a program.

use std::{
    path::Path,
    process::{Command, Output},
};

fn guichet(data_dir: &Path, variables: &[(&str, &str)], command: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_guichet"))
        .env_clear()
        .envs(variables.iter().copied())
        .arg("--data-dir")
        .arg(data_dir)
        .arg(command)
        .output()
        .expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Looking at what is not there does not make it.
#[test]
fn doctor_makes_nothing_of_a_mistyped_directory() {
    let place = tempfile::tempdir().expect("a directory");
    let missing = place.path().join("misstyped");
    let output = guichet(&missing, &[], "doctor");
    assert!(!output.status.success() && said(&output).contains("there is no directory"), "{}", said(&output));
    assert!(!missing.exists());
    let output = guichet(place.path(), &[], "doctor");
    assert!(!output.status.success() && said(&output).contains("there is no database"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(place.path()).expect("a directory").count(), 0);
}

/// Others on the machine do not look into the data directory.
#[cfg(unix)]
#[test]
fn the_data_directory_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    let output = guichet(&data, &[], "migrate");
    assert!(output.status.success(), "{}", said(&output));
    for directory in [data.clone(), data.join("secrets")] {
        let mode = std::fs::metadata(&directory).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", directory.display());
    }
}

#[test]
fn a_misspelt_variable_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let output = guichet(place.path(), &[("GUICHET_PUBLIC_URI", "https://support.example.com")], "migrate");
    assert!(!output.status.success());
    assert!(said(&output).contains("GUICHET_PUBLIC_URI") && said(&output).contains("public_url?"), "{}", said(&output));
}

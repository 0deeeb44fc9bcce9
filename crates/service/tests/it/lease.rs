//! Who may write an import, and for how long.

use std::panic::AssertUnwindSafe;

use domain::imports::RowVerdict;
use futures::FutureExt;
use service::imports::{Importer, Source, Strictness};
use testkit::on_both;

on_both! {
    /// T17: an import whose reader panicked holds up no other.
    async fn t17_panic_gives_the_lease_back(world: World) {
        let file = world.directory.path().join("records.jsonl");
        std::fs::write(&file, "{\"type\":\"organisation\",\"id\":\"R-1\",\"name\":\"A\"}\n").expect("written");
        let source = Source::open(&file).expect("readable");
        let importer = Importer::of_system(&world.services);
        let mut each = |_: &RowVerdict| panic!("the reader went away");
        let commit = importer.commit(&source, Strictness::SkipRefused, &mut each, &|_| {});
        assert!(AssertUnwindSafe(commit).catch_unwind().await.is_err());
        let again = importer.commit(&source, Strictness::SkipRefused, &mut |_| {}, &|_| {}).await.expect("it is free");
        assert_eq!(again.counts.create, 1);
    }
}

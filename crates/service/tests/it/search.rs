//! Finding cases: by words wherever they stand, by numbers in any writing, in scripts without blanks.

use domain::{
    access::{Permission, Place, Reach, Role},
    cases::{CaseFilter, CaseForm},
    files::display_name,
};
use service::{
    Change, Context,
    cases::{self, Reply},
};
use testkit::{World, on_both};

fn form(organisation: impl ToString, product: impl ToString, title: &str, description: &str) -> CaseForm {
    CaseForm {
        organisation: organisation.to_string(),
        product: product.to_string(),
        title: title.into(),
        description: description.into(),
        priority: "p2".into(),
        impact: String::new(),
    }
}

/// The titles of what is found, in order.
async fn found(context: &Context, words: &str) -> Vec<String> {
    let filter = CaseFilter { search: words.into(), ..Default::default() };
    cases::list(context, &filter).await.expect("a list").rows.into_iter().map(|row| row.title).collect()
}

/// A file that was uploaded and waits to be attached.
async fn uploaded(world: &World, context: &Context, name: &str) -> domain::FileId {
    let id = world.services.id();
    let change = Change::begin(context).await.expect("a change");
    let new = store::files::NewFile {
        id,
        uploader: context.actor.person,
        name: &display_name(name),
        media_type: "text/plain",
        size: 3,
        sha256: [7; 32],
        announced: false,
        now: change.now,
    };
    store::files::insert(&change.tx, new).await.expect("a file");
    change.commit().await.expect("kept");
    id
}

on_both! {
    /// B27: a case is found when every word stands somewhere in it, whatever it is.
    async fn b27_words_are_found_wherever_they_stand_in_a_case(world: World) {
        let product = world.product("atlas").await;
        let ours = world.organisation("Montclair Énergie", &[product]).await;
        let theirs = world.organisation("Harbour & Finch", &[product]).await;
        let claire = world.member(ours, "Claire Fontaine", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let emma = world.member(theirs, "Emma Stone", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (claire, emma, omar) = (world.context(claire).await, world.context(emma).await, world.context(omar).await);
        let id = cases::open(&claire, &form(ours, product, "Le VPN tombe", "Depuis lundi, au siège."), &[]).await.expect("opened");
        cases::open(&claire, &form(ours, product, "Imprimante", "Lyon."), &[]).await.expect("opened");
        cases::open(&emma, &form(theirs, product, "VPN", "Lyon."), &[]).await.expect("opened");
        let file = uploaded(&world, &claire, "data.json").await;
        cases::reply(&claire, id, "Aussi à Lyon.", &[file], Reply::Answer).await.expect("answered");
        cases::note(&omar, id, "Le routeur est en cause.").await.expect("noted");

        for words in ["vpn lyon", "Lyon VPN", "vpn siege", "data.json", "vpn data.json", "claire fontaine vpn", "énergie vpn", "fontaine lundi"] {
            assert_eq!(found(&claire, words).await, ["Le VPN tombe"], "{words}");
            assert!(!found(&emma, words).await.contains(&"Le VPN tombe".to_owned()), "{words}: of another company");
        }
        assert_eq!(found(&omar, "Montclair vpn").await, ["Le VPN tombe"]);
        assert_eq!(found(&omar, "Montclair").await.len(), 2);
        assert_eq!(found(&omar, "Claire Fontaine").await.len(), 2);
        assert_eq!(found(&omar, "atlas").await.len(), 3, "by the name of the product");
        assert_eq!(found(&omar, "claire@example.com").await.len(), 2, "by the address of the requestor");
        assert_eq!(found(&omar, "vpn routeur").await, ["Le VPN tombe"], "a word of a note and one of a title");
        for words in ["claire@example.com", "vpn routeur", "vpn montclair harbour", "vpn paris"] {
            assert_eq!(found(&claire, words).await, Vec::<String>::new(), "{words}");
        }
    }

    /// B13, B27: the name of a note's file is the desk's.
    async fn b13_names_of_files_of_notes_are_found_by_the_desk_only(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let id = cases::open(&ana, &form(company, "none", "Le VPN tombe", "Depuis lundi."), &[]).await.expect("opened");
        let file = uploaded(&world, &omar, "canary-secret.log").await;
        let change = Change::begin(&omar).await.expect("a change");
        let gate = store::rollout::find_gate(&world.services.db, company).await.expect("a gate");
        let granted = omar.authorize(Permission::CaseWork, &Place::organisation(company, gate)).await.expect("allowed");
        let entry = world.services.id();
        let note = store::cases::NewEntry {
            id: entry,
            case: id,
            kind: domain::cases::EntryKind::Note,
            side: domain::cases::Side::Vendor,
            author: Some(omar.actor.person),
            author_name: "Omar Agent",
            body: "Voir le fichier.",
            now: change.now,
        };
        store::cases::insert_entry(&change.tx, &granted, note).await.expect("noted");
        let attached = store::files::attach(&change.tx, &granted, &[file], id, entry).await.expect("attached");
        change.commit().await.expect("kept");
        assert_eq!(attached, 1);
        assert_eq!(found(&omar, "canary").await, ["Le VPN tombe"]);
        assert_eq!(found(&ana, "canary").await, Vec::<String>::new());
    }

    /// B28: digits alone find the number; the case that has it comes first.
    async fn b28_digits_alone_find_the_number(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        for number in 1..=12 {
            let text = if number == 12 { "Il y en a 3 en panne, et 0004 aussi." } else { "Rien." };
            cases::open(&ana, &form(company, "none", &format!("Dossier {}", "abcdefghijkl".chars().nth(number - 1).expect("a letter")), text), &[])
                .await
                .expect("opened");
        }
        for typed in ["3", "#3", "000000003", "# 0003", "gui-3", "GUI 3", "gui-000000003"] {
            assert_eq!(found(&ana, typed).await.first().map(String::as_str), Some("Dossier c"), "{typed}");
        }
        assert_eq!(found(&ana, "3").await, ["Dossier c", "Dossier l"], "and where it stands in a text");
        assert_eq!(found(&ana, "0004").await, ["Dossier d", "Dossier l"], "with its zeros too");
        assert_eq!(found(&ana, "99").await, Vec::<String>::new());
    }

    /// Any part of a text that is written without blanks.
    async fn parts_of_texts_without_blanks_are_found(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let open = async |title: &str| {
            cases::open(&ana, &form(company, "none", title, "…"), &[]).await.expect("opened");
        };
        open("北京办公室的打印机坏了").await;
        open("プリンターが動きません").await;
        open("เครื่องพิมพ์เสีย").await;
        open("프린터가 고장났습니다").await;
        for (typed, title) in [
            ("印机", "北京办公室的打印机坏了"),
            ("坏了", "北京办公室的打印机坏了"),
            ("了", "北京办公室的打印机坏了"),
            ("打印机 北京", "北京办公室的打印机坏了"),
            ("ンター", "プリンターが動きません"),
            ("動きません", "プリンターが動きません"),
            ("พิมพ์", "เครื่องพิมพ์เสีย"),
            ("린터", "프린터가 고장났습니다"),
        ] {
            assert_eq!(found(&ana, typed).await, [title], "{typed}");
        }
        assert_eq!(found(&ana, "机打").await, Vec::<String>::new());
    }

    /// F12: what every way of writing leaves behind is what `doctor` expects.
    async fn f12_nothing_is_wrong_with_what_was_written(world: World) {
        service::demo::load(&world.services).await.expect("loaded");
        let db = &world.services.db;
        for (what, checked) in [
            ("pages", store::check::pages(db).await),
            ("references", store::check::references(db).await),
            ("values", store::check::values(db).await),
            ("search", store::check::search(db).await),
        ] {
            assert_eq!(checked.expect("looked at"), Vec::<String>::new(), "{what}");
        }
    }

    /// F18: what no database can hold finds nothing, and is no fault.
    async fn f18_nul_and_long_words_are_searched_for_without_a_fault(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        for typed in ["\0", "a\0b", "\0 \u{1}", &"x".repeat(50_000), &"9".repeat(5_000), &"\u{fdfa}".repeat(2_000), "%", "_", "' or 1=1"] {
            let filter = CaseFilter { search: typed.into(), ..Default::default() };
            match cases::list(&ana, &filter).await {
                Ok(page) => assert_eq!(page.rows.len(), 0),
                Err(failure) => assert_eq!(failure.status(), 422, "{:?}", typed.chars().take(5).collect::<String>()),
            }
        }
        let old = cases::find_by_legacy(&ana, "E\0-1").await.expect_err("nothing");
        assert!([404, 422].contains(&old.status()), "{old:?}");
    }
}

//! Cases with their entries and files.

use domain::{
    CaseId, EntryId, Failure, OrganisationId, PersonId, ProductId,
    cases::CaseNumber,
    files::display_name,
    imports::{CaseRecord, EntryRecord},
    text::EmailAddress,
};
use jiff::Timestamp;
use store::imports::{CaseLine, EntryLine, FileLine};

use super::{
    super::{plan::People, same_body},
    Writer,
};
use crate::OrFail;

impl Writer<'_> {
    pub(super) async fn case(
        &mut self,
        record: Box<CaseRecord>,
        case: CaseId,
        organisation: OrganisationId,
        product: Option<ProductId>,
        people: &People,
        fresh: bool,
    ) -> Result<(), Failure> {
        let person = |email: &Option<EmailAddress>| {
            email.as_ref().and_then(|email| people.known.get(&email.normalised())).copied()
        };
        let line = CaseLine {
            id: case,
            // The number comes when all of the batch are known.
            number: CaseNumber::new("", 0),
            legacy_number: record.number.clone(),
            legacy_source: record.source.clone(),
            organisation,
            product,
            requestor: person(&record.requestor_email),
            requestor_name: record.requestor.to_string(),
            title: record.title.to_string(),
            agent: people.agent,
            status: record.status(people.agent.is_some()),
            priority: record.priority,
            impact: record.impact,
            opened_at: record.opened_at,
            updated_at: record.updated_at,
            closed_at: record.closed_at(),
        };
        let known = if fresh {
            store::imports::KnownStream::default()
        } else {
            let mut found =
                store::imports::find_streams(&self.tx, &[case], same_body).await.or_fail("reading a stream")?;
            found.remove(&case).unwrap_or_default()
        };
        for entry in &record.entries {
            match known.find(entry) {
                None => self.entry(case, entry, person(&entry.email)),
                Some(there) => {
                    let missing = entry.files.iter().filter(|path| !there.files.contains(&display_name(path)));
                    self.files(case, there.id, entry.at, person(&entry.email), missing);
                }
            }
        }
        if fresh {
            self.cases.push((record, line));
        } else if !known.touched {
            store::imports::update_case(&self.tx, &self.importer.granted, &line).await.or_fail("moving a case")?;
        }
        Ok(())
    }

    fn entry(&mut self, case: CaseId, entry: &EntryRecord, author: Option<PersonId>) {
        let id: EntryId = self.id();
        self.bulk.entries.push(EntryLine {
            id,
            case,
            internal: entry.internal,
            side: entry.side,
            author,
            author_name: entry.author.to_string(),
            body: entry.body.clone(),
            at: entry.at,
        });
        self.files(case, id, entry.at, author, entry.files.iter());
    }

    fn files<'f>(
        &mut self,
        case: CaseId,
        entry: EntryId,
        at: Timestamp,
        uploader: Option<PersonId>,
        paths: impl Iterator<Item = &'f String>,
    ) {
        for path in paths {
            let Some(kept) = self.kept.get(path) else { continue };
            self.bulk.files.push(FileLine {
                id: self.importer.services.id(),
                case,
                entry,
                uploader,
                name: kept.name.clone(),
                media_type: kept.media_type.to_owned(),
                size: kept.size,
                sha256: kept.sha256,
                at,
            });
        }
    }

    /// Numbers new cases in the order of the source; old number and title make them findable.
    pub(super) async fn number_cases(&mut self) -> Result<(), Failure> {
        let cases = std::mem::take(&mut self.cases);
        if cases.is_empty() {
            return Ok(());
        }
        let prefix = &self.importer.services.settings.case_prefix;
        let count = i64::try_from(cases.len()).unwrap_or(i64::MAX);
        let mut next = store::imports::take_numbers(&self.tx, prefix, count).await.or_fail("numbering cases")?;
        for (_, mut line) in cases {
            line.number = CaseNumber::new(prefix, next);
            next += 1;
            self.bulk.cases.push(line);
        }
        Ok(())
    }
}

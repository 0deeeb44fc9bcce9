//! What a record of a case would do, and which of its files can be taken.

use std::path::Path;

use domain::{
    CaseId, FieldError, PersonId,
    access::Permission,
    files::{check, display_name},
    imports::{CaseRecord, FileProblem, Remark, Remarked, Verdict, excerpt},
};
use store::imports::Legacy;

use super::{People, Planner, What, changes::missing, decide::not_known};

impl Planner<'_> {
    pub(super) fn case(
        &self,
        mut record: CaseRecord,
        legacy: Option<&Legacy>,
        unchanged: bool,
        remarks: &mut Vec<Remark>,
    ) -> Result<(Verdict, What), Verdict> {
        let services = &self.importer.services;
        let organisation = self.organisation(&record.organisation)?;
        self.same_owner(legacy, organisation, &record.organisation)?;
        let product = record.product.as_ref().and_then(|key| {
            let found = self.product(key);
            if found.is_none() {
                remarks.push(not_known("product", key, self.products.keys()));
            }
            found
        });
        record.mend_times(services.now(), remarks);
        // What was imported with its files before need not bring them again.
        if !unchanged {
            self.leave_files_out(&mut record, remarks);
        }
        let known = record
            .entries
            .iter()
            .filter_map(|entry| entry.email.as_ref())
            .chain(&record.requestor_email)
            .filter_map(|email| {
                let email = email.normalised();
                self.people.get(&email).map(|person| (email, *person))
            })
            .collect();
        let agent = record.agent.as_ref().and_then(|email| {
            let person = self.people.get(&email.normalised()).filter(|person| self.works_on_cases(**person)).copied();
            if person.is_none() {
                let value = excerpt(email.as_str());
                remarks.push(Remark { field: "agent".to_owned(), value, what: Remarked::NoAgent });
            }
            person
        });
        let id: CaseId = legacy.map_or_else(|| services.id(), |legacy| legacy.object.into());
        // Worked on here, a case only gets more entries and files.
        let worked_on = self.batch.streams.get(&id).filter(|stream| stream.touched);
        let nothing_new = worked_on.is_some() && missing(&record, worked_on) == (0, 0);
        let verdict = match legacy {
            _ if nothing_new => Verdict::Unchanged,
            Some(_) => Verdict::Update,
            None => Verdict::Create,
        };
        Ok((verdict, What::Case(Box::new(record), id, organisation, product, People { known, agent })))
    }

    /// An attachment that cannot be taken never loses its case: the entry says which one, and why (B11).
    fn leave_files_out(&self, record: &mut CaseRecord, remarks: &mut Vec<Remark>) {
        for entry in &mut record.entries {
            let mut marks = Vec::new();
            entry.files.retain(|path| match self.check_file(path) {
                Ok(()) => true,
                Err(problem) => {
                    let what = Remarked::File(problem);
                    remarks.push(Remark { field: "files".to_owned(), value: excerpt(path), what });
                    marks.push(problem.mark(&display_name(path)));
                    false
                }
            });
            if !marks.is_empty() {
                let marks = marks.join("\n");
                entry.body = if entry.body.is_empty() { marks } else { format!("{}\n\n{marks}", entry.body) };
            }
        }
    }

    /// Whether a person of the vendor has a role that works on cases.
    fn works_on_cases(&self, person: PersonId) -> bool {
        let roles = self.staff.get(&person).into_iter().flatten();
        roles.into_iter().any(|role| role.permissions().contains(&Permission::CaseWork))
    }

    fn check_file(&self, path: &str) -> Result<(), FileProblem> {
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
            return Err(FileProblem::Outside);
        }
        let found = self.source.attached(path).ok_or(FileProblem::Missing)?;
        let size = std::fs::metadata(&found).map_err(|_| FileProblem::Missing)?.len();
        let first = first_bytes(&found).map_err(|_| FileProblem::Missing)?;
        check(&display_name(path), size, &first).map_err(|error| match error {
            FieldError::EmptyFile => FileProblem::Empty,
            FieldError::TooLarge { .. } => FileProblem::TooLarge,
            _ => FileProblem::Program,
        })
    }
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}

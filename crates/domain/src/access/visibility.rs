//! The set of cases that an actor sees, as a value that the store turns into SQL.

use crate::{OrganisationId, PersonId, ProductId};

/// The facts about a case that visibility depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseFacts {
    pub organisation: OrganisationId,
    pub product: Option<ProductId>,
    pub requestor: Option<PersonId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseScope {
    Everything,
    Organisation {
        organisation: OrganisationId,
        /// `None` is every product, and cases about none.
        products: Option<Vec<ProductId>>,
        /// `Some` is only the cases that this person opened.
        requestor: Option<PersonId>,
    },
}

/// Made by [`super::policy::case_visibility`] only. An empty one sees nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseVisibility {
    scopes: Vec<CaseScope>,
    notes: bool,
}

impl CaseVisibility {
    pub(super) fn new(scopes: Vec<CaseScope>, notes: bool) -> Self {
        let everything = scopes.contains(&CaseScope::Everything);
        Self { scopes: if everything { vec![CaseScope::Everything] } else { scopes }, notes }
    }

    /// Returns the part of it that lies in one company.
    pub fn within(&self, company: OrganisationId) -> Self {
        let scopes = self.scopes.iter().filter_map(|scope| match scope {
            CaseScope::Everything => {
                Some(CaseScope::Organisation { organisation: company, products: None, requestor: None })
            }
            CaseScope::Organisation { organisation, .. } => (*organisation == company).then(|| scope.clone()),
        });
        Self { scopes: scopes.collect(), notes: self.notes }
    }

    pub fn scopes(&self) -> &[CaseScope] {
        &self.scopes
    }

    /// Whether internal notes are part of what is seen.
    pub const fn notes(&self) -> bool {
        self.notes
    }

    pub fn everything(&self) -> bool {
        self.scopes.contains(&CaseScope::Everything)
    }

    /// The same decision for one case in memory; a property test holds it equal to the SQL.
    pub fn sees(&self, case: &CaseFacts) -> bool {
        self.scopes.iter().any(|scope| match scope {
            CaseScope::Everything => true,
            CaseScope::Organisation { organisation, products, requestor } => {
                *organisation == case.organisation
                    && products.as_ref().is_none_or(|own| case.product.is_some_and(|product| own.contains(&product)))
                    && requestor.is_none_or(|person| case.requestor == Some(person))
            }
        })
    }
}

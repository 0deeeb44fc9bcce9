//! People, apart from their identities (addresses) and their memberships (companies).

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    Failure, FieldError, FieldErrors, GrantId, OrganisationId, PersonId, ProductId,
    access::{Reach, Role},
    cases::{ProductChoice, coded},
    contracts::AdminReason,
    failure::Conflict,
    locale::Locale,
    text::{EmailAddress, PersonName, PhoneNumber, optional},
};

coded! {
    /// Where a person stands in one company.
    MembershipState {
        /// Imported or added, not told yet.
        Known = "known",
        /// The invitation is on its way or waits for an answer.
        Invited = "invited",
        Active = "active",
        /// Taken out; name and history stay.
        Removed = "removed",
    }
}

/// How long an invitation can be accepted, in days.
pub const INVITATION_DAYS: i64 = 14;

/// How long a new link is not sent again to somebody who asks for one, in minutes.
pub const INVITATION_PAUSE_MINUTES: i64 = 10;

/// The moment an invitation sent at `invited_at` ends.
pub fn invitation_ends(invited_at: Timestamp) -> Timestamp {
    invited_at + SignedDuration::from_hours(INVITATION_DAYS * 24)
}

/// How much of the pause after an invitation is left; `None` when another link may be sent.
pub fn pause_left(invited_at: Option<Timestamp>, now: Timestamp) -> Option<SignedDuration> {
    let left = (invited_at? + SignedDuration::from_mins(INVITATION_PAUSE_MINUTES)).duration_since(now);
    left.is_positive().then_some(left)
}

/// The end of a role that holds up to and including a day (in UTC, as the days of the rollout are).
pub fn ends_after(day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?;
    Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The last day of a role that ends at a moment: the other way round.
pub fn last_day(until: Timestamp) -> Date {
    let last = until.checked_sub(1.microsecond()).unwrap_or(until);
    last.to_zoned(TimeZone::UTC).date()
}

/// How much a company can count on one of its admins, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminStanding {
    /// Did not accept the invitation yet.
    Expected,
    /// Can sign in, until the role ends by itself.
    Temporary,
    /// Can sign in, and no end is in sight.
    Lasting,
}

impl AdminStanding {
    pub const fn new(active: bool, lasting: bool) -> Self {
        match (active, lasting) {
            (false, _) => Self::Expected,
            (true, false) => Self::Temporary,
            (true, true) => Self::Lasting,
        }
    }
}

/// Decides whether an admin may lose the role or the company (K7). `admins` are those who hold the role and are not
/// removed.
///
/// # Errors
/// [`Conflict::LastAdmin`] when no admin would be left whom the company can count on as much as on `leaving`.
pub fn guard_last_admin(admins: &[(PersonId, AdminStanding)], leaving: PersonId) -> Result<(), Failure> {
    let Some((_, standing)) = admins.iter().find(|(person, _)| *person == leaving) else { return Ok(()) };
    let enough = admins.iter().any(|(person, other)| *person != leaving && other >= standing);
    if enough { Ok(()) } else { Err(Failure::Conflict(Conflict::LastAdmin)) }
}

/// Whether giving or taking a role is for those who give roles: contract contacts add and remove support users (R28, R29),
/// but make nobody their equal or more.
pub const fn needs_role_grant(role: Role) -> bool {
    !matches!(role, Role::SupportUser | Role::ProductSupportUser)
}

/// A person to be added to a company: every field was checked.
#[derive(Clone, Debug)]
pub struct PersonDraft {
    pub organisation: OrganisationId,
    pub name: PersonName,
    pub email: EmailAddress,
    pub phone: Option<PhoneNumber>,
    pub locale: Locale,
    pub role: RoleDraft,
}

/// A role to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDraft {
    pub role: Role,
    pub reach: Reach,
    /// `None` is every product.
    pub products: Option<Vec<ProductId>>,
    /// The moment it ends by itself.
    pub until: Option<Timestamp>,
}

/// A person as typed into the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonForm {
    pub organisation: String,
    pub name: String,
    pub email: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub locale: String,
    #[serde(flatten)]
    pub role: RoleForm,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleForm {
    pub role: String,
    #[serde(default)]
    pub reach: String,
    /// Ids; meaningful for product support users only.
    #[serde(default)]
    pub products: Vec<String>,
    /// The last day, ISO 8601; empty is for good.
    #[serde(default)]
    pub until: String,
}

impl RoleForm {
    fn parse_into(&self, today: Date, errors: &mut FieldErrors) -> Option<RoleDraft> {
        let role = errors.take(
            "role",
            match self.role.as_str() {
                "" => Err(FieldError::Required),
                key => Role::parse(key).filter(|role| Role::CUSTOMER.contains(role)).ok_or(FieldError::NotAChoice),
            },
        );
        let reach = errors.take(
            "reach",
            match self.reach.as_str() {
                "" => Ok(Reach::default()),
                key => Reach::parse(key).ok_or(FieldError::NotAChoice),
            },
        );
        let until = errors.take("until", self.parse_until(today));
        let (role, reach, until) = (role?, reach?, until?);
        let products = if role == Role::ProductSupportUser {
            let ids: Option<Vec<ProductId>> = self.products.iter().map(|id| id.parse().ok()).collect();
            let ids = ids.filter(|ids| !ids.is_empty()).ok_or(FieldError::Required);
            Some(errors.take("products", ids)?)
        } else {
            None
        };
        // An administrator without sight of the company's cases would be a contradiction (R16).
        let reach = if role == Role::SupportSystemAdmin { Reach::Organisation } else { reach };
        Some(RoleDraft { role, reach, products, until })
    }

    fn parse_until(&self, today: Date) -> Result<Option<Timestamp>, FieldError> {
        let day = match self.until.trim() {
            "" => return Ok(None),
            text => text.parse::<Date>().map_err(|_| FieldError::NotATime)?,
        };
        if day < today {
            return Err(FieldError::InThePast);
        }
        ends_after(day).map(Some).ok_or(FieldError::NotATime)
    }

    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self, today: Date) -> Result<RoleDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.parse_into(today, &mut errors).ok_or(errors)
    }
}

impl PersonForm {
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self, today: Date) -> Result<PersonDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let organisation = errors.take("organisation", self.organisation.parse().map_err(|_| FieldError::NotAChoice));
        let name = errors.take("name", PersonName::parse(&self.name));
        let email = errors.take("email", EmailAddress::parse(&self.email));
        let phone = errors.take("phone", optional(&self.phone, PhoneNumber::parse));
        let locale = errors.take(
            "locale",
            match self.locale.as_str() {
                "" => Ok(Locale::default()),
                tag => Locale::parse(tag).ok_or(FieldError::NotAChoice),
            },
        );
        let role = self.role.parse_into(today, &mut errors);
        match (organisation, name, email, phone, locale, role) {
            (Some(organisation), Some(name), Some(email), Some(phone), Some(locale), Some(role)) => {
                Ok(PersonDraft { organisation, name, email, phone, locale, role })
            }
            _ => Err(errors),
        }
    }
}

/// A member in the list of a company's people. Before they accept, it holds what was typed about them and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    pub person: PersonId,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub state: MembershipState,
    pub invited_at: Option<Timestamp>,
    pub last_seen_at: Option<Timestamp>,
    pub roles: Vec<RoleRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRow {
    pub grant: GrantId,
    pub role: Role,
    pub reach: Reach,
    /// Names; `None` is every product.
    pub products: Option<Vec<String>>,
    /// The last day it holds.
    pub until: Option<Date>,
    pub reasons: Vec<AdminReason>,
}

/// The people of one company, with what the forms beside the list need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyPeople {
    pub organisation: OrganisationId,
    pub name: String,
    /// In DRAFT nobody is told of anything.
    pub silent: bool,
    /// What roles can be limited to.
    pub products: Vec<ProductChoice>,
    pub members: Vec<MemberRow>,
}

/// What the page of people opens with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleView {
    /// `None`: somebody of the vendor has to choose a company first.
    pub company: Option<CompanyPeople>,
    /// The companies to switch between.
    pub companies: Vec<(OrganisationId, String)>,
}

/// What the page of an invitation shows before anybody signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub name: String,
    pub email: String,
    pub organisation: String,
    pub roles: Vec<Role>,
    /// The person has a password already, from another company: it is asked for instead of a new one.
    pub has_password: bool,
}

/// Where an invitation stands for whoever holds a link; looking never changes it (K4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvitationState {
    Open(InvitationView),
    /// Sign in instead.
    Accepted {
        organisation: String,
    },
    /// Too old, or a newer link was sent; a new one can be asked for.
    Expired {
        organisation: String,
    },
}

/// How long a link to set a new password can be used, in minutes.
pub const RESET_MINUTES: i64 = 30;

/// Where such a link stands for whoever holds it; looking never changes it (K4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetState {
    Open,
    /// Too old, or the password was set since.
    Ended,
}

/// One place where somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub key: String,
    pub device: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K7, J26
    #[test]
    fn k7_a_company_keeps_an_admin_who_can_sign_in() {
        use AdminStanding::{Expected, Lasting, Temporary};
        let [a, b] = [1, 2].map(|n| PersonId::from(uuid::Uuid::from_u128(n)));
        let refused = Err(Failure::Conflict(Conflict::LastAdmin));
        assert_eq!(guard_last_admin(&[(a, Lasting)], a), refused);
        assert_eq!(guard_last_admin(&[(a, Lasting), (b, Expected)], a), refused, "b cannot sign in yet");
        assert_eq!(guard_last_admin(&[(a, Lasting), (b, Temporary)], a), refused, "b will not be there for long");
        assert_eq!(guard_last_admin(&[(a, Lasting), (b, Expected)], b), Ok(()));
        assert_eq!(guard_last_admin(&[(a, Lasting), (b, Temporary)], b), Ok(()));
        assert_eq!(guard_last_admin(&[(a, Lasting), (b, Lasting)], a), Ok(()));
        assert_eq!(guard_last_admin(&[(b, Expected)], b), refused, "the last remaining one");
        assert_eq!(guard_last_admin(&[(a, Lasting)], b), Ok(()), "b is no admin");
    }

    #[test]
    fn a_role_ends_after_its_last_day() {
        let today: Date = "2026-03-02".parse().expect("a day");
        let form = |until: &str| RoleForm { role: "support_user".into(), until: until.into(), ..Default::default() };
        let until = form("2026-03-02").parse(today).expect("a role").until.expect("an end");
        assert_eq!(until.to_string(), "2026-03-03T00:00:00Z");
        assert_eq!(last_day(until), today);
        assert_eq!(form(" ").parse(today).expect("a role").until, None);
        assert_eq!(form("2026-03-01").parse(today), Err(FieldErrors::one("until", FieldError::InThePast)));
        assert_eq!(form("soon").parse(today), Err(FieldErrors::one("until", FieldError::NotATime)));
    }

    /// R19: the vendor's roles are not an admin's to give.
    #[test]
    fn r19_vendor_roles_are_no_choice() {
        for role in Role::ALL {
            let form = RoleForm { role: role.key().into(), products: vec![], ..Default::default() };
            let today = "2026-03-02".parse().expect("a day");
            let refused = form.parse(today).is_err_and(|errors| errors.get("role") == Some(&FieldError::NotAChoice));
            assert_eq!(refused, role.kind() == crate::access::RoleKind::Vendor, "{}", role.key());
        }
    }
}

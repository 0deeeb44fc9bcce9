//! People, apart from their identities (addresses) and their memberships (companies).

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    Failure, FieldError, FieldErrors, GrantId, OrganisationId, PersonId, ProductId,
    access::{Reach, Role},
    cases::{ProductChoice, coded},
    contracts::AdminReason,
    failure::Conflict,
    locale::Locale,
    page::Page,
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

/// How long an address waits for another link after one was sent, in minutes.
pub const INVITATION_PAUSE_MINUTES: i64 = 10;

/// Returns the moment an invitation sent at `invited_at` ends.
pub fn invitation_ends(invited_at: Timestamp) -> Timestamp {
    invited_at + SignedDuration::from_hours(INVITATION_DAYS * 24)
}

/// How many invitations an address gets within 24 hours, from all companies together.
pub const INVITATIONS_A_DAY: usize = 3;

/// An invitation that was sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentInvitation {
    pub organisation: OrganisationId,
    pub at: Timestamp,
}

/// Returns how long a company waits before it may send an address another invitation; `None` when it may now. `sent` is
/// what the address got within the last 24 hours, from whichever company and by whichever door: a mailbox is not the
/// inviting company's to fill (F3).
pub fn invitation_wait(
    sent: &[SentInvitation],
    organisation: OrganisationId,
    now: Timestamp,
) -> Option<SignedDuration> {
    let left = |at: Timestamp, pause: SignedDuration| (at + pause).duration_since(now);
    let mut newest_first: Vec<Timestamp> = sent.iter().map(|invitation| invitation.at).collect();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let of_the_day = newest_first.get(INVITATIONS_A_DAY - 1).map(|third| left(*third, SignedDuration::from_hours(24)));
    let of_the_company = sent
        .iter()
        .filter(|invitation| invitation.organisation == organisation)
        .map(|invitation| left(invitation.at, SignedDuration::from_mins(INVITATION_PAUSE_MINUTES)));
    of_the_day.into_iter().chain(of_the_company).max().filter(SignedDuration::is_positive)
}

/// How long a proposed address can be confirmed, in days.
pub const ADDRESS_LINK_DAYS: i64 = 7;

/// Returns the moment a link to take a new address ends.
pub fn address_link_ends(proposed_at: Timestamp) -> Timestamp {
    proposed_at + SignedDuration::from_hours(ADDRESS_LINK_DAYS * 24)
}

/// What is known of an account whose address others want to correct (D5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressStanding {
    /// Its owner came in by this address, in any company, or works for the vendor with it.
    pub proved: bool,
    /// How many companies the account belongs to or belonged to.
    pub companies: u64,
}

impl AddressStanding {
    /// Whether correcting the address changes the account itself, for all its companies when the vendor corrects it. Otherwise
    /// the company's membership moves to the account of the corrected address: an account that others rely on is not one
    /// company's to change (F3).
    pub const fn is_correctable(self, by_vendor: bool) -> bool {
        !self.proved && (by_vendor || self.companies <= 1)
    }

    /// Whether nothing is left of the account once its one company has another.
    pub const fn is_only_this(self) -> bool {
        !self.proved && self.companies <= 1
    }
}

/// Whether a role may be given with this reach by an actor who does not give roles themselves: a contract contact sees no
/// cases, so the users they add see their own and no more (C21).
///
/// # Errors
/// [`FieldError::NotAChoice`] under `reach`.
pub fn check_reach(draft: &RoleDraft, gives_roles: bool) -> Result<(), Failure> {
    if gives_roles || draft.reach == Reach::Own { Ok(()) } else { Err(Failure::field("reach", FieldError::NotAChoice)) }
}

/// The end of a role: the last day it holds, and the moment that day ends in the zone of the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleEnd {
    pub day: Date,
    pub at: Timestamp,
}

impl RoleEnd {
    /// `None` for a day after which no day comes.
    pub fn after(day: Date, company: &TimeZone) -> Option<Self> {
        let next = day.tomorrow().ok()?;
        Some(Self { day, at: next.to_zoned(company.clone()).ok()?.timestamp() })
    }
}

/// What "today" is for a form with days in it: in the zone of the reader who fills it in, and in that of the company, where
/// the days end.
#[derive(Clone, Debug)]
pub struct Days {
    /// The day it is for the reader.
    pub today: Date,
    pub company: TimeZone,
    pub now: Timestamp,
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

/// Decides whether an admin may lose the role or the company (K7). `admins` are the members who hold the role and are not
/// removed.
///
/// # Errors
/// [`Conflict::LastAdmin`] when no admin would be left whom the company can count on as much as on `leaving`.
pub fn guard_last_admin(admins: &[(PersonId, AdminStanding)], leaving: PersonId) -> Result<(), Failure> {
    let Some((_, standing)) = admins.iter().find(|(person, _)| *person == leaving) else { return Ok(()) };
    let enough = admins.iter().any(|(person, other)| *person != leaving && other >= standing);
    if enough { Ok(()) } else { Err(Failure::Conflict(Conflict::LastAdmin)) }
}

/// Whether giving or taking a role needs the permission to give roles: contract contacts add and remove support users
/// (R28, R29), but promote no member to their own level or above.
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
    /// When it ends by itself.
    pub until: Option<RoleEnd>,
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
    fn parse_into(&self, days: &Days, errors: &mut FieldErrors) -> Option<RoleDraft> {
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
        let until = errors.take("until", self.parse_until(days));
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

    fn parse_until(&self, days: &Days) -> Result<Option<RoleEnd>, FieldError> {
        let day = match self.until.trim() {
            "" => return Ok(None),
            text => text.parse::<Date>().map_err(|_| FieldError::NotATime)?,
        };
        if day < days.today {
            return Err(FieldError::InThePast);
        }
        let end = RoleEnd::after(day, &days.company).ok_or(FieldError::NotATime)?;
        // The day of the reader may be over where the company is: the role would end before it begins.
        if end.at <= days.now { Err(FieldError::InThePast) } else { Ok(Some(end)) }
    }

    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self, days: &Days) -> Result<RoleDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.parse_into(days, &mut errors).ok_or(errors)
    }
}

impl PersonForm {
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self, days: &Days) -> Result<PersonDraft, FieldErrors> {
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
        let role = self.role.parse_into(days, &mut errors);
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

/// A person who works for the vendor, with the roles that stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    pub person: PersonId,
    pub name: String,
    /// As people read it.
    pub email: String,
    pub roles: Vec<Role>,
    pub last_seen_at: Option<Timestamp>,
}

/// A company as the pages of its people need it: the list, one person, the form to add one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyHead {
    pub organisation: OrganisationId,
    pub name: String,
    /// In DRAFT the people of the company are told nothing.
    pub silent: bool,
    /// What roles can be limited to.
    pub products: Vec<ProductChoice>,
}

/// One person of a company; `None` when no member has that id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    pub company: CompanyHead,
    pub member: Option<MemberRow>,
    /// The address that this company or the vendor proposed, while it can be confirmed.
    #[serde(default)]
    pub proposed: Option<ProposedAddress>,
}

/// A new address of an account, which its owner has not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedAddress {
    /// As people read it.
    pub email: String,
    pub ends_at: Timestamp,
}

/// One page of the people of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyPeople {
    pub company: CompanyHead,
    pub members: Page<MemberRow>,
    /// How many of the whole company were not told of the portal yet.
    pub waiting: u64,
    /// The company hangs on one administrator who can sign in (K7).
    pub one_admin: bool,
}

/// Which people are asked for, as it stands in the address of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleFilter {
    pub company: Option<OrganisationId>,
    /// Part of the name of a company, for the vendor's people.
    #[serde(default)]
    pub search: String,
    /// Part of the name or the address of a person.
    #[serde(default)]
    pub find: String,
    /// The cursor of the page: of the people when a company is chosen, else of the companies.
    #[serde(default)]
    pub after: String,
}

/// What the page of people opens with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleView {
    /// `None`: the vendor's people have to choose a company first.
    pub company: Option<CompanyPeople>,
    /// One page of the companies to switch between.
    pub companies: Page<(OrganisationId, String)>,
    /// The vendor's own people, for its side only and before a company is chosen.
    #[serde(default)]
    pub staff: Vec<StaffRow>,
}

/// What the page of an invitation shows before its recipient signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub name: String,
    pub email: String,
    pub organisation: String,
    pub roles: Vec<Role>,
    /// The person has a password already, from another company: it is asked for instead of a new one.
    pub has_password: bool,
}

/// Where an invitation stands for the holder of a link; looking never changes it (K4).
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

/// Where a link to take a new address stands; looking never changes it (K4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressLinkState {
    Open(AddressLinkView),
    /// Too old, used, or another one was sent since.
    Ended,
}

/// What the page shows to its reader, who has the new mailbox and need not be the owner of the account: not the address of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressLinkView {
    pub name: String,
    /// The new one, as people read it.
    pub email: String,
    pub organisation: String,
}

/// How long a link to set a new password can be used, in minutes.
pub const RESET_MINUTES: i64 = 30;

/// Where such a link stands for its holder; looking never changes it (K4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetState {
    Open,
    /// Too old, or the password was set since.
    Ended,
}

/// One place where a person is signed in.
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

    /// F3: ten minutes between two from one company, three a day from all of them.
    #[test]
    fn f3_an_address_gets_few_invitations_from_all_companies_together() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| OrganisationId::from(uuid::Uuid::from_u128(n)));
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000);
        let ago = |organisation, minutes| SentInvitation { organisation, at: now - SignedDuration::from_mins(minutes) };
        let wait =
            |sent: &[SentInvitation], organisation| invitation_wait(sent, organisation, now).map(|left| left.as_mins());
        assert_eq!(wait(&[], a), None);
        assert_eq!(wait(&[ago(a, 4)], a), Some(6));
        assert_eq!(wait(&[ago(a, 10)], a), None);
        assert_eq!(wait(&[ago(a, 4)], b), None, "the pause is the company's");
        assert_eq!(wait(&[ago(a, 60), ago(b, 30), ago(c, 15)], d), Some(23 * 60), "until the first is a day old");
        assert_eq!(wait(&[ago(a, 60), ago(b, 30), ago(c, 15), ago(d, 12)], d), Some(23 * 60 + 30));
        assert_eq!(wait(&[ago(c, 15), ago(a, 24 * 60), ago(b, 30)], d), None, "in whatever order");
    }

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
        let now: Timestamp = "2026-03-02T14:59:59Z".parse().expect("a moment");
        let in_zone = |name: &str| Days { today, company: TimeZone::get(name).expect("bundled"), now };
        let form = |until: &str| RoleForm { role: "support_user".into(), until: until.into(), ..Default::default() };
        let end = |zone: &str| form("2026-03-02").parse(&in_zone(zone)).expect("a role").until.expect("an end");
        assert_eq!(end("UTC").at.to_string(), "2026-03-03T00:00:00Z");
        assert_eq!(end("America/New_York").at.to_string(), "2026-03-03T05:00:00Z", "the whole day of the company");
        assert_eq!(end("Asia/Tokyo").day, today);
        let days = in_zone("Europe/Paris");
        assert_eq!(form(" ").parse(&days).expect("a role").until, None);
        assert_eq!(form("2026-03-01").parse(&days), Err(FieldErrors::one("until", FieldError::InThePast)));
        assert_eq!(form("soon").parse(&days), Err(FieldErrors::one("until", FieldError::NotATime)));
        let late = Days { now: "2026-03-02T15:00:00Z".parse().expect("a moment"), ..in_zone("Asia/Tokyo") };
        let over = form("2026-03-02").parse(&late);
        assert_eq!(over, Err(FieldErrors::one("until", FieldError::InThePast)), "it is the 3rd in Tokyo");
        assert!(form("2026-03-03").parse(&late).is_ok());
    }

    /// R19: the vendor's roles are not an admin's to give.
    #[test]
    fn r19_vendor_roles_are_no_choice() {
        for role in Role::ALL {
            let form = RoleForm { role: role.key().into(), products: vec![], ..Default::default() };
            let days = Days {
                today: "2026-03-02".parse().expect("a day"),
                company: TimeZone::UTC,
                now: "2026-03-02T12:00:00Z".parse().expect("a moment"),
            };
            let refused = form.parse(&days).is_err_and(|errors| errors.get("role") == Some(&FieldError::NotAChoice));
            assert_eq!(refused, role.kind() == crate::access::RoleKind::Vendor, "{}", role.key());
        }
    }
}

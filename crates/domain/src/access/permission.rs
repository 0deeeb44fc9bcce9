//! The permissions, declared once. `docs/PERMISSIONS.md` is generated from this table.

use serde::{Deserialize, Serialize};

use crate::rollout::Capability;

macro_rules! permissions {
    ($($name:ident = $key:literal, $doc:literal $(, opens $capability:ident)?;)+) => {
        /// One thing that can be allowed: `object:action`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $doc] #[serde(rename = $key)] $name),+
        }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the name in the database and in documents.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            /// Parses a name; an unknown one is no permission at all.
            pub fn parse(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)+ _ => None }
            }

            /// Returns what the rollout of a company must have opened before the permission has any effect in it.
            pub const fn capability(self) -> Option<Capability> {
                match self { $(Self::$name => permissions!(@gate $($capability)?)),+ }
            }

            /// Returns what it allows, as the source says it.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => $doc),+ }
            }
        }
    };
    (@gate) => { None };
    (@gate $capability:ident) => { Some(Capability::$capability) };
}

permissions! {
    PersonList = "person:list", "See the people of a company and their roles", opens PeopleAdmin;
    PersonCreate = "person:create", "Add a person to a company (R18, R29)", opens PeopleAdmin;
    PersonRemove = "person:remove", "Take a person out of a company (R18)", opens PeopleAdmin;
    RoleGrant = "role:grant", "Give and take roles (R19)", opens PeopleAdmin;
    CaseOpen = "case:open", "Open a case (R9)", opens CaseOpen;
    CaseRead = "case:read", "Read cases of a company, within the reach of the role (R7)", opens CaseHistory;
    CaseReply = "case:reply", "Write to a case that one may read (R20)", opens CaseReply;
    CaseClose = "case:close", "Close and reopen a case that one may read (R20)", opens CaseReply;
    CaseWork = "case:work", "Take a case, set its status and its agent", opens CaseReply;
    CaseNote = "case:note", "Read and write notes that customers never see", opens CaseReply;
    ChatStart = "chat:start", "Start a chat (R10, R21)", opens Chat;
    ChatAnswer = "chat:answer", "Answer chats";
    CallRequest = "call:request", "Ask to be called (R8)", opens Calls;
    CallAnswer = "call:answer", "Make the calls that were asked for and log them";
    PhoneLineManage = "phone_line:manage", "Set the phone lines of the regions and their hours (R8)";
    ProgrammeRead = "programme:read", "See the rollout of every company";
    ProgrammeControl = "programme:control", "Set up programmes, move companies through the phases";
    ImportRun = "import:run", "Import companies, people, contracts and old cases (R12)";
    AnnouncementPublish = "announcement:publish", "Publish announcements";
    MailRead = "mail:read", "See every mail that left or will leave";
    MailRetry = "mail:retry", "Send a mail again that was given up";
    OrganisationReadAll = "organisation:read_all", "See every company of the vendor";
    AuditRead = "audit:read", "Read the ledger of what happened", opens PeopleAdmin;
}

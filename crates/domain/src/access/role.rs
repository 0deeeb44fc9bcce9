//! The built-in roles: the rows that a new database starts with.

use serde::{Deserialize, Serialize};

use super::Permission;

/// Whether a role belongs to a customer company or to the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleKind {
    Customer,
    Vendor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Super-user inside one company, nothing outside (R15-R21).
    SupportSystemAdmin,
    /// Named in the contract: confirms and validates during the rollout (R14, R27-R29).
    ContractContact,
    /// Opens and follows cases about all products.
    SupportUser,
    /// Opens and follows cases about the products named in the grant.
    ProductSupportUser,
    Agent,
    Lead,
    ProgrammeManager,
    Operator,
}

impl Role {
    pub const ALL: [Self; 8] = [
        Self::SupportSystemAdmin,
        Self::ContractContact,
        Self::SupportUser,
        Self::ProductSupportUser,
        Self::Agent,
        Self::Lead,
        Self::ProgrammeManager,
        Self::Operator,
    ];

    /// The roles an admin of a company gives.
    pub const CUSTOMER: [Self; 4] =
        [Self::SupportSystemAdmin, Self::ContractContact, Self::SupportUser, Self::ProductSupportUser];

    pub const fn key(self) -> &'static str {
        match self {
            Self::SupportSystemAdmin => "support_system_admin",
            Self::ContractContact => "contract_contact",
            Self::SupportUser => "support_user",
            Self::ProductSupportUser => "product_support_user",
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::ProgrammeManager => "programme_manager",
            Self::Operator => "operator",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    pub const fn kind(self) -> RoleKind {
        match self {
            Self::SupportSystemAdmin | Self::ContractContact | Self::SupportUser | Self::ProductSupportUser => {
                RoleKind::Customer
            }
            Self::Agent | Self::Lead | Self::ProgrammeManager | Self::Operator => RoleKind::Vendor,
        }
    }

    /// Whether a permission of the role ends with the launch: contract contacts validate and create users while their company
    /// is being prepared (R28, R29); afterwards that is for its administrators.
    pub const fn until_launch(self, permission: Permission) -> bool {
        matches!((self, permission), (Self::ContractContact, Permission::PersonCreate | Permission::PersonRemove))
    }

    /// Returns what the role starts with; the database may differ later.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Self::SupportSystemAdmin => &[
                PersonList,
                PersonCreate,
                PersonRemove,
                RoleGrant,
                CaseOpen,
                CaseRead,
                CaseReply,
                CaseClose,
                ChatStart,
                CallRequest,
                AuditRead,
            ],
            Self::ContractContact => &[PersonList, PersonCreate, PersonRemove],
            Self::SupportUser | Self::ProductSupportUser => {
                &[CaseOpen, CaseRead, CaseReply, CaseClose, ChatStart, CallRequest]
            }
            Self::Agent => &[
                PersonList,
                CaseRead,
                CaseReply,
                CaseClose,
                CaseWork,
                CaseNote,
                ChatAnswer,
                CallAnswer,
                OrganisationReadAll,
                AuditRead,
            ],
            Self::Lead => &[
                PersonList,
                CaseRead,
                CaseReply,
                CaseClose,
                CaseWork,
                CaseNote,
                ChatAnswer,
                CallAnswer,
                OrganisationReadAll,
                AuditRead,
                ProgrammeRead,
            ],
            Self::ProgrammeManager => &[
                PersonList,
                PersonCreate,
                PersonRemove,
                RoleGrant,
                ProgrammeRead,
                ProgrammeControl,
                ImportRun,
                AnnouncementPublish,
                MailRead,
                MailRetry,
                OrganisationReadAll,
                AuditRead,
            ],
            Self::Operator => &[
                PersonList,
                PersonCreate,
                PersonRemove,
                RoleGrant,
                PhoneLineManage,
                ProgrammeRead,
                ProgrammeControl,
                ImportRun,
                AnnouncementPublish,
                MailRead,
                MailRetry,
                OrganisationReadAll,
                AuditRead,
            ],
        }
    }
}

//! People, memberships and roles.

use std::collections::HashSet;

use domain::{
    Failure, OrganisationId, PersonId, ProductId,
    access::{Reach, Role},
    audit::Verb,
    locale::Locale,
    text::{EmailAddress, PersonName, PhoneNumber},
};
use serde_json::json;
use store::imports::{GrantLine, MembershipLine, PersonLine};

use super::{super::plan::Place, Writer};
use crate::OrFail;

impl Writer<'_> {
    async fn correct_person(
        &self,
        (person, company): (PersonId, OrganisationId),
        name: &PersonName,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
    ) -> Result<(), Failure> {
        let (granted, phone) = (&self.importer.granted, phone.map(PhoneNumber::as_str));
        store::imports::update_person(&self.tx, granted, person, company, name.as_str(), phone, locale)
            .await
            .or_fail("correcting a person")
    }

    /// Adds a new person, or corrects a known one when the record is not the first about them.
    pub(super) async fn facts(
        &mut self,
        (person, organisation, new): (PersonId, OrganisationId, bool),
        name: &PersonName,
        email: &EmailAddress,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
        fresh: bool,
    ) -> Result<(), Failure> {
        if new {
            self.bulk.people.push(PersonLine {
                id: person,
                name: name.to_string(),
                email: email.to_string(),
                normalised: email.normalised(),
                phone: phone.map(ToString::to_string),
                locale,
            });
        } else if !fresh {
            match self.bulk.people.iter_mut().find(|line| line.id == person) {
                // Another record of this batch brought them: their row is not written yet.
                Some(line) => {
                    line.name = name.to_string();
                    line.phone = phone.map(ToString::to_string).or_else(|| line.phone.take());
                    line.locale = locale.or(line.locale);
                }
                None => self.correct_person((person, organisation), name, phone, locale).await?,
            }
        }
        Ok(())
    }

    /// A person and a membership, each when it is new.
    pub(super) async fn person(
        &mut self,
        place: &Place,
        name: &PersonName,
        email: &EmailAddress,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
        fresh: bool,
    ) -> Result<(), Failure> {
        self.facts((place.person, place.organisation, place.new_person), name, email, phone, locale, fresh).await?;
        if !place.new_person && !fresh {
            let pending = |line: &&mut MembershipLine| line.id == place.membership;
            if let Some(line) = self.bulk.memberships.iter_mut().find(pending) {
                line.name = name.to_string();
            }
        }
        if place.new_membership {
            self.bulk.memberships.push(MembershipLine {
                id: place.membership,
                person: place.person,
                organisation: place.organisation,
                name: name.to_string(),
            });
        }
        Ok(())
    }

    /// Gives a person the role of a user, or changes the one that an import gave; a role that people gave or took away
    /// stays as it is.
    pub(super) async fn support_role(
        &mut self,
        place: &Place,
        reach: Reach,
        products: Vec<ProductId>,
    ) -> Result<(), Failure> {
        let role = if products.is_empty() { Role::SupportUser } else { Role::ProductSupportUser };
        let key = |role| (place.person, place.organisation, role);
        let given = [Role::SupportUser, Role::ProductSupportUser]
            .into_iter()
            .filter_map(|role| self.roles.held.get(&key(role)))
            .find(|held| held.imported && !held.revoked)
            .cloned();
        let Some(before) = given else {
            self.grant(place, role, reach, products);
            return Ok(());
        };
        let products: HashSet<ProductId> = products.into_iter().collect();
        let same = (before.role, before.reach, &before.products) == (role, reach, &products);
        if same || (before.role != role && self.roles.held.contains_key(&key(role))) {
            return Ok(());
        }
        store::imports::update_grant(&self.tx, &self.importer.granted, before.id, role, reach, &products)
            .await
            .or_fail("changing a role")?;
        let side = |role: Role, reach: Reach, products: &HashSet<ProductId>| json!({ "grant": before.id, "role": role, "reach": reach, "products": products });
        let detail = json!({
            "role": role,
            "before": [side(before.role, before.reach, &before.products)],
            "after": side(role, reach, &products),
        });
        let object = ("person", place.person.to_string());
        self.event(Verb::RoleGranted, Some(place.organisation), object, None, detail);
        Ok(())
    }

    /// Gives a role unless it is held, or was held and taken away.
    pub(super) fn grant(&mut self, place: &Place, role: Role, reach: Reach, products: Vec<ProductId>) {
        let key = (place.person, place.organisation, role);
        if self.roles.held.contains_key(&key) || !self.roles.given.insert(key) {
            return;
        }
        self.bulk.grants.push(GrantLine {
            id: self.id(),
            person: place.person,
            organisation: place.organisation,
            role,
            reach,
            products,
            reasons: Vec::new(),
        });
    }
}

//! The products that a case, a chat or a call can be about.

use domain::organisations::OrganisationChoice;

use crate::ui::Choice;

/// Lists the products of all the companies, each once, after the choice of no product.
pub fn product_choices(choices: &[OrganisationChoice], none: &str) -> Vec<Choice> {
    let mut all: Vec<Choice> = Vec::new();
    for product in choices.iter().flat_map(|choice| choice.products.iter()) {
        let choice = Choice::new(product.id.to_string(), product.name.clone());
        if !all.contains(&choice) {
            all.push(choice);
        }
    }
    if choices.iter().any(|choice| choice.none) {
        all.push(Choice::new("none", none));
    }
    all
}

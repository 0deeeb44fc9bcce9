//! An installation of a size, as an import: 500 companies of very different sizes, ten times as many people, ten entries a
//! case on average, words as often as in a language (Zipf's law), and one case that never ended.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;

const COMPANIES: usize = 500;
const WORDS: usize = 20_000;
/// The entries of the first case, which never ended.
const LONG: usize = 3_000;

/// Draws numbers from 0 to `n - 1`, each as often as its rank says.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(n: usize, steepness: f64) -> Self {
        let mut sum = 0.0;
        let sums = (0..n).map(|rank| {
            sum += (rank as f64 + 1.0).powf(-steepness);
            sum
        });
        Self(sums.collect())
    }

    fn draw(&self, random: &mut StdRng) -> usize {
        let end = self.0.last().copied().unwrap_or_default();
        let place = random.random_range(0.0..end);
        self.0.partition_point(|sum| *sum <= place).min(self.0.len() - 1)
    }
}

/// Words that can be spoken, each another.
fn words() -> Vec<String> {
    const SYLLABLES: [&str; 30] = [
        "ba", "re", "ti", "mo", "lu", "san", "per", "col", "vi", "den", "gra", "fle", "ston", "ker", "pla", "ne", "do",
        "ri", "ma", "che", "tra", "vel", "on", "il", "sur", "pe", "ca", "nor", "ly", "se",
    ];
    (0..WORDS)
        .map(|number| {
            let [a, b, c, d] = [number % 30, number / 30 % 30, number / 900 % 30, (number * 7) % 30];
            format!(
                "{}{}{}{}",
                SYLLABLES[a],
                SYLLABLES[b],
                SYLLABLES[c],
                if number % 3 == 0 { SYLLABLES[d] } else { "" }
            )
        })
        .collect()
}

/// The address of a person of a company.
pub fn address(company: usize, person: usize) -> String {
    format!("p{person}.c{company}@bench.example")
}

/// The word that stands in every fourth entry.
pub const COMMON: &str = "gateway";

/// The word that stands in one entry only.
pub fn rare(case: usize) -> String {
    format!("serial{case:07}")
}

/// Writes an import of `cases` cases.
pub fn write(cases: usize, file: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut random = StdRng::seed_from_u64(1);
    let (words, by_rank, by_size) = (words(), Zipf::new(WORDS, 1.0), Zipf::new(COMPANIES, 0.9));
    let mut line = |value: serde_json::Value| writeln!(out, "{value}");
    for product in ["atlas", "pulse"] {
        line(json!({ "type": "product", "key": product, "name": product.to_uppercase() }))?;
    }
    // As many people as the company has a share of the cases, and three at least.
    let mut sizes = vec![3_usize; COMPANIES];
    let people = (cases / 20).max(5 * COMPANIES);
    for _ in 0..people - 3 * COMPANIES {
        sizes[by_size.draw(&mut random)] += 1;
    }
    for (n, size) in sizes.iter().enumerate() {
        let name = format!("{} {n}", capital(&words[by_rank.draw(&mut random)]));
        line(json!({ "type": "organisation", "id": format!("A{n}"), "name": name }))?;
        line(
            json!({ "type": "contract", "id": format!("C{n}"), "organisation": format!("A{n}"), "products": ["atlas", "pulse"] }),
        )?;
        for person in 0..*size {
            let [first, last] = [0, 1].map(|_| capital(&words[by_rank.draw(&mut random)]));
            line(json!({
                "type": "user", "id": format!("U{n}-{person}"), "organisation": format!("A{n}"), "name": format!("{first} {last}"),
                "email": address(n, person), "admin": person == 0, "reach": "organisation",
            }))?;
        }
    }
    let text = |random: &mut StdRng, least: usize, most: usize| {
        let length = random.random_range(least..most);
        let mut text = String::new();
        for place in 0..length {
            let word = if random.random_range(0..4 * length) == 0 { COMMON } else { &words[by_rank.draw(random)] };
            text.push_str(if place == 0 { "" } else { " " });
            text.push_str(word);
        }
        text
    };
    for n in 0..cases {
        let company = if n == 0 { 0 } else { by_size.draw(&mut random) };
        let person = random.random_range(0..sizes[company]);
        let day = format!("20{:02}-{:02}-{:02}", 18 + n % 8, 1 + n / 7 % 12, 1 + n / 3 % 28);
        let entries = if n == 0 { LONG } else { random.random_range(1..20) };
        let entries: Vec<_> = (0..entries)
            .map(|entry| {
                let mut body = text(&mut random, 10, 60);
                if entry == 0 {
                    body = format!("{body} {}", rare(n));
                }
                let at = format!("{day}T{:02}:{:02}:00Z", 8 + entry / 60 % 12, entry % 60);
                if entry % 2 == 0 {
                    json!({ "author": "Customer", "email": address(company, person), "side": "customer", "at": at, "body": body })
                } else {
                    json!({ "author": "Agent Smith", "side": "vendor", "at": at, "body": body })
                }
            })
            .collect();
        let status = if n % 20 == 0 { "open" } else { "closed" };
        line(json!({
            "type": "case", "id": format!("K{n}"), "number": format!("E-{n:09}"), "source": "Before", "organisation": format!("A{company}"),
            "product": (["atlas", "pulse"] as [&str; 2]).choose(&mut random), "title": text(&mut random, 4, 10), "requestor": "Customer",
            "requestor_email": address(company, person), "status": status, "opened_at": format!("{day}T08:00:00Z"),
            "entries": entries,
        }))?;
    }
    out.flush()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

//! Who and what there is in the demo.

use domain::{access::Role, locale::Locale, rollout::Phase};

pub(super) const VENDOR: [(&str, &str, Role, Locale); 5] = [
    ("omar@nordlys.example", "Omar Haddad", Role::Agent, Locale::Fr),
    ("astrid@nordlys.example", "Astrid Berg", Role::Agent, Locale::En),
    ("nina@nordlys.example", "Nina Olsen", Role::Lead, Locale::En),
    ("mia@nordlys.example", "Mia Laurent", Role::ProgrammeManager, Locale::Fr),
    ("igor@nordlys.example", "Igor Novak", Role::Operator, Locale::En),
];

pub(super) struct Company {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
    pub(super) locale: Locale,
    pub(super) phase: Phase,
    /// Days from today to SETUP, VALIDATION, ENABLEMENT and LAUNCH.
    pub(super) days: [i32; 4],
    pub(super) products: &'static [&'static str],
    /// The first is the administrator in the records, the second the deployment contact.
    pub(super) people: &'static [&'static str],
}

pub(super) const COMPANIES: [Company; 6] = [
    Company {
        id: "ACC-301",
        name: "Librairie Montclair",
        domain: "montclair.example",
        locale: Locale::Fr,
        phase: Phase::Launch,
        days: [-101, -73, -45, -12],
        products: &["atlas", "pulse"],
        people: &["Claire Fontaine", "Hugo Marchand", "Inès Carpentier", "Théo Lambert", "Manon Roussel"],
    },
    Company {
        id: "ACC-302",
        name: "Fjord Textiles",
        domain: "fjordtextiles.example",
        locale: Locale::En,
        phase: Phase::Validation,
        days: [-35, -7, 21, 49],
        products: &["atlas"],
        people: &["Ingrid Solheim", "Peter Vance", "Laura Kemp", "Daniel Osei"],
    },
    Company {
        id: "ACC-303",
        name: "Cidrerie Valmont",
        domain: "valmont.example",
        locale: Locale::Fr,
        phase: Phase::Setup,
        days: [-5, 23, 51, 79],
        products: &["pulse"],
        people: &["Jules Perrin", "Élodie Garnier", "Maxime Colin"],
    },
    Company {
        id: "ACC-304",
        name: "Kestrel Robotics",
        domain: "kestrel.example",
        locale: Locale::En,
        phase: Phase::Draft,
        days: [16, 44, 72, 100],
        products: &["atlas", "pulse"],
        people: &["Grace Holloway", "Samir Patel", "Wendy Zhao"],
    },
    Company {
        id: "ACC-305",
        name: "Harbour & Finch",
        domain: "harbourfinch.example",
        locale: Locale::En,
        phase: Phase::Launch,
        days: [-115, -87, -59, -26],
        products: &["atlas", "pulse"],
        people: &["Emma Clarke", "Noah Finch", "Aisha Khan", "George Tull"],
    },
    Company {
        id: "ACC-306",
        name: "Maison Aubépine",
        domain: "aubepine.example",
        locale: Locale::Fr,
        phase: Phase::Enablement,
        days: [-63, -35, -7, 21],
        products: &["atlas"],
        people: &["Camille Besson", "Louis Tessier", "Nadia Ferrat"],
    },
];

/// A subject with a question and an answer.
pub(super) struct Story {
    pub(super) product: &'static str,
    pub(super) title: &'static str,
    pub(super) question: &'static str,
    pub(super) answer: &'static str,
}

pub(super) const FRENCH: [Story; 10] = [
    Story {
        product: "atlas",
        title: "Le tableau de bord reste vide ce matin",
        question: "Depuis 8 h 30, le tableau de bord « Ventes » reste vide pour toute l'équipe. Hier soir tout allait bien.\n\nNous avons essayé deux navigateurs.",
        answer: "Merci pour ces précisions. Une tâche d'indexation s'est arrêtée cette nuit ; nous l'avons relancée. Le tableau se remplit à nouveau : pouvez-vous vérifier ?",
    },
    Story {
        product: "atlas",
        title: "L'export mensuel s'arrête à 10 000 lignes",
        question: "L'export des commandes de mars s'arrête à 10 000 lignes, sans message. Il nous en manque environ 2 400.",
        answer: "La limite vient d'un réglage par défaut. Nous l'avons portée à 100 000 lignes sur votre compte.",
    },
    Story {
        product: "pulse",
        title: "Les prénoms accentués arrivent déformés",
        question: "Dans les courriels envoyés par Pulse, « Élodie » devient « Ã‰lodie ». Cela touche tous nos modèles.",
        answer: "Le modèle déclare un mauvais jeu de caractères. Pouvez-vous nous envoyer une copie du modèle concerné ?",
    },
    Story {
        product: "atlas",
        title: "Ajouter une nouvelle agence dans les filtres",
        question: "Nous ouvrons une agence à Nantes le mois prochain. Comment l'ajouter aux filtres existants sans tout recréer ?",
        answer: "Vous pouvez le faire dans Réglages › Dimensions › Agences ; les filtres la proposent aussitôt. Voici la marche à suivre en trois étapes.",
    },
    Story {
        product: "pulse",
        title: "Envoi programmé parti une heure trop tôt",
        question: "La campagne programmée à 9 h est partie à 8 h. Est-ce lié au changement d'heure ?",
        answer: "Oui : le fuseau de la campagne était fixé à UTC+1. Nous proposons de le remplacer par Europe/Paris pour toutes vos campagnes.",
    },
    Story {
        product: "atlas",
        title: "Connexion impossible après changement de poste",
        question: "Manon a changé de poste et ne peut plus ouvrir Atlas : page blanche après la connexion.",
        answer: "Un ancien certificat est resté sur le poste. Merci de vider le magasin de certificats et de réessayer.",
    },
    Story {
        product: "pulse",
        title: "Segment « clients fidèles » trop petit",
        question: "Le segment compte 120 personnes au lieu d'environ 900 attendues. Qu'est-ce qui les exclut ?",
        answer: "Le critère « dernier achat » exclut les achats en boutique. Nous l'avons signalé à l'équipe produit et proposons un contournement.",
    },
    Story {
        product: "atlas",
        title: "Impression PDF : la dernière colonne est coupée",
        question: "En paysage, la dernière colonne du rapport hebdomadaire est coupée à l'impression.",
        answer: "Corrigé dans la version 4.3, déployée hier soir sur votre instance.",
    },
    Story {
        product: "pulse",
        title: "Désinscriptions comptées deux fois",
        question: "Le rapport indique 48 désinscriptions, nous en trouvons 24 dans la liste.",
        answer: "Le rapport additionnait deux canaux. Le calcul est corrigé ; les chiffres des 30 derniers jours ont été repris.",
    },
    Story {
        product: "atlas",
        title: "Question sur la durée de conservation",
        question: "Combien de temps les données brutes sont-elles conservées ? Notre juriste demande une confirmation écrite.",
        answer: "Les données brutes sont gardées 25 mois, les agrégats sans limite. Le document joint à votre contrat le précise à l'article 7.",
    },
];

pub(super) const ENGLISH: [Story; 10] = [
    Story {
        product: "atlas",
        title: "Nightly synchronisation stops with a timeout",
        question: "The nightly job stops after 30 minutes with a timeout. It has failed three nights in a row, so our stock figures are from Monday.",
        answer: "Thank you, we can see the three failures. We have split the job into smaller batches; could you check tomorrow morning's figures?",
    },
    Story {
        product: "pulse",
        title: "Preview shows yesterday's prices",
        question: "The preview of the weekly mail shows yesterday's prices although the feed was updated at noon.",
        answer: "The preview is cached for 24 hours. We can shorten this to one hour for you. Shall we?",
    },
    Story {
        product: "atlas",
        title: "Duplicate rows in the delivery report",
        question: "Some deliveries appear twice in the weekly report, always those with two parcels.",
        answer: "A join in the report was wrong. It is fixed in 4.1.3, which reaches you tonight.",
    },
    Story {
        product: "atlas",
        title: "Search does not find archived orders",
        question: "Orders archived before last year cannot be found by their reference, only by date.",
        answer: "The archive was missing from the index. Rebuilding takes about four hours; we will write when it is done.",
    },
    Story {
        product: "pulse",
        title: "Unsubscribe link leads to a blank page",
        question: "Customers tell us that the unsubscribe link leads to a blank page on iPhones.",
        answer: "We could reproduce this on iOS. A fix is being tested.",
    },
    Story {
        product: "atlas",
        title: "Map tiles do not load behind our proxy",
        question: "Since the office moved, the map stays grey. The proxy refuses tiles.nordlys.example.",
        answer: "Please allow that host on port 443; the attached list names every host Atlas uses.",
    },
    Story {
        product: "pulse",
        title: "How do we merge two audiences?",
        question: "We have 'Spring' and 'Spring 2' by mistake. Can they be merged without losing the history?",
        answer: "Yes: Audiences, select both, Merge. History is kept under the older name.",
    },
    Story {
        product: "atlas",
        title: "Dashboard very slow on Monday mornings",
        question: "Between 8 and 9 on Mondays the dashboard takes over a minute to open. Everybody looks at it then.",
        answer: "Two heavy exports ran at the same time. We have moved them to 5 a.m.",
    },
    Story {
        product: "pulse",
        title: "Webhook retries too quickly",
        question: "When our endpoint is down, Pulse retries every second and our firewall blocks it.",
        answer: "Retries now back off to five minutes. Please lift the block and tell us if it happens again.",
    },
    Story {
        product: "atlas",
        title: "Request: weekly figures by region",
        question: "Could the weekly mail show the figures by region instead of by country?",
        answer: "This is possible today with a custom dimension; we have prepared one for you to try.",
    },
];

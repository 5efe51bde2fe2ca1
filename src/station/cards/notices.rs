//! The notices that a third party's word causes: holder and voucher are told, so that either can react to what they did not do.

use crate::{
    control::{Control, Event},
    register::{Notice, Recipient},
    rules::LocalText,
};

/// The notices that these events cause.
pub fn of(control: &Control, events: &[Event]) -> Vec<Notice> {
    let vouched = events.iter().find_map(|event| match event {
        Event::ThirdPartyVouched(third_party) => Some(third_party),
        _ => None,
    });
    let Some(third_party) = vouched else { return Vec::new() };
    let opening = control.opening();
    let (holder, third) = (opening.person.full_name(), third_party.card.name.clone());
    let (company, office, id) = (&opening.rules.company, &opening.rules.office, control.id());
    let place = if office.is_empty() { company.clone() } else { format!("{company}, {office}") };
    let to_holder = LocalText::new(
        format!(
            "{third} gikk god for at du er {holder}, ved identitetskontroll {id} hos {place}. \
             Var det ikke deg som møtte opp, si fra til ID-kontoret med en gang."
        ),
        format!(
            "{third} vouched that you are {holder}, in identity control {id} at {place}. \
             If it was not you who came, tell the ID office at once."
        ),
    )
    .nn(format!(
        "{third} gjekk god for at du er {holder}, ved identitetskontroll {id} hos {place}. \
         Var det ikkje du som møtte opp, sei frå til ID-kontoret med ein gong."
    ));
    let to_voucher = LocalText::new(
        format!(
            "Kortet ditt og PIN-koden ble brukt til å gå god for {holder} ved identitetskontroll {id} hos {place}. \
             Var det ikke deg, si fra til ID-kontoret med en gang."
        ),
        format!(
            "Your card and its PIN were used to vouch for {holder} in identity control {id} at {place}. \
             If it was not you, tell the ID office at once."
        ),
    )
    .nn(format!(
        "Kortet ditt og PIN-koden blei brukte til å gå god for {holder} ved identitetskontroll {id} hos {place}. \
         Var det ikkje deg, sei frå til ID-kontoret med ein gong."
    ));
    vec![
        Notice { recipient: Recipient::Holder, name: holder, user_name: opening.person.user_name.clone(), text: to_holder },
        Notice { recipient: Recipient::Voucher, name: third, user_name: third_party.card.user_name.clone(), text: to_voucher },
    ]
}

//! The history: what the operator looks for, and what was found.

use std::rc::Rc;

use bam_station_ui::{Choice, ControlRow, History, Operator, OperatorWindow};
use jiff::{Timestamp, ToSpan as _};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::Place,
    home::listed,
    shell::on,
    waiting::Work,
    words::{self, fill, filled, text},
};
use crate::{
    config::Language,
    rules::Function,
    station::{
        history::Search,
        worker::{ListedControl, Request},
    },
};

/// The outcomes that can be looked for.
const OUTCOMES: [&str; 5] = ["approved", "declined", "refused", "failed", "aborted"];
/// The periods, with their days; the last one has no beginning.
const PERIODS: [(&str, Option<i64>); 5] =
    [("today", Some(0)), ("week", Some(6)), ("month", Some(29)), ("year", Some(364)), ("all", None)];

/// What was found, and the part of it that is shown.
#[derive(Debug, Default)]
pub struct HistoryDesk {
    /// What the station found last.
    pub found: Vec<ListedControl>,
    /// The operator sees the names of all controls.
    pub all_names: bool,
    /// First row that is shown.
    pub first: usize,
    /// What is looked for was changed while the station was still looking for what was asked before.
    again: bool,
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let operator = shell.operator.global::<Operator>();
    on!(shell, operator, on_today, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.present();
    });
    on!(shell, operator, on_history, |here| {
        here.desk(|desk| desk.place = Place::History);
        search(&here);
        here.present();
    });
    let history = shell.operator.global::<History>();
    on!(shell, history, on_search, |here| {
        search(&here);
        here.present();
    });
    on!(shell, history, on_newer, |here| {
        let rows = rows_per_page(&here.operator);
        here.desk(|desk| desk.history.first = desk.history.first.saturating_sub(rows));
        here.present();
    });
    on!(shell, history, on_older, |here| {
        let rows = rows_per_page(&here.operator);
        here.desk(|desk| desk.history.first += rows);
        here.present();
    });
}

fn rows_per_page(window: &OperatorWindow) -> usize {
    usize::try_from(window.global::<History>().get_rows_per_page()).unwrap_or(1).max(1)
}

fn search(shell: &Shell) {
    let history = shell.operator.global::<History>();
    let zone = shell.desk(|desk| desk.configuration.zone());
    let days = PERIODS.iter().find(|(id, _)| *id == history.get_period().as_str()).and_then(|(_, days)| *days);
    let from = days.and_then(|days| {
        let today = Timestamp::now().to_zoned(zone.clone()).date();
        today.saturating_sub(days.days()).to_zoned(zone.clone()).ok().map(|start| start.timestamp())
    });
    let asked = Search {
        from,
        function: Function::ALL.into_iter().find(|function| function.name() == history.get_function().as_str()),
        outcome: OUTCOMES.iter().find(|outcome| **outcome == history.get_outcome().as_str()).map(|outcome| (*outcome).to_owned()),
        person: history.get_person().to_string(),
    };
    let under_way = shell.ask(Request::Search(Box::new(asked)));
    shell.desk(|desk| {
        desk.history.first = 0;
        desk.history.again = !under_way;
    });
}

/// Looks for what was chosen last, as soon as the search before it is answered: the list never belongs to other choices than
/// those that are shown.
pub(super) fn follow_up(shell: &Shell) {
    if shell.desk(|desk| desk.history.again && !desk.waiting.has(Work::Search)) {
        search(shell);
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    if desk.place != Place::History {
        return;
    }
    let language = desk.operator_language;
    let history = window.global::<History>();
    let choice = |id: &str, label| Choice { id: id.into(), label, note: "".into(), enabled: true };
    let all = || choice("all", text(language, "history.all"));
    let periods = PERIODS.map(|(id, _)| choice(id, text(language, &format!("history.period-{id}"))));
    fill(&history.get_periods(), periods.to_vec(), |rows| history.set_periods(rows));
    let functions = Function::ALL.map(|function| choice(function.name(), words::function(language, function)));
    fill(&history.get_functions(), [all()].into_iter().chain(functions).collect(), |rows| history.set_functions(rows));
    let outcomes = OUTCOMES.map(|outcome| choice(outcome, text(language, &format!("outcome.{outcome}"))));
    fill(&history.get_outcomes(), [all()].into_iter().chain(outcomes).collect(), |rows| history.set_outcomes(rows));
    history.set_right(text(language, if desk.history.all_names { "history.right-all" } else { "history.right-own" }));
    history.set_searching(desk.waiting.has(Work::Search));

    let found = &desk.history.found;
    let rows = rows_per_page(window);
    let first = desk.history.first.min(found.len().saturating_sub(1) / rows * rows);
    let shown: Vec<ControlRow> = found.iter().skip(first).take(rows).map(|row| row_of(desk, language, row)).collect();
    let last = first + shown.len();
    let counted = [(first + usize::from(!shown.is_empty())).to_string(), last.to_string(), found.len().to_string()];
    history.set_range(filled(language, "history.range", &counted.each_ref().map(String::as_str)));
    history.set_has_newer(first > 0);
    history.set_has_older(last < found.len());
    fill(&history.get_rows(), shown, |rows| history.set_rows(rows));
}

/// With the day, and a word where the name is not for this operator.
fn row_of(desk: &Desk, language: Language, row: &ListedControl) -> ControlRow {
    let shown = listed(desk, row);
    let zone = desk.configuration.zone();
    let day = words::date(row.ended_at.to_zoned(zone).date());
    let name = if shown.name.is_empty() { text(language, "history.hidden") } else { shown.name };
    ControlRow { time: format!("{day} {}", shown.time).into(), name, ..shown }
}

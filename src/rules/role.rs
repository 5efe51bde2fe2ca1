//! Who may do what at the station (seed 003: RA-ADMIN and operators sign in with card and PIN), and whose training is too old
//! (ETSI TS 119 461 VAL-8.3.3-15X: refreshed at least once a year).
//!
//! This says nothing about whether a certificate counts: [`crate::trust`] does, and is asked first.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

/// What somebody may do at the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Controls identities.
    Operator,
    /// Administers the station.
    RaAdmin,
    /// Reads and exports, and changes nothing.
    Auditor,
}

impl Role {
    /// All roles. Somebody with several signs in with the first.
    pub const ALL: [Self; 3] = [Self::Operator, Self::RaAdmin, Self::Auditor];

    /// The stable name in MASTER.toml and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::RaAdmin => "ra-admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// One appointed person: `[[Operator]]` of MASTER.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Issuer of the person's certificate (RFC 4514).
    pub issuer: String,
    /// Serial number of the certificate, hexadecimal.
    pub serial: String,
    /// What the person may do. Operator only, when the file does not say.
    pub roles: Vec<Role>,
    /// The day of the last training.
    pub trained: Option<Date>,
    /// Who that is, for people: nothing depends on it.
    pub name: Option<String>,
}

impl Default for Appointment {
    fn default() -> Self {
        Self { issuer: String::new(), serial: String::new(), roles: vec![Role::Operator], trained: None, name: None }
    }
}

impl Appointment {
    /// Whether it is for this certificate.
    pub fn is_for(&self, issuer: &str, serial: &str) -> bool {
        self.issuer == issuer && same_serial(&self.serial, serial)
    }
}

/// Whether two hexadecimal serial numbers are the same: case, leading zeros, and the colons and spaces of other programs aside.
pub fn same_serial(one: &str, other: &str) -> bool {
    fn digits(text: &str) -> impl Iterator<Item = char> + '_ {
        let all = text.chars().filter(|digit| !matches!(digit, ':' | ' ')).map(|digit| digit.to_ascii_lowercase());
        all.skip_while(|digit| *digit == '0')
    }
    digits(one).eq(digits(other))
}

/// Groups of the directory whose members may act in a role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleGroups {
    /// Operators.
    pub operators: Option<String>,
    /// RA-ADMINs.
    pub ra_admins: Option<String>,
    /// Auditors.
    pub auditors: Option<String>,
}

impl RoleGroups {
    /// The group for this role.
    pub fn group(&self, role: Role) -> Option<&str> {
        match role {
            Role::Operator => self.operators.as_deref(),
            Role::RaAdmin => self.ra_admins.as_deref(),
            Role::Auditor => self.auditors.as_deref(),
        }
    }

    /// Whether no group is named.
    pub fn is_empty(&self) -> bool {
        Role::ALL.into_iter().all(|role| self.group(role).is_none())
    }
}

/// `[Roles]` and `[[Operator]]` of MASTER.toml: who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// The appointed persons.
    pub appointed: Vec<Appointment>,
    /// Everybody whose certificate has one of these policies (dotted numbers) is an operator.
    pub operator_policies: Vec<String>,
    /// Everybody whose certificate has one of these policies is an RA-ADMIN.
    pub ra_admin_policies: Vec<String>,
    /// Everybody whose certificate has one of these policies is an auditor.
    pub auditor_policies: Vec<String>,
    /// Everybody who is in one of these groups.
    pub groups: RoleGroups,
    /// An operator's last training is at most so many months old.
    pub training_months: u8,
    /// An operator without a date of training is not let in.
    pub require_training_date: bool,
}

impl Default for Roles {
    /// Nobody, and training once a year.
    fn default() -> Self {
        Self {
            appointed: Vec::new(),
            operator_policies: Vec::new(),
            ra_admin_policies: Vec::new(),
            auditor_policies: Vec::new(),
            groups: RoleGroups::default(),
            training_months: 12,
            require_training_date: true,
        }
    }
}

/// The certificate of somebody who wants in. Trust has accepted it.
#[derive(Debug, Clone, Copy)]
pub struct SignInCertificate<'a> {
    /// Its issuer (RFC 4514), as [`crate::trust::issuer_text`] writes it.
    pub issuer: &'a str,
    /// Its serial number, hexadecimal.
    pub serial: &'a str,
    /// The policies that hold along its chain: [`crate::trust::Verdict::policies`].
    pub policies: &'a [String],
}

/// Somebody may act in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The role.
    pub role: Role,
    /// Why.
    pub ground: Ground,
    /// The day of the last training, where the file says it.
    pub trained: Option<Date>,
}

/// Why somebody may act in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The certificate is named in MASTER.toml.
    Certificate,
    /// The certificate has a policy that is named in MASTER.toml.
    Policy,
    /// The person is in a group of the directory that is named in MASTER.toml.
    Group,
    /// A training desk at which nobody is appointed.
    Training,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Nobody at all is appointed, and this is no training desk.
    #[error(
        "MASTER.toml appoints nobody; add an [[Operator]] with the issuer and serial number that \"bam-station card show\" prints"
    )]
    NobodyAppointed,
    /// Not this certificate.
    #[error("this certificate is not appointed for this; the RA-ADMIN appoints it in MASTER.toml, [[Operator]]")]
    NotAppointed,
    /// The training is too old.
    #[error("the last training is more than {months} months old; take the training, then enter its date in MASTER.toml, Trained")]
    TrainingTooOld {
        /// The longest age.
        months: u8,
    },
    /// No date of training, or one to come.
    #[error("there is no date of a training that has been; enter it in MASTER.toml, [[Operator]], Trained")]
    NoTraining,
}

impl NotAdmitted {
    /// The fault's code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NobodyAppointed => "SIGN_IN_NOBODY_APPOINTED",
            Self::NotAppointed => "SIGN_IN_NOT_APPOINTED",
            Self::TrainingTooOld { .. } => "SIGN_IN_TRAINING_TOO_OLD",
            Self::NoTraining => "SIGN_IN_TRAINING_MISSING",
        }
    }
}

impl Roles {
    /// Somebody is an RA-ADMIN: by certificate, by a policy, or by a group.
    pub fn names_administrator(&self) -> bool {
        self.appointed.iter().any(|appointment| appointment.roles.contains(&Role::RaAdmin))
            || !self.ra_admin_policies.is_empty()
            || self.groups.ra_admins.is_some()
    }

    /// Whether nobody is appointed in any way.
    pub fn is_empty(&self) -> bool {
        let policies = [&self.operator_policies, &self.ra_admin_policies, &self.auditor_policies];
        self.appointed.is_empty() && policies.into_iter().all(Vec::is_empty) && self.groups.is_empty()
    }

    /// Whether somebody may act in a role on this day (of the office). An RA-ADMIN or auditor controls nobody and needs no training.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(
        &self,
        certificate: SignInCertificate<'_>,
        role: Role,
        today: Date,
        training_desk: bool,
    ) -> Result<Admission, NotAdmitted> {
        if self.is_empty() {
            let admission = Admission { role, ground: Ground::Training, trained: None };
            return if training_desk { Ok(admission) } else { Err(NotAdmitted::NobodyAppointed) };
        }
        let appointment = self.appointed.iter().find(|it| it.is_for(certificate.issuer, certificate.serial));
        let policies = match role {
            Role::Operator => &self.operator_policies,
            Role::RaAdmin => &self.ra_admin_policies,
            Role::Auditor => &self.auditor_policies,
        };
        let ground = if appointment.is_some_and(|it| it.roles.contains(&role)) {
            Ground::Certificate
        } else if certificate.policies.iter().any(|policy| policies.contains(policy)) {
            Ground::Policy
        } else {
            return Err(NotAdmitted::NotAppointed);
        };
        let trained = appointment.and_then(|it| it.trained);
        if role == Role::Operator {
            self.check_training(trained, today)?;
        }
        Ok(Admission { role, ground, trained })
    }

    /// Whether somebody whom no certificate appoints may act in a role as a member of its group. An operator's day of training
    /// stands in MASTER.toml alone, so operators by group get in where `RequireTrainingDate` is off.
    ///
    /// # Errors
    /// Why not.
    pub fn admit_member(&self, role: Role, today: Date) -> Result<Admission, NotAdmitted> {
        if role == Role::Operator {
            self.check_training(None, today)?;
        }
        Ok(Admission { role, ground: Ground::Group, trained: None })
    }

    fn check_training(&self, trained: Option<Date>, today: Date) -> Result<(), NotAdmitted> {
        match trained {
            None if self.require_training_date => Err(NotAdmitted::NoTraining),
            None => Ok(()),
            Some(day) if day > today => Err(NotAdmitted::NoTraining),
            Some(day) => {
                // A day so late that the calendar ends is not too old.
                let last = day.saturating_add(i64::from(self.training_months).months());
                if today > last { Err(NotAdmitted::TrainingTooOld { months: self.training_months }) } else { Ok(()) }
            }
        }
    }
}

/// `[ThirdParty]`: how often one person may vouch for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VouchLimit {
    /// So many times.
    pub vouches: u8,
    /// In so many days.
    pub days: u16,
}

impl Default for VouchLimit {
    /// Three times in thirty days: enough for a superior, too few for a habit.
    fn default() -> Self {
        Self { vouches: 3, days: 30 }
    }
}

impl VouchLimit {
    /// Whether somebody who vouched on these days may vouch once more today.
    pub fn allows(self, vouched: impl IntoIterator<Item = Date>, today: Date) -> bool {
        let first = today.saturating_sub(i64::from(self.days).days());
        let counted = vouched.into_iter().filter(|day| *day > first).count();
        counted < usize::from(self.vouches)
    }
}

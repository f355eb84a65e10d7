//! The names of the variables and secrets.

use strum::{IntoStaticStr, VariantNames};

/// The variables and secrets; docs/deploying.md says what each means. A new one is a variant here and a line in
/// `Config::from_variables`; the compiler warns of a variant that is never read.
#[derive(Clone, Copy, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Variable {
    JwtSecret,
    JwtKeys,
    JwtJwksUrl,
    JwtIssuer,
    JwtAudience,
    JwtClaimRole,
    JwtClaimOrganization,
    JwtClaimDepartments,
    JwtClaimScope,
    JwtRoles,
    JwtOrganization,
    Connections,
    AllowedOrigins,
    HeadMaxAgeSeconds,
    PageMemoryMebibytes,
    PageShareAfterSeconds,
    RateLimitPeriodSeconds,
    ReadLimitCalls,
    IngestLimitCalls,
    RefreshEverySeconds,
    ScheduleAheadMaxSeconds,
    KeepTimelineDays,
    KeepConversationDays,
    DatabaseMegabytes,
    SettingsKey,
    DashboardUrl,
    SignInUrl,
    ConversationUrl,
    FrameAncestors,
    AlertsReceiver,
    Shards,
}

impl Variable {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The names of all variables and secrets that are read.
pub const VARIABLES: &[&str] = Variable::VARIANTS;

/// The name of the variable that says which database has which organizations.
pub const SHARDS: &str = "SHARDS";

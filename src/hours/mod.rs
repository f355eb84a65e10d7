//! Business hours: the setting, and how much of a period is within it. Pure functions; what the platform knows of time
//! zones comes through a port.

pub mod business_hours;
pub mod calendar;
pub mod time_zone;

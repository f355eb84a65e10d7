pub mod desk;
pub mod history;
pub mod keys;
pub mod oracle;
pub mod service;
pub mod sqlite;

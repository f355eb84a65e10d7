#![allow(dead_code)]
pub mod history;
pub mod oracle;
pub mod service;
pub mod sqlite;

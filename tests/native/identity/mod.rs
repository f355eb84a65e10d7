//! Verification of tokens: tokens from many sources, mutations of valid ones, key servers, and tokens that are sent
//! again.

mod isolate;
mod issuer;
mod key_server;
mod mutations;
mod token_cache;
mod vectors;

//! Who is calling, and what the caller may see.
//!
//! Verification has stages that never mix: size and syntax ([`token`]), then the key ([`keys`]; [`jwk`] parses keys and
//! [`jwks_cache`] fetches them), then the signature, then the claims ([`claims`]; [`claim_mapping`] says where an
//! issuer has them). A later stage never starts before the earlier ones have passed. What a verified caller may do is
//! decided in [`access`], the only module that makes an [`access::OrganizationId`]. A webhook has no token:
//! [`connection`] verifies its signature.

// Numbers here come from outside: none may overflow, not even to a wrong result.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod access;
pub mod algorithm;
pub mod authenticator;
pub mod claim_mapping;
pub mod claims;
pub mod connection;
pub mod error;
pub mod jwk;
pub mod jwks_cache;
pub mod keys;
pub mod ports;
pub mod rate_limit_key;
pub mod role;
pub mod token;
mod token_cache;

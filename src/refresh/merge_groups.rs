//! Which conversations were merged with each other.

use crate::conversation::body::Conversation;
use crate::refresh::stored::StoredConversation;
use crate::storage::database::DatabaseError;
use std::collections::HashMap;

/// Conversations that were merged with each other, each with its record.
pub type Group = Vec<(StoredConversation, Option<Conversation>)>;

/// Divides the conversations of an organization into those that were merged with each other.
///
/// # Errors
/// [`DatabaseError::Failed`] if the record of one is damaged.
pub fn groups(conversations: Vec<StoredConversation>) -> Result<Vec<Group>, DatabaseError> {
    let mut records: Vec<Option<Conversation>> = Vec::with_capacity(conversations.len());
    for stored in &conversations {
        let record = stored.body.as_deref().map(serde_json::from_str).transpose();
        records.push(record.map_err(|error| DatabaseError::Failed(error.to_string()))?);
    }
    // A number for each conversation, and for each target that is not among them. `parents` leads from a conversation
    // that was merged with another to the one that stands for both.
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (number, stored) in conversations.iter().enumerate() {
        numbers.insert(&stored.conversation_id, number);
    }
    let mut parents: Vec<usize> = (0..conversations.len()).collect();
    for (number, record) in records.iter().enumerate() {
        let Some(target) = record.as_ref().and_then(|record| record.merged_into.as_deref()) else {
            continue;
        };
        let target = *numbers.entry(target).or_insert(parents.len());
        if target == parents.len() {
            parents.push(target);
        }
        let (root, target_root) = (root_of(&mut parents, number), root_of(&mut parents, target));
        if let Some(parent) = parents.get_mut(root) {
            *parent = target_root;
        }
    }
    let roots: Vec<usize> = (0..conversations.len())
        .map(|number| root_of(&mut parents, number))
        .collect();
    let mut groups: Vec<Group> = parents.iter().map(|_| Vec::new()).collect();
    for ((stored, record), root) in conversations.into_iter().zip(records).zip(roots) {
        if let Some(group) = groups.get_mut(root) {
            group.push((stored, record));
        }
    }
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

/// The number that stands for everything `number` was merged with. On the way, each step is led to the next but one,
/// which halves the way for later searches.
fn root_of(parents: &mut [usize], mut number: usize) -> usize {
    while let Some(parent) = parents.get(number).copied().filter(|parent| *parent != number) {
        let grandparent = parents.get(parent).copied().unwrap_or(parent);
        if let Some(step) = parents.get_mut(number) {
            *step = grandparent;
        }
        number = grandparent;
    }
    number
}
